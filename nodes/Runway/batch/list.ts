import { tryToParseDateTime, type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import { listAccountTasks, type AccountTask } from '../../shared/api/accountTasks';
import { redact } from '../../shared/api/redact';
import { credentialIdOf } from '../../shared/api/credential';
import { openRegister, type Register } from '../../shared/register/register';
import type { RowStatus, StoredRow, TaskRow } from '../../shared/register/row';
import type { TaskStatus } from '../../shared/task/task';
import { decimal, flag, integer, oneOf, optionalText } from '../operations/checks';
import type { Fault } from '../operations/operation';
import { checkParameters } from '../operations/parameters';
import { list } from '../operations/task/list.operation';
import { askUntilAnswered, runLookUps, type Found } from './lookUp';

/** Lists tasks, once for each item, from the register or from the account. Items that ask the same get the same answer. */
export async function runList(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const now = Date.now();
	const answers = new Map<string, Promise<Listed>>();
	return await runLookUps(context, async (itemIndex): Promise<Found> => {
		const read = readQuery(context, itemIndex, now);
		if (!read.ok) return { outcome: { kind: 'invalid', faults: read.faults } };
		const key = JSON.stringify(read.query);
		const answer = answers.get(key) ?? ask(context, read.query);
		answers.set(key, answer);
		const listed = await answer;
		if (!('tasks' in listed)) return listed;
		return { items: listed.tasks.map((json) => ({ json: { ...json }, pairedItem: { item: itemIndex } })) };
	});
}

type Listed = { tasks: IDataObject[] } | Extract<Found, { outcome: unknown }>;

/** What one item asks for. */
interface ListQuery {
	source: 'register' | 'account';
	/** Empty for all that have a task ID. */
	status: RowStatus[];
	/** ISO 8601; null for any age. */
	since: string | null;
	delivered: boolean | null;
	/** Any of these is enough; empty for all workflows. */
	workflows: Array<Partial<TaskRow>>;
	/** Null for all. */
	limit: number | null;
}

const statuses = [
	'notSent',
	'sending',
	'cancelled',
	'failed',
	'created',
	'notCreated',
	'unknown',
	'succeeded',
] as const;
const DAY_MS = 86_400_000;

const schema = z.object({
	source: oneOf(['register', 'account']),
	status: z.pipe(
		z.transform((value: unknown) => (typeof value === 'string' ? value.split(/[\s,]+/).filter(Boolean) : value)),
		z.array(oneOf(statuses), 'must be a list of states'),
	),
	returnAll: flag(),
	limit: z.optional(integer(1, 1_000_000)),
	filters: z.object(
		{
			createdAfter: z.optional(z.unknown()),
			withinDays: z.optional(decimal(0, 36_500)),
			delivered: z.optional(oneOf(['any', 'no', 'yes'])),
			workflow: z.optional(oneOf(['all', 'named', 'this'])),
			workflowName: optionalText(),
		},
		'must be a collection of filters',
	),
});

function readQuery(
	context: IExecuteFunctions,
	itemIndex: number,
	now: number,
): { ok: true; query: ListQuery } | { ok: false; faults: Fault[] } {
	const returnAll: unknown = context.getNodeParameter('returnAll', itemIndex, false);
	const checked = checkParameters(schema, list.fields, {
		source: context.getNodeParameter('source', itemIndex, 'register'),
		status: context.getNodeParameter('status', itemIndex, []),
		returnAll,
		limit: returnAll === true ? undefined : context.getNodeParameter('limit', itemIndex, 50),
		filters: context.getNodeParameter('filters', itemIndex, {}),
	});
	if (!checked.ok) return checked;
	const { source, status, filters, limit } = checked.data;
	const after = momentOf(filters.createdAfter, context.getTimezone());
	const faults: Fault[] = [];
	if (after === null) {
		faults.push({
			parameter: 'filters.createdAfter',
			label: 'Filters → Created After',
			found: { value: filters.createdAfter },
			expected: 'must be a date such as 2026-05-04',
		});
	}
	if (filters.workflow === 'named' && filters.workflowName === undefined) {
		faults.push({
			parameter: 'filters.workflowName',
			label: 'Filters → Workflow Name or ID',
			found: null,
			expected: 'must not be empty if "Workflow" is "By Name or ID"',
		});
	}
	if (faults.length > 0) return { ok: false, faults };
	const moments = [after ?? 0, filters.withinDays === undefined ? 0 : now - filters.withinDays * DAY_MS];
	const since = Math.max(...moments);
	return {
		ok: true,
		query: {
			source,
			status: [...new Set(status)],
			since: since > 0 ? new Date(since).toISOString() : null,
			delivered: filters.delivered === 'yes' ? true : filters.delivered === 'no' ? false : null,
			workflows: workflowsOf(context, filters.workflow, filters.workflowName),
			limit: limit ?? null,
		},
	};
}

function workflowsOf(
	context: IExecuteFunctions,
	which: 'all' | 'named' | 'this' | undefined,
	name: string | undefined,
): Array<Partial<TaskRow>> {
	if (which === 'this') return [{ workflowId: String(context.getWorkflow().id ?? '') }];
	return which === 'named' && name !== undefined ? [{ workflowName: name }, { workflowId: name }] : [];
}

/**
 * Returns milliseconds since the epoch, 0 for nothing, or null if the value is no date. Expressions give texts, n8n's dates and JavaScript's.
 * @param timeZone of the workflow, which a text without one means
 */
function momentOf(value: unknown, timeZone: string): number | null {
	if (value === undefined || value === null || value === '') return 0;
	try {
		return tryToParseDateTime(value, timeZone).toMillis();
	} catch {
		return null;
	}
}

async function ask(context: IExecuteFunctions, query: ListQuery): Promise<Listed> {
	return query.source === 'register' ? await askRegister(context, query) : await askAccount(context, query);
}

/** What has a task ID. */
const WITH_TASK: readonly RowStatus[] = ['created', 'succeeded', 'failed', 'cancelled'];

async function askRegister(context: IExecuteFunctions, query: ListQuery): Promise<Listed> {
	const register = await openRegister(context);
	if (register === null) {
		return noRegister('The register of tasks is not switched on', [
			'Open the credential "CometAPI Runway API" and switch on Keep a Register of Tasks.',
			'It holds the tasks that are created from then on. For earlier ones, choose Tasks of the CometAPI Account as Source.',
		]);
	}
	const rows = await findRows(register, query, credentialOf(context));
	if (rows === null) return noRegister(register.fault ?? 'The register of tasks does not answer', []);
	return { tasks: rows.map(listedRow) };
}

function noRegister(message: string, advice: string[]): Listed {
	return { outcome: { kind: 'noRegister', message, advice: advice.join(' ') }, verdict: 'endRun' };
}

/** Rows of other credentials may belong to other accounts, which this one can't read. */
function credentialOf(context: IExecuteFunctions): Partial<TaskRow> {
	const id = credentialIdOf(context);
	return id === '' ? {} : { credentialId: id };
}

/** The register joins all conditions by "and", so each state and each way to name the workflow is a question of its own. */
async function findRows(
	register: Register,
	{ status, since, delivered, workflows, limit }: ListQuery,
	account: Partial<TaskRow>,
): Promise<StoredRow[] | null> {
	const common = { ...account, ...(delivered !== null && { delivered }) };
	const most = limit ?? Number.POSITIVE_INFINITY;
	const questions = (status.length > 0 ? status : WITH_TASK).flatMap((one) =>
		(workflows.length > 0 ? workflows : [{}]).map((workflow) => ({ ...common, ...workflow, status: one })),
	);
	const found = new Map<string, StoredRow>();
	for (const where of questions) {
		const rows = await register.find({ where, ...(since !== null && { createdSince: since }), limit: most });
		if (rows === null) return null;
		for (const row of rows) found.set(row.requestId, row);
	}
	return [...found.values()].sort((a, b) => b.id - a.id).slice(0, most);
}

async function askAccount(context: IExecuteFunctions, query: ListQuery): Promise<Listed> {
	const { since, limit } = query;
	const found = await askUntilAnswered(context, 'accountTasks', async () => {
		const listed = await listAccountTasks(context, {
			...(since !== null && { since: new Date(since) }),
			...(query.status.length > 0 && { status: query.status.flatMap((one) => statusesOfTask[one]) }),
			limit: limit ?? Number.POSITIVE_INFINITY,
		});
		return listed.kind === 'tasks' ? { kind: 'found', value: listed } : listed;
	});
	if ('outcome' in found) return found;
	const { tasks, isComplete } = found.value;
	if (!isComplete && limit === null) {
		addHint(context, `The account has more tasks than the ${tasks.length} that CometAPI listed.`);
	}
	return { tasks: tasks.map(listedTask) };
}

/** CometAPI keeps no list of requests that made no task. */
const statusesOfTask: Readonly<Record<RowStatus, readonly TaskStatus[]>> = {
	notSent: [],
	sending: [],
	created: ['queued', 'running', 'unknown'],
	succeeded: ['succeeded'],
	failed: ['failed'],
	cancelled: ['cancelled'],
	notCreated: [],
	unknown: [],
};

function addHint(context: IExecuteFunctions, message: string): void {
	// The context in which agents of early versions call a tool has no hints.
	(context as Partial<IExecuteFunctions>).addExecutionHints?.({ message, type: 'warning', location: 'outputPane' });
}

/** The item of a row. It has no address to call a sleeping execution at, which would let anybody wake it. */
export function listedRow(row: StoredRow): IDataObject {
	const { taskId, api, status, operation, model, prompt, workflowId, workflowName, executionId } = row;
	const { createdTime, endedTime, cost, failure, delivered } = row;
	return {
		...{ taskId, api, status, operation, model, prompt, workflowId, workflowName, executionId },
		...{ createdTime, endedTime, cost, failure, delivered },
	};
}

/** The same for a task of the account, which does not know who has created it and with which API. */
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
