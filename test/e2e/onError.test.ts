import type { INode } from 'n8n-workflow';

import { binaryOf, errorOf, type Execution, outputOf } from '../support/n8n';
import {
	chain,
	imageToVideo,
	link,
	manual,
	noOp,
	type Part,
	type Place,
	place,
	prompts,
	textOf,
	topic,
	webhook,
} from './support/place';

/** n8n's setting On Error with several failed items in one batch, in a real n8n. */

const BATCH = ['a', 'b [fail SAFETY.INPUT.TEXT]', 'c', 'd [fail INTERNAL]', '', 'f'];

/** The Runway node with what follows it on both of its outputs. */
function workflowOf(trigger: Part, list: string[], onError: INode['onError']) {
	const parameters = { prompt: '={{ $json.prompt }}', duration: '={{ $json.prompt ? 5 : 0 }}' };
	const plain = chain(trigger, ...prompts(...list), imageToVideo(parameters, { onError }), noOp('Good'));
	if (onError !== 'continueErrorOutput') return plain;
	return link({ ...plain, nodes: [...plain.nodes, ...chain(noOp('Bad')).nodes] }, 'Runway', 1, 'Bad');
}

const ways: Array<
	[name: string, run: (place: Place, list: string[], onError: INode['onError']) => Promise<Execution>]
> = [
	['In a run by hand', async ({ run }, list, onError) => await run(workflowOf(manual, list, onError))],
	[
		'In production',
		async ({ call, n8n }, list, onError) =>
			await n8n.waitForExecution(await call(workflowOf(webhook(), list, onError))),
	],
];

async function expectVideo({ api, n8n }: Place, item: Parameters<typeof binaryOf>[0]): Promise<void> {
	expect((await n8n.download(binaryOf(item))).equals(api.assetBytes('video'))).toBe(true);
}

function idOf({ api }: Place, letter: string): string {
	return [...api.tasks.values()].find(({ prompt }) => prompt.startsWith(letter))?.id ?? '';
}

for (const [way, run] of ways) {
	topic(way, (test) => {
		test(
			'"Stop Workflow" ends with an error that names the finished tasks',
			place(async (here) => {
				const valid = BATCH.filter((prompt) => prompt !== '');
				const execution = await run(here, valid, 'stopWorkflow');
				expect(execution.status).toBe('error');
				const text = textOf(errorOf(execution));
				expect(text).toContain('moderation');
				for (const letter of ['a', 'b', 'c', 'd', 'f']) expect(text).toContain(idOf(here, letter));
				expect(execution.data.resultData?.runData.Good).toBeUndefined();
				expect(JSON.stringify(execution)).not.toContain(here.api.apiKey);
			}),
		);

		test(
			'"Stop Workflow" creates nothing if one item is invalid',
			place(async (here) => {
				const execution = await run(here, BATCH, 'stopWorkflow');
				expect(execution.status).toBe('error');
				expect(textOf(errorOf(execution))).toMatch(/Duration.*nothing was billed/);
				expect(here.api.creates).toHaveLength(0);
			}),
		);

		test(
			'"Continue" passes on good and failed items in their order',
			place(async (here) => {
				const execution = await run(here, BATCH, 'continueRegularOutput');
				expect(execution.status).toBe('success');
				const results = outputOf(execution, 'Good');
				expect(results.map(({ json }) => json.status)).toEqual([
					'succeeded',
					undefined,
					'succeeded',
					undefined,
					undefined,
					'succeeded',
				]);
				expect(results[1]?.json).toMatchObject({
					error: expect.stringContaining('moderation') as string,
					details: { taskId: idOf(here, 'b'), status: 'failed' },
				});
				expect(results[3]?.json.details).toMatchObject({ taskId: idOf(here, 'd'), failure: { retryable: true } });
				expect(results[4]?.json.error).toContain('Duration');
				for (const index of [0, 2, 5]) await expectVideo(here, results[index]);
				expect(here.api.creates).toHaveLength(5);
			}),
		);

		test(
			'"Continue (using error output)" parts the items, and the failed ones keep their input and task ID',
			place(async (here) => {
				const execution = await run(here, BATCH, 'continueErrorOutput');
				expect(execution.status).toBe('success');
				const good = outputOf(execution, 'Good');
				expect(good.map(({ json }) => json.taskId)).toEqual(['a', 'c', 'f'].map((letter) => idOf(here, letter)));
				for (const item of good) await expectVideo(here, item);
				const bad = outputOf(execution, 'Bad').map(({ json }) => json);
				expect(bad).toMatchObject([
					{ number: 1, prompt: BATCH[1], details: { taskId: idOf(here, 'b'), status: 'failed' } },
					{ number: 3, prompt: BATCH[3], details: { taskId: idOf(here, 'd'), status: 'failed' } },
					{ number: 4, prompt: '', error: expect.stringContaining('Duration') as string },
				]);
			}),
		);

		test(
			'"Continue (using error output)" keeps a refused and a doubtful create apart from the good items',
			place(async (here) => {
				const { api } = here;
				const about =
					(text: string) =>
					({ body }: { body?: unknown }) =>
						JSON.stringify(body).includes(text);
				api.fault({ on: 'create', kind: 'insufficient-quota', match: about('refused') });
				api.fault({ on: 'create', kind: 'reset-after', match: about('doubtful') });
				const execution = await run(here, ['a', 'refused', 'doubtful', 'd'], 'continueErrorOutput');
				expect(outputOf(execution, 'Good').map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
				const bad = outputOf(execution, 'Bad').map(({ json }) => json);
				expect(bad).toMatchObject([
					{ prompt: 'refused', details: { created: false } },
					{ prompt: 'doubtful', details: { created: 'unknown' } },
				]);
				expect(api.creates).toHaveLength(4);
			}),
		);
	});
}
