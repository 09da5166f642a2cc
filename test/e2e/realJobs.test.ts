import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import path from 'node:path';

import { type Execution, errorOf, isQueueMode, outputOf } from '../support/n8n';
import type { Outcome, StandIn } from '../support/standin';
import { Example, realJobs } from './support/example';
import { FINAL_WORDS, startFakeChat } from './support/fakeChat';
import { openForm } from './support/form';
import { n8nIsAtLeast } from './support/host';
import {
	asleep,
	chain,
	createdPrompts,
	manual,
	type Place,
	place,
	prompts,
	textToVideo,
	topic,
	until,
	webhook,
} from './support/place';
import { polled, REGISTER_SINCE, switchOn, switchOnBehindGate, untilRows } from './support/register';
import { everySeconds } from './support/triggers';

/**
 * The examples for real jobs, from number 14 on: each is imported and run to its end against the stand-in. What a user
 * would change by hand is changed here, too: prompts, folders, and what one part of a workflow hands to the other.
 */

const REFUSED = '[fail SAFETY.INPUT.TEXT]';
/** The same, for a task that ends when its test says so. */
const REFUSAL: Partial<Outcome> = {
	kind: 'failed',
	code: 'SAFETY.INPUT.TEXT',
	message: 'The text prompt did not pass content moderation.',
};

function expectSuccess(execution: Execution): void {
	expect(errorOf(execution)).toBeUndefined();
	expect(execution.status).toBe('success');
}

/** The JSON of the items that a node put out, of all its runs. */
function allFrom(execution: Execution, name: string, output = 0) {
	const runs = execution.data.resultData?.runData[name] ?? [];
	return runs.flatMap((_, run) => outputOf(execution, name, output, run).map(({ json }) => json));
}

function expectVideos(api: StandIn, example: Example, names: unknown[]): void {
	expect(example.saved).toEqual(names);
	for (const name of example.saved.filter((file) => file.endsWith('.mp4'))) {
		expect(example.read(name).equals(api.assetBytes('video'))).toBe(true);
	}
}

/** Once a minute is the least that n8n allows, except for several times that add up. */
const OFTEN = { pollTimes: { item: everySeconds(5) } };
const CONTINUE = { onError: 'continueRegularOutput' } as const;

/** The beginning of a task's id, by its prompt. */
function shortId(api: StandIn, prompt: string): string {
	return idOf(api, prompt).slice(0, 8);
}

function idOf(api: StandIn, prompt: string): string {
	return [...api.tasks.values()].find((task) => task.prompt.includes(prompt))?.id ?? '';
}

/** Publishes a workflow until the work is done. */
async function whilePublished({ n8n }: Place, id: string, work: () => Promise<void>): Promise<void> {
	await n8n.activate(id);
	try {
		await work();
	} finally {
		await n8n.deactivate(id);
	}
}

/** The executions of a workflow that its triggers have started, once there are so many, oldest first. */
async function triggered({ n8n }: Place, id: string, count: number, byHand: string[] = []): Promise<Execution[]> {
	const fresh = async () => (await n8n.executionIds(id)).filter((execution) => !byHand.includes(execution));
	await until(async () => (await fresh()).length >= count, `${count} executions have started`);
	return await Promise.all((await fresh()).reverse().map(async (execution) => await n8n.waitForExecution(execution)));
}

topic('The example', (test) => {
	const testOfRegister = n8nIsAtLeast(REGISTER_SINCE) ? test : test.skip;

	test(
		'14 saves each video under its prompt, and what failed in a table',
		place(async ({ api, n8n, run }) => {
			const example = new Example(n8n, 14).list('Prompts', {
				prompts: ['Harbour at dawn: gulls!', `A riot ${REFUSED}`, 'Nachts, im Café'],
			});
			expectSuccess(await run(example.workflow));
			expect(api.creates).toHaveLength(3);
			const table = example.saved.find((name) => name.endsWith('.csv')) ?? '';
			expectVideos(api, example, [
				table,
				`harbour-at-dawn-gulls-${shortId(api, 'Harbour')}.mp4`,
				`nachts-im-café-${shortId(api, 'Nachts')}.mp4`,
			]);
			expect(table).toMatch(/^failed-prompts-\w+\.csv$/);
			const [head, line, ...more] = example.read(table).toString().trim().split('\n');
			expect(head).toBe('prompt,reason,advice,taskId');
			expect(line).toMatch(/A riot.*moderation.*change the prompt/);
			expect(line).toContain(idOf(api, 'riot'));
			expect(more).toEqual([]);
		}),
	);

	test(
		'15 goes on by itself when CometAPI calls back, once for each task, finished or failed',
		place(async (here) => {
			const { api, n8n, save } = here;
			api.settings.callbacks.times = 2;
			api.settings.renderMs = 3_000;
			const example = new Example(n8n, 15).list('Prompts', { prompts: ['a pier', `a riot ${REFUSED}`] });
			const id = await save(example.workflow);
			await whilePublished(here, id, async () => {
				// n8n answers a moment before the webhook is there.
				const url = n8n.webhookUrl(`${example.node('A task has ended').webhookId}/runway`);
				await until(async () => (await fetch(url, { method: 'POST' })).ok, 'the callback trigger listens');

				const byHand = await n8n.runToEnd(id);
				expectSuccess(byHand);
				expect(outputOf(byHand, 'Create the tasks').map(({ json }) => json.status)).toEqual(['queued', 'queued']);
				expect([...api.tasks.values()].map(({ callbackUrl }) => callbackUrl)).toEqual([url, url]);

				const executions = await triggered(here, id, 2, [byHand.id]);
				executions.forEach(expectSuccess);
				expectVideos(api, example, [`runway-${idOf(api, 'pier')}.mp4`]);
				expect(executions.flatMap((execution) => allFrom(execution, 'What went wrong'))).toEqual([
					{ taskId: idOf(api, 'riot'), reason: expect.stringContaining('moderation') as string },
				]);
				expect(await n8n.executionIds(id)).toHaveLength(3);
				expect(api.creates).toHaveLength(2);
			});
		}),
	);

	testOfRegister(
		'16 continues with each task that has ended, whose ID nobody has copied',
		place(async (here) => {
			const { api, n8n, save } = here;
			const register = await switchOnBehindGate(here);
			const example = new Example(n8n, 16)
				.list('Prompts', { prompts: ['a pier', `a riot ${REFUSED}`, 'a lamp [cancelled]'] })
				.change('A task has ended', OFTEN);
			const id = await save(example.workflow);
			await whilePublished(here, id, async () => {
				await polled(register);
				const byHand = await n8n.runToEnd(id);
				expectSuccess(byHand);
				await until(() => example.saved.length > 0, 'the file is saved');
				const from = async (name: string) =>
					(await triggered(here, id, 1, [byHand.id])).flatMap((execution) => allFrom(execution, name));
				for (const name of ['Why it failed', 'Cancelled']) {
					await until(async () => (await from(name)).length > 0, 'the others have come');
				}
				expectVideos(api, example, [`runway-${idOf(api, 'pier')}.mp4`]);
				expect(await from('Why it failed')).toEqual([
					{
						taskId: idOf(api, 'riot'),
						reason: expect.stringContaining('moderation') as string,
						again: 'Change the prompt first.',
					},
				]);
				expect(await from('Cancelled')).toEqual([{ taskId: idOf(api, 'lamp'), status: 'cancelled' }]);
				expect(api.creates).toHaveLength(3);
			}).finally(register.gate.close);
		}),
	);

	test(
		'17 animates each photo of a folder, and saves the clip under its name',
		place(async ({ api, n8n, run }) => {
			const example = new Example(n8n, 17);
			const photos = path.join(example.disk, 'products');
			mkdirSync(photos);
			const photo = api.assetBytes('image');
			for (const name of ['oak chair.png', 'lamp.png']) writeFileSync(path.join(photos, name), photo);
			writeFileSync(path.join(photos, 'empty.jpg'), '');
			writeFileSync(path.join(photos, 'list.txt'), 'not a photo');

			const execution = await run(example.workflow);
			expectSuccess(execution);
			const sent = api.creates.map(({ body }) => (body as Record<string, unknown>).promptImage);
			expect(sent).toEqual(Array(2).fill(`data:image/png;base64,${photo.toString('base64')}`));
			const ids = outputOf(execution, 'Animate').map(({ json }) => String(json.taskId).slice(0, 8));
			const names = outputOf(execution, 'Photos').map(({ json }) => String(json.fileName));
			const sentNames = names.filter((name) => name.endsWith('.png'));
			expectVideos(
				api,
				example,
				sentNames.map((name, index) => `${path.basename(name, '.png')}-${ids[index]}.mp4`).sort(),
			);
			expect(allFrom(execution, 'What failed')).toEqual([
				{
					photo: 'empty.jpg',
					reason: expect.stringContaining('Image File Field') as string,
					advice: expect.stringContaining('nothing was billed') as string,
				},
			]);
		}),
	);

	test(
		'18 shows a form, and then a page that plays the video',
		place(async (here) => {
			const { api, n8n, save } = here;
			const example = new Example(n8n, 18);
			const id = await save(example.workflow);
			await whilePublished(here, id, async () => {
				const open = async () => await openForm(n8n, example.node('Form').webhookId ?? '');
				const form = await open();
				expect(form.html).toContain('Make a video');
				expect(form.html).toMatch(/type=['"]file['"]/);

				const fromText = await form.submit({ 'field-0': 'a pier at dusk' });
				expect(await fromText.ending()).toContain(`/assets/${idOf(api, 'pier')}/video.mp4`);

				const picture = new File([api.assetBytes('image')], 'harbor.png', { type: 'image/png' });
				const fromPicture = await (await open()).submit({ 'field-0': 'gulls', 'field-1': picture });
				const html = await fromPicture.ending();
				expect(html).toMatch(/<video src="http:\/\/[^"]+" controls/);
				expect(html).toContain(`/assets/${idOf(api, 'gulls')}/video.mp4`);
				expect(api.creates.map(({ operation }) => operation)).toEqual(['generateFromText', 'imageToVideo']);
				expect(String((api.creates[1]?.body as Record<string, unknown>).promptImage)).toMatch(/^data:image\/png/);

				const refused = await (await open()).submit({ 'field-0': `a riot ${REFUSED}` });
				const sorry = await refused.ending();
				expect(sorry).toContain('No video this time');
				expect(sorry).toContain('did not pass content moderation');
				(await triggered(here, id, 3)).forEach(expectSuccess);
			});
		}),
	);

	// The simple memory of n8n's agents lasts from one message to the next within one process only.
	const testOfMemory = isQueueMode() ? test.skip : test;
	testOfMemory(
		'19 lets an agent create a task in one message, and look it up in a later one',
		place(async (here) => {
			const { api, n8n, save } = here;
			const chat = await startFakeChat();
			try {
				const model = { name: `Model ${randomUUID()}`, type: 'openAiApi', data: { apiKey: 'sk-fake', url: chat.url } };
				const modelId = await n8n.createCredential(model);
				// The chat as a page of its own, which can be asked over HTTP; in the editor it is part of the canvas.
				const example = new Example(n8n, 19).change('Chat', { public: true });
				example.node('Chat model').credentials = { openAiApi: { id: modelId, name: model.name } };
				const id = await save(example.workflow);
				const url = n8n.webhookUrl(`${example.node('Chat').webhookId}/chat`);
				const say = async (chatInput: string) => {
					const body = JSON.stringify({ sessionId: id, action: 'sendMessage', chatInput });
					const headers = { 'content-type': 'application/json' };
					let answer = await fetch(url, { method: 'POST', headers, body });
					await until(async () => {
						if (answer.status === 404) answer = await fetch(url, { method: 'POST', headers, body });
						return answer.status !== 404;
					}, 'the chat is open');
					return (await answer.json()) as unknown;
				};
				await whilePublished(here, id, async () => {
					chat.plan = [[{ name: 'Make_a_video', arguments: { Prompt: 'a pier at dusk', Ratio: '720:1280' } }]];
					expect(await say('A pier at dusk, for a phone')).toEqual({ output: FINAL_WORDS });
					expect(createdPrompts(api)).toEqual(['a pier at dusk']);
					expect((api.creates[0]?.body as Record<string, unknown>).ratio).toBe('720:1280');
					const taskId = idOf(api, 'pier');
					expect(chat.toolResults.join()).toContain(taskId);
					expect(chat.toolResults.join()).toContain('queued');
					expect(chat.requests[0]?.tools.map(({ name }) => name).sort()).toEqual(['Look_at_a_task', 'Make_a_video']);

					api.finish(taskId);
					chat.reset();
					chat.plan = [[{ name: 'Look_at_a_task', arguments: { Task_ID: taskId } }]];
					expect(await say('Is it ready?')).toEqual({ output: FINAL_WORDS });
					expect(JSON.stringify(chat.requests[0]?.messages)).toContain('A pier at dusk, for a phone');
					expect(chat.toolResults.join()).toContain(`/assets/${taskId}/video.mp4`);
					expect(api.creates).toHaveLength(1);
				});
			} finally {
				await chat.close();
			}
		}),
	);

	test(
		'20 waits for what is paid for, tries again what may pass, and leaves the rest to its user',
		place(async ({ api, n8n, run }) => {
			const example = new Example(n8n, 20)
				.list('Prompts', {
					prompts: ['a pier', 'a slow train [takes 12 s]', 'a lamp [fail once INTERNAL]', `a riot ${REFUSED}`],
				})
				.change('Make the videos', { options: { timeout: 8 } });
			const execution = await run(example.workflow);
			expectSuccess(execution);
			expect(createdPrompts(api).filter((prompt) => prompt.includes('lamp'))).toHaveLength(2);
			expect(api.creates).toHaveLength(5);
			expect(allFrom(execution, 'Wait for it')).toMatchObject([{ taskId: idOf(api, 'train'), status: 'succeeded' }]);
			const again = [...api.tasks.values()].filter(({ prompt }) => prompt.includes('lamp')).at(-1)?.id ?? '';
			expectVideos(api, example, [idOf(api, 'pier'), idOf(api, 'train'), again].map((id) => `runway-${id}.mp4`).sort());
			expect(allFrom(execution, 'For you to decide')).toMatchObject([
				{ prompt: `a riot ${REFUSED}`, taskId: idOf(api, 'riot') },
			]);
		}),
	);

	test(
		'26 fetches as an error workflow what a failed execution has paid for',
		place(async (here) => {
			const { api, n8n, save, call } = here;
			const example = new Example(n8n, 26);
			const rescue = await save(example.workflow);
			const splitter = new Example(n8n, 20);
			const prompts = { prompt: '={{ ["a slow train [takes 6 s]", "a riot [fail SAFETY.INPUT.TEXT]"][$itemIndex] }}' };
			const failing = chain(
				webhook(),
				{
					...splitter.node('Prompts'),
					name: 'Two',
					parameters: { mode: 'raw', jsonOutput: '{ "list": [1, 2] }', options: {} },
				},
				{ ...splitter.node('Split the list'), name: 'Split', parameters: { fieldToSplitOut: 'list', options: {} } },
				textToVideo({ ...prompts, options: { timeout: 3 } }),
			);
			// n8n 2 runs an error workflow only where it is published.
			await whilePublished(here, rescue, async () => {
				const failed = await n8n.waitForExecution(await call({ ...failing, settings: { errorWorkflow: rescue } }));
				expect(failed.status).toBe('error');
				const [execution] = await triggered(here, rescue, 1);
				if (execution === undefined) throw new Error('The error workflow has not run');
				expectSuccess(execution);
				expect(execution.mode).toBe('error');
				expectVideos(api, example, [`runway-${idOf(api, 'train')}.mp4`]);
			});
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'26 fetches the tasks whose IDs are pasted into its form',
		place(async (here) => {
			const { api, n8n, save, run } = here;
			const example = new Example(n8n, 26);
			const lost = new Example(n8n, 22).list('Prompts', { prompts: ['a pier', 'a lamp', `a riot ${REFUSED}`] });
			const ids = allFrom(await run(lost.workflow), 'Create the tasks').map(({ taskId }) => String(taskId));
			const id = await save(example.workflow);
			await whilePublished(here, id, async () => {
				const form = await openForm(n8n, example.node('Paste task IDs').webhookId ?? '');
				await form.submit({ 'field-0': ids.join(' ') });
				const [execution] = await triggered(here, id, 1);
				if (execution === undefined) throw new Error('The form has started nothing');
				expectSuccess(execution);
				expectVideos(api, example, [`runway-${idOf(api, 'pier')}.mp4`, `runway-${idOf(api, 'lamp')}.mp4`].sort());
				expect(allFrom(execution, 'Not to be had')).toMatchObject([{ taskId: idOf(api, 'riot') }]);
				expect(api.creates).toHaveLength(3);
			});
		}),
	);

	test(
		'21 takes each product through three steps, and puts aside what fails at any of them',
		place(async ({ api, n8n, run }) => {
			const product = (name: string, scene: string, motion: string) => ({
				name,
				photo: `https://example.com/${encodeURIComponent(name)}.jpg`,
				scene: `@product ${scene}`,
				motion,
			});
			const example = new Example(n8n, 21).list('Products', {
				products: [
					product('Oak chair', 'in a studio', 'slow turn'),
					product('Brass lamp', `in a riot ${REFUSED}`, 'slow turn'),
					product('Wool rug', 'on a floor', `slow turn ${REFUSED}`),
				],
			});
			const execution = await run(example.workflow);
			expectSuccess(execution);
			const count = (operation: string) => api.creates.filter((create) => create.operation === operation).length;
			expect(['textToImage', 'imageToVideo', 'upscale'].map(count)).toEqual([3, 2, 1]);
			const upscaled = String(outputOf(execution, 'Upscale')[0]?.json.taskId);
			expectVideos(api, example, [`oak-chair-${upscaled.slice(0, 8)}.mp4`]);
			const aside = allFrom(execution, 'Put aside').map(({ product, step }) => `${String(product)} at ${String(step)}`);
			expect(aside.sort()).toEqual(['Brass lamp at Draw', 'Wool rug at Animate']);
		}),
	);

	test(
		'22 ends at once, and sub-workflows of its own fetch the videos',
		place(async (here) => {
			const { api, n8n, save } = here;
			const example = new Example(n8n, 22).list('Prompts', { prompts: ['a pier [stuck]', 'a riot [stuck]'] });
			const id = await save(example.workflow);
			const byHand = await n8n.runToEnd(id);
			expectSuccess(byHand);
			expect(example.saved).toEqual([]);
			api.finish(idOf(api, 'pier'));
			api.finish(idOf(api, 'riot'), REFUSAL);
			const executions = await triggered(here, id, 2, [byHand.id]);
			expect(executions.map(({ status }) => status).sort()).toEqual(['error', 'success']);
			expect(executions.map((execution) => errorOf(execution)?.message).join('')).toContain('moderation');
			expectVideos(api, example, [`runway-${idOf(api, 'pier')}.mp4`]);
			expect(api.creates).toHaveLength(2);
		}),
	);

	// In earlier versions the agent does not sleep while a tool does.
	const testOfSleep = n8nIsAtLeast('2.41') ? test : test.skip;
	testOfSleep(
		'23 has an agent sleep until its video is there, and tells it of a failure in words',
		place(async (here) => {
			const { api, n8n, save } = here;
			const chat = await startFakeChat();
			try {
				const model = { name: `Model ${randomUUID()}`, type: 'openAiApi', data: { apiKey: 'sk-fake', url: chat.url } };
				const modelId = await n8n.createCredential(model);
				const example = new Example(n8n, 23);
				example.node('Chat model').credentials = { openAiApi: { id: modelId, name: model.name } };
				const id = await save(example.workflow);
				const ask = async (prompt: string, outcome?: Partial<Outcome>) => {
					chat.reset();
					const asked = { Prompt: `${prompt} [stuck]`, Ratio: '720:1280' };
					chat.plan = [[{ name: 'Make_a_video', arguments: asked }]];
					const execution = await n8n.run(id);
					await asleep(here, execution);
					expect(chat.toolResults).toEqual([]);
					api.finish(idOf(api, prompt), outcome);
					const ended = await n8n.waitForExecution(execution);
					expectSuccess(ended);
					expect(allFrom(ended, 'Agent')).toEqual([{ output: FINAL_WORDS }]);
					return chat.toolResults.join();
				};
				await whilePublished(here, id, async () => {
					const told = await ask('a pier');
					expect(told).toContain(idOf(api, 'pier'));
					expect(told).toContain('succeeded');
					expect(told).toContain(`runway-${idOf(api, 'pier')}.mp4`);
					expect((api.creates[0]?.body as Record<string, unknown>).ratio).toBe('720:1280');
					expect(await ask('a riot', REFUSAL)).toContain('moderation');
					expectVideos(api, example, [`runway-${idOf(api, 'pier')}.mp4`]);
				});
				expect(api.creates).toHaveLength(2);
			} finally {
				await chat.close();
			}
		}),
	);

	test(
		'27 makes each scene from the last frame of the one before, and stops if one fails or has no last frame',
		place(async ({ api, n8n, run }) => {
			const firstImage = 'https://example.com/boat.jpg';
			const story = (scenes: string[]) => new Example(n8n, 27).list('Story', { firstImage, scenes });
			api.settings.envelope = 'numeric';
			const whole = story(['a boat leaves', 'the open sea']);
			expectSuccess(await run(whole.workflow));
			const images = api.creates.map(({ body }) => String((body as Record<string, unknown>).image));
			expect(images).toEqual([firstImage, expect.stringMatching(new RegExp(`${idOf(api, 'boat')}/last`)) as string]);
			expectVideos(api, whole, ['scene-1.mp4', 'scene-2.mp4']);

			const failing = story(['a tram stops', `a riot ${REFUSED}`, 'the tram starts']);
			expect((await run(failing.workflow)).status).toBe('error');
			expectVideos(api, failing, ['scene-1.mp4']);
			expect(createdPrompts(api)).not.toContain('the tram starts');

			// This form of answer has no last frame.
			api.settings.envelope = 'wrapped';
			const frameless = story(['a lamp', 'a lantern']);
			expect((await run(frameless.workflow)).status).toBe('error');
			expectVideos(api, frameless, ['scene-1.mp4']);
			expect(createdPrompts(api)).not.toContain('a lantern');
		}),
	);

	test(
		'28 makes videos of new rows, and tells each row what became of it',
		place(async ({ api, n8n, run }) => {
			const example = new Example(n8n, 28);
			const row = (row_number: number, Prompt: string, Status = '') => ({ row_number, Prompt, Status, Link: '' });
			const rows = [row(2, 'a pier'), row(3, 'an old one', 'done'), row(4, `a riot ${REFUSED}`), row(5, '')];
			const { workflow } = example;
			// The sheet and the drive need accounts with Google.
			workflow.nodes.push({
				...new Example(n8n, 14).node('Prompts'),
				name: 'Rows',
				parameters: { mode: 'raw', jsonOutput: JSON.stringify({ rows }), options: {} },
			});
			workflow.connections.Start = { main: [[{ node: 'Rows', type: 'main', index: 0 }]] };
			workflow.connections.Rows = { main: [[{ node: 'Prompts in the sheet', type: 'main', index: 0 }]] };
			example.replace('Prompts in the sheet', 'splitOut', 1, { fieldToSplitOut: 'rows', options: {} });
			const fileName = `=${example.disk}/${String(example.node('Upload').parameters.name).slice(1)}`;
			example.replace('Upload', 'readWriteFile', 1, {
				operation: 'write',
				fileName,
				dataPropertyName: 'data',
				options: {},
			});
			for (const name of ['Note the link', 'Note the reason', 'Note what is not uploaded']) {
				const { value } = example.node(name).parameters.columns as { value: Record<string, string> };
				const assignments = Object.entries(value).map(([key, text]) => ({
					id: key,
					name: key,
					value: text,
					type: 'string',
				}));
				example.replace(name, 'set', 3.4, { assignments: { assignments }, options: {} });
			}
			const execution = await run(workflow);
			expectSuccess(execution);
			expectVideos(api, example, ['row-2.mp4']);
			expect(allFrom(execution, 'Note the link')).toMatchObject([{ row_number: '2', Status: 'done' }]);
			expect(allFrom(execution, 'Note the reason')).toMatchObject([
				{ row_number: '4', Status: 'failed', Reason: expect.stringContaining('moderation') as string },
			]);
			expect(api.creates).toHaveLength(2);
		}),
	);
});

topic('The example for a register of tasks', (define) => {
	const test = n8nIsAtLeast(REGISTER_SINCE) ? define : define.skip;

	test(
		'24 delivers what a stopped and a failed execution have paid for, and nothing else',
		place(async (here) => {
			const { api, n8n, save, run } = here;
			const register = await switchOn(here);
			const example = new Example(n8n, 24).change('Something is undelivered', OFTEN);
			const id = await save(example.workflow);
			const stopped = await n8n.run(await save(chain(manual, ...prompts('a pier [stuck]'), textToVideo())));
			await until(() => idOf(api, 'pier') !== '', 'the task is created');
			await run(chain(manual, ...prompts('a riot [stuck]'), textToVideo({ options: { timeout: 2 } })));
			api.finish(idOf(api, 'riot'), REFUSAL);
			await run(chain(manual, ...prompts('a lamp'), textToVideo()));
			await n8n.stopExecution(stopped);
			api.finish(idOf(api, 'pier'));
			await whilePublished(here, id, async () => {
				const from = async (name: string) =>
					(await triggered(here, id, 1)).flatMap((execution) => allFrom(execution, name)).map(({ text }) => text);
				await until(async () => (await from('Without a result')).length > 0, 'the failed one has come');
				await until(() => example.saved.length > 0, 'the file is saved');
				await untilRows(register, (rows) => rows.every(({ delivered }) => delivered), 'all is delivered');
				expectVideos(api, example, [`runway-${idOf(api, 'pier')}.mp4`]);
				expect(await from('What was rescued')).toEqual([expect.stringContaining(idOf(api, 'pier'))]);
				expect(await from('Without a result')).toEqual([expect.stringMatching(/failed.*moderation/)]);
				expect(api.creates).toHaveLength(3);
			});
		}),
	);

	test(
		'25 reports what was created in the last week, as a table and by workflow',
		place(async (here) => {
			const { api, n8n, run } = here;
			const register = await switchOn(here);
			const maker = chain(manual, ...prompts('a pier', 'a lamp', `a riot ${REFUSED}`), textToVideo({}, CONTINUE));
			await run({ ...maker, name: 'Clips' });
			await untilRows(register, (rows) => rows.every(({ endedTime }) => endedTime !== null), 'all have ended');
			const example = new Example(n8n, 25);
			const execution = await run(example.workflow);
			expectSuccess(execution);
			const [report] = allFrom(execution, 'Report');
			expect(String(report?.text)).toContain('Clips: 2 succeeded');
			expect(String(report?.text)).toContain('Clips: 1 failed');
			const [table = ''] = example.saved;
			const [head, ...lines] = example.read(table).toString().trim().split('\n');
			expect(head).toContain('created,workflow,operation');
			expect(lines).toHaveLength(3);
			for (const prompt of ['pier', 'lamp', 'riot']) expect(lines.join('\n')).toContain(idOf(api, prompt));
		}),
	);
});

it('Every example for a real job has its test here', () => {
	const source = readFileSync(__filename, 'utf8');
	const untested = realJobs.filter((file) => !source.includes(`new Example(n8n, ${Number.parseInt(file, 10)})`));
	expect(untested).toEqual([]);
	expect(realJobs.length).toBeGreaterThanOrEqual(8);
});
