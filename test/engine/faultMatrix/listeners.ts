import {
	createRunExecutionData,
	type IDataObject,
	type INodeExecutionData,
	type INodeParameters,
	type IRunExecutionData,
} from 'n8n-workflow';

import type { Attempt, CredentialData } from '../../support/engine';
import { sleepOf } from '../../support/sleeping';
import type { FaultHandle } from '../../support/standin';
import { callbackTrigger, pollingTrigger } from '../../support/triggers';
import { asNodeFailure, until, type Bench } from '../bench';
import type { Row } from './faults';

/** Who finds out by callbacks or by polls that tasks have ended: what comes of it when the fault is met, and when it has passed. */

/** What came out, as if a node had run once. */
export interface Heard {
	result: Attempt;
	/** Whether the faulty task came out only after the fault had been taken away. */
	isLate: boolean;
	/** What should not be, in words. */
	violations: string[];
}

export interface Listening {
	place: Bench;
	credential: CredentialData;
	parameters: INodeParameters;
	row: Row;
	fault: FaultHandle | undefined;
	/** Whether the task is to come out only when the fault has been taken away. */
	isToPass: boolean;
}

/** So often a fault is met that is there for good. */
const TRIES = 4;
/** Resumed downloads alone take a dozen seconds, and a busy machine takes its time. */
const LONG_MS = 60_000;

const ended = (taskId: string): IDataObject => ({ task_id: taskId, status: '3', video_url: 'https://a.example/x.mp4' });
const newRunData = () => createRunExecutionData({ executionData: { runtimeData: undefined } as never });
const outcomeOf = (
	items: INodeExecutionData[],
	error: unknown = null,
	runData: IRunExecutionData = newRunData(),
): Attempt => ({
	items,
	error,
	hints: [],
	messages: [],
	runData,
});

/** Whether something comes about, or else once the fault is taken away, which it is when it has been met a few times. */
async function soonOrLate(isThere: () => boolean, { fault, isToPass }: Listening): Promise<'soon' | 'late' | 'never'> {
	const comes = async (condition: () => boolean) =>
		await until(condition, LONG_MS).then(
			() => true,
			() => false,
		);
	await comes(() => isThere() || (isToPass && (fault?.used ?? 0) >= TRIES));
	if (isThere()) return 'soon';
	fault?.clear();
	return (await comes(isThere)) ? 'late' : 'never';
}

/** A run that puts its execution to sleep, is called back about every task, and wakes up. */
export async function sleepAndWake(
	listening: Listening,
	items: IDataObject[],
	more: { onError: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput' },
): Promise<Heard> {
	const { place, credential, parameters, row } = listening;
	const { api, engine } = place;
	let slept: Attempt | undefined;
	const execution = await sleepOf({
		engine: { ...engine, attempt: async (input) => (slept = await engine.attempt(input)) },
		credential,
		parameters,
		items,
		more: { ...more, longestRequestMs: row.longestRequestMs },
	}).catch(() => null);
	if (slept === undefined) throw new Error('the node did not run');
	const told = [...api.tasks.values()].filter((task) => task.fault === undefined).map(({ id }) => id);
	if (execution === null || slept.runData.waitTill === undefined)
		return { result: slept, isLate: false, violations: [] };

	for (const id of told) api.finish(id);
	// A call is held while its task can't be read.
	const calls = told.map(async (id) => await execution.call(ended(id)));
	const when = await soonOrLate(() => execution.state === 'awake', listening);
	const names = JSON.stringify(slept.items.map(({ json }) => json));
	const isLost = told.some((id) => !names.includes(id));
	if (when !== 'never') await Promise.all(calls);
	const [woken = [], ...again] = execution.woken;
	return {
		result: { ...slept, items: woken },
		isLate: when === 'late',
		violations: [
			...(when === 'never' ? ['the execution sleeps on'] : []),
			...(again.length > 0 ? ['the execution woke up twice'] : []),
			...(isLost ? ['a task is missing from what the sleeping execution shows'] : []),
		],
	};
}

/** A polling trigger that watches the tasks: n8n polls a few times, then the fault passes. */
export async function poll({ credential, parameters, row, fault }: Listening, ids: string[]): Promise<Heard> {
	const trigger = pollingTrigger({ credential, parameters: { ...parameters, watch: 'ids', taskIds: ids } });
	const budgetMs = row.longestRequestMs === undefined ? undefined : 8_000;
	const found: INodeExecutionData[] = [];
	const errors: unknown[] = [];
	const pollOnce = async () => {
		try {
			found.push(...(await trigger.poll({ budgetMs })));
		} catch (error) {
			errors.push(error);
		}
	};
	const isThere = () => ids.every((id) => found.some(({ json }) => json.taskId === id));
	const pollFor = async (polls: number) => {
		for (let count = 0; count < polls && !isThere(); count += 1) await pollOnce();
		return isThere();
	};
	const isSoon = await pollFor(5);
	if (!isSoon) fault?.clear();
	const isEver = await pollFor(10);
	trigger.restart();
	await pollOnce();
	const words = errors.map((error) => `${asNodeFailure(error).message} ${asNodeFailure(error).description}`);
	return {
		result: { ...outcomeOf(inOrder(found, ids)), messages: [...words, ...trigger.errors.map(String)] },
		isLate: !isSoon,
		violations: [
			...(isEver ? [] : ['an event never came out']),
			...(found.length > ids.length ? [`${found.length} events came out of ${ids.length}`] : []),
			...(words.every((said) => row.cause?.test(said)) ? [] : [`a poll says ${words[0]}`]),
		],
	};
}

/** A callback trigger that is called about every task, three times. */
export async function beCalled(listening: Listening, ids: string[]): Promise<Heard> {
	const { credential, parameters } = listening;
	const trigger = callbackTrigger({ credential, parameters });
	const found: INodeExecutionData[] = [];
	const statuses: number[] = [];
	const callFor = async (id: string) => {
		const { items, status } = await trigger.call(ended(id));
		statuses.push(status);
		found.push(...(items ?? []));
	};
	const calls = ids.flatMap((id) => [callFor(id), callFor(id)]);
	const when = await soonOrLate(() => ids.every((id) => found.some(({ json }) => json.taskId === id)), listening);
	if (when !== 'never') {
		await Promise.all(calls);
		await Promise.all(ids.map(callFor));
	}
	return {
		result: outcomeOf(inOrder(found, ids)),
		isLate: when === 'late',
		violations: [
			...(when === 'never' ? ['an event never came out'] : []),
			...(found.length > ids.length ? [`${found.length} events came out of ${ids.length}`] : []),
			...statuses.filter((status) => status !== 200).map((status) => `a call was answered with ${status}`),
		],
	};
}

function inOrder(found: readonly INodeExecutionData[], ids: readonly string[]): INodeExecutionData[] {
	return ids.flatMap((id) => found.filter(({ json }) => json.taskId === id).slice(0, 1));
}
