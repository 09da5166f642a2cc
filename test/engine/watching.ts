import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';

import { pollingTrigger, type PollingTrigger } from '../support/triggers';
import { asNodeFailure, type Bench, makeTask, type NodeFailure, until } from './bench';

/** What tests of the polling trigger have in common. */

export const STUCK = { prompt: '[stuck]' };
export const wait = async (milliseconds: number) => await new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A trigger without downloads, unless they are asked for. */
export function watching(
	{ credential }: Bench,
	taskIds: string[],
	parameters: INodeParameters = {},
	keeps?: 'cursor',
): PollingTrigger {
	return pollingTrigger({ credential, parameters: { watch: 'ids', taskIds, download: false, ...parameters } }, keeps);
}

export const idsOf = (items: INodeExecutionData[]) => items.map(({ json }) => json.taskId);

/** Polls until this many items have come. */
export async function collect(trigger: PollingTrigger, count: number): Promise<INodeExecutionData[]> {
	const items: INodeExecutionData[] = [];
	for (const deadline = Date.now() + 30_000; items.length < count && Date.now() < deadline;) {
		items.push(...(await trigger.poll()));
		if (items.length < count) await wait(50);
	}
	return items;
}

/** The error of a poll that has to fail. */
export async function fails(trigger: PollingTrigger): Promise<NodeFailure> {
	return asNodeFailure(
		await trigger.poll().then(
			(items) => new Error(`the poll did not fail, but gave ${JSON.stringify(items)}`),
			(error: unknown) => error,
		),
	);
}

/** So many tasks, as fast as the stand-in takes them. */
export async function makeTasks(place: Bench, count: number, options = STUCK): Promise<string[]> {
	const before = new Set(place.api.tasks.keys());
	for (let made = 0; made < count; made += 50) {
		await Promise.all(Array.from({ length: Math.min(50, count - made) }, async () => await makeTask(place, options)));
	}
	return [...place.api.tasks.keys()].filter((id) => !before.has(id));
}

/** So many tasks that have ended. */
export async function makeEnded(place: Bench, count: number): Promise<string[]> {
	const ids = await makeTasks(place, count, { prompt: 'x' });
	await until(() => [...place.api.tasks.values()].every(({ readyAt }) => readyAt < Date.now()));
	return ids;
}

/** Polls some more times, which must bring nothing. */
export async function expectSilence(...triggers: PollingTrigger[]): Promise<void> {
	for (const trigger of triggers) {
		for (let polls = 0; polls < 2; polls += 1) expect(idsOf(await trigger.poll())).toEqual([]);
	}
}
