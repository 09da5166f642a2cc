import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { listAccountTasks, type AccountTask } from '../../shared/api/accountTasks';
import { redact } from '../../shared/api/redact';
import { credentialIdOf } from '../../shared/api/credential';
import { openRegister, type Register } from '../../shared/register/register';
import { newestFirst, type StoredRow, type TaskRow } from '../../shared/register/row';
import { addHints } from './hints';
import { readQuery, statusesOfTask, withTask, type ListQuery } from './listQuery';
import { askUntilAnswered, runLookUps, type Found } from './lookUp';

/** Lists tasks, once for each item, from the register or from the account. Items that ask the same get the same answer. */
export async function runList(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const now = Date.now();
	const answers = new Map<string, Promise<Listed>>();
	return await runLookUps(context, async (itemIndex): Promise<Found> => {
		const read = readQuery(context, itemIndex, now);
		if (!read.ok) return { outcome: { kind: 'invalid', faults: read.faults } };
		const key = JSON.stringify(read.data);
		const ask = read.data.source === 'register' ? askRegister : askAccount;
		const answer = answers.get(key) ?? ask(context, read.data);
		answers.set(key, answer);
		const listed = await answer;
		if (!('tasks' in listed)) return listed;
		return { items: listed.tasks.map((json) => ({ json: { ...json }, pairedItem: { item: itemIndex } })) };
	});
}

type Listed = { tasks: IDataObject[] } | Extract<Found, { outcome: unknown }>;

async function askRegister(context: IExecuteFunctions, query: ListQuery): Promise<Listed> {
	const register = await openRegister(context);
	if (register === null) {
		return noRegister(
			'The register of tasks is not switched on',
			'Open the credential "CometAPI Runway API" and switch on Keep a Register of Tasks. It holds the tasks that are created from then on. For earlier ones, choose Tasks of the CometAPI Account as Source.',
		);
	}
	// Rows of other credentials may belong to other accounts, which this one can't read.
	const credentialId = credentialIdOf(context);
	const rows = await findRows(register, query, credentialId === '' ? {} : { credentialId });
	if (rows === null) return noRegister(register.fault ?? 'The register of tasks does not answer', '');
	return { tasks: rows.map(listedRow) };
}

function noRegister(message: string, advice: string): Listed {
	return { outcome: { kind: 'noRegister', message, advice }, verdict: 'endRun' };
}

/** The register joins all conditions by "and", so each state and each way to name the workflow is a question of its own. */
async function findRows(
	register: Register,
	{ status, since, delivered, workflows, limit }: ListQuery,
	account: Partial<TaskRow>,
): Promise<StoredRow[] | null> {
	const common = { ...account, ...(delivered !== null && { delivered }) };
	const questions = (status.length > 0 ? status : withTask).flatMap((one) =>
		(workflows.length > 0 ? workflows : [{}]).map((workflow) => ({ ...common, ...workflow, status: one })),
	);
	const found = new Map<string, StoredRow>();
	for (const where of questions) {
		const rows = await register.find({ where, ...(since !== null && { createdSince: since }), limit });
		if (rows === null) return null;
		for (const row of rows) found.set(row.requestId, row);
	}
	return [...found.values()].sort(newestFirst).slice(0, limit);
}

async function askAccount(context: IExecuteFunctions, { since, status, limit }: ListQuery): Promise<Listed> {
	const found = await askUntilAnswered(context, 'accountTasks', async () => {
		const listed = await listAccountTasks(context, {
			...(since !== null && { since: new Date(since) }),
			...(status.length > 0 && { status: status.flatMap((one) => statusesOfTask[one]) }),
			limit,
		});
		return listed.kind === 'tasks' ? { kind: 'found', value: listed } : listed;
	});
	if ('outcome' in found) return found;
	const { tasks, isComplete } = found.value;
	if (!isComplete && limit === Number.POSITIVE_INFINITY) {
		addHints(context, [`The account has more tasks than the ${tasks.length} that CometAPI listed.`]);
	}
	return { tasks: tasks.map(listedTask) };
}

/** The item of a row. Without the address of a sleeping execution, which would let anybody wake it. */
export function listedRow(row: StoredRow): IDataObject {
	const { taskId, api, status, operation, model, prompt, workflowId, workflowName, executionId } = row;
	const { createdTime, endedTime, cost, failure, delivered } = row;
	return {
		...{ taskId, api, status, operation, model, prompt, workflowId, workflowName, executionId },
		...{ createdTime, endedTime, cost, failure, delivered },
	};
}

/** The same for a task of the account, which does not say who created it and with which API family. */
export function listedTask({ taskId, state, action, model, prompt, submittedAt }: AccountTask): IDataObject {
	return {
		taskId,
		api: null,
		status: state.status,
		operation: action,
		model,
		prompt,
		workflowId: null,
		workflowName: null,
		executionId: null,
		createdTime: submittedAt,
		endedTime: state.finishedAt,
		cost: state.cost === null ? null : `${state.cost.amount} ${state.cost.unit}`,
		failure: state.failure === null ? null : redact(state.failure.message),
		delivered: null,
	};
}
