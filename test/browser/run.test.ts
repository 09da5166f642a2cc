import {
	asleep,
	chain,
	imageToVideo,
	items,
	manual,
	type Part,
	type Place,
	place,
	prompts,
	runway,
	textToVideo,
	until,
} from '../e2e/support/place';
import { type Execution, outputOf } from '../support/n8n';
import { type Editor, expectSoon } from './editor';
import { useBrowser } from './tab';

/** What a person sees who runs a workflow in the editor. */

const MINUTES = 60_000;
const inTab = useBrowser();

/** A test in a tab, with a stand-in of its own. */
const inPlace = (act: (editor: Editor, here: Place) => Promise<void>) => async () =>
	await place(async (here) => await inTab(async (editor) => await act(editor, here))())();

/** Saves the workflow, opens it and runs it. */
async function run(editor: Editor, here: Place, ...parts: Part[]): Promise<string> {
	const id = await here.save(chain(manual, ...parts));
	await editor.openWorkflow(id);
	await editor.run();
	return id;
}

/** The workflow's last execution at its end, which n8n saves later than the editor shows it. */
async function lastExecution({ n8n }: Place, workflowId: string): Promise<Execution> {
	return await n8n.waitForExecution((await n8n.executionIds(workflowId))[0] ?? '');
}

describe('A run in the editor', () => {
	it(
		'shows that the node is at work and how many tasks are done, and then plays the video',
		inPlace(async (editor, here) => {
			await run(editor, here, ...prompts('quick', 'slow [stuck]'), imageToVideo());
			await editor.isRunning('Runway');
			await until(() => editor.messages.length > 0, 'the node tells of its progress');
			expect(editor.messages).toEqual(['[Node: "Runway"] 1 of 2 Runway tasks done']);
			await editor.openNode('Runway');
			await editor.output.getByText('Executing node...').waitFor();
			await editor.look('run-waiting');

			const slow = [...here.api.tasks.values()].find(({ prompt }) => prompt.startsWith('slow'));
			here.api.finish(slow?.id ?? '', { kind: 'succeeded' });
			await editor.output.getByText('2 items').waitFor();
			await until(() => editor.messages.includes('[Node: "Runway"] 2 of 2 Runway tasks done'), 'it tells of the end');
			await editor.playFile();
		}),
		5 * MINUTES,
	);

	it(
		'ends by the stop button, and tells of the task that goes on',
		inPlace(async (editor, here) => {
			const id = await run(editor, here, ...prompts('[stuck]'), imageToVideo());
			await until(() => here.api.reads.length > 0, 'the task is watched');
			await editor.part('stop-execution-button').click();
			await editor.page.getByText('Execution stopped').waitFor();
			await editor.part('execute-workflow-button').first().waitFor();
			await expectSoon(async () => await editor.node('Runway').and(editor.page.locator('.running')).count(), 0);
			await until(() => editor.messages.length > 0, 'the node tells what goes on');
			const [taskId] = here.api.tasks.keys();
			expect(editor.messages).toEqual([
				expect.stringMatching(new RegExp(`Stopped.*still running at CometAPI.*${taskId}`, 's')),
			]);
			expect((await lastExecution(here, id)).status).toBe('canceled');
		}),
		5 * MINUTES,
	);

	it(
		'says while it sleeps what wakes it, in its own panel and in that of the next node',
		inPlace(async (editor, here) => {
			const next = runway({ operation: 'imageToVideo', prompt: 'turn' }, { name: 'Next' });
			const id = await run(editor, here, ...prompts('[stuck]'), textToVideo({ completion: 'suspend' }), next);
			const wakes = 'It continues when CometAPI, or a Runway Trigger that watches the register of tasks, reports';
			await until(async () => (await here.n8n.executionIds(id)).length > 0, 'the execution begins');
			const [executionId = ''] = await here.n8n.executionIds(id);
			await asleep(here, executionId);
			await editor.openNode('Runway');
			await editor.output.getByText(wakes).waitFor();
			await editor.look('run-asleep');
			await editor.closeNode();
			await editor.openNode('Next');
			await editor.part('ndv-input-panel').getByText(wakes).waitFor();
			await here.n8n.stopExecution(executionId);
		}),
		5 * MINUTES,
	);

	it(
		'passes an image on to the next node, whose panel shows the URL',
		inPlace(async (editor, here) => {
			const chair = { url: 'https://media.example/chair.png', binaryField: '', tag: 'chair' };
			const draw = runway(
				{
					resource: 'image',
					operation: 'generate',
					prompt: '@chair',
					referenceImages: { image: [chair] },
					download: false,
				},
				{ name: 'Draw' },
			);
			const animate = runway({ operation: 'imageToVideo', prompt: 'turn' }, { name: 'Animate' });
			const id = await run(editor, here, draw, animate);
			await editor.succeeded('Animate');
			expect(here.api.creates.map(({ operation }) => operation)).toEqual(['textToImage', 'imageToVideo']);
			const { imageUrl } = outputOf(await lastExecution(here, id), 'Draw')[0]?.json ?? {};
			await editor.openNode('Animate');
			const imageField = editor.part('parameter-input-imageUrl');
			await expectSoon(async () => (await imageField.innerText()).includes('{{ $json.imageUrl }}'), true);
			await editor.page
				.getByText(String(imageUrl).split('?')[0] ?? '')
				.first()
				.waitFor();
			await editor.playFile();
		}),
		5 * MINUTES,
	);

	it(
		'buys nothing again if the output is pinned',
		inPlace(async (editor, here) => {
			const next = { ...imageToVideo({ prompt: 'turn' }), name: 'Next' };
			await run(editor, here, ...prompts('pier'), imageToVideo({ download: false }), next);
			await editor.succeeded('Next');
			expect(here.api.creates).toHaveLength(2);
			await editor.openNode('Runway');
			await editor.part('ndv-pin-data').click();
			await editor.output.getByText('This data is pinned').first().waitFor();
			await editor.closeNode();
			await editor.run();
			await until(() => here.api.creates.length === 3, 'the next node runs again');
			await editor.succeeded('Next');
			expect(here.api.creates).toHaveLength(3);
		}),
		5 * MINUTES,
	);
});

describe('Before anything has run, the editor', () => {
	it(
		'offers the fields of the Runway node to the next node',
		inPlace(async (editor, here) => {
			await editor.openWorkflow(await here.save(chain(manual, imageToVideo(), items()[0] ?? manual)));
			await editor.openNode('List');
			const input = editor.part('ndv-input-panel');
			for (const field of ['taskId', 'status', 'videoUrl', 'imageUrl', 'failure']) {
				await input.getByText(field, { exact: true }).waitFor();
			}
		}),
		5 * MINUTES,
	);
});

describe('An error in the editor', () => {
	async function shown(editor: Editor) {
		await editor.failed('Runway');
		await editor.openNode('Runway');
		return await editor.error();
	}

	it(
		'names field and item if a value of the second of three is wrong, and nothing was sent',
		inPlace(async (editor, here) => {
			await run(editor, here, ...prompts('one', '', 'three'), textToVideo());
			const { message, description } = await shown(editor);
			expect(message).toBe(
				'"Prompt" contains the expression {{ $json.prompt }}, which is empty for this item. Choose a field of the item that has a value, or enter one [item 1]',
			);
			expect(description).toContain('nothing was billed');
			expect(here.api.creates).toEqual([]);
		}),
		5 * MINUTES,
	);

	it(
		'says what to do about a wrong key',
		inPlace(async (editor, here) => {
			here.api.fault({ on: 'create', kind: 'status', status: 401 });
			await run(editor, here, ...items({ prompt: 'pier' }), imageToVideo());
			const { message, description } = await shown(editor);
			expect(message).toMatch(/API key/);
			expect(description).toMatch(/credential/);
			expect(description).toContain('nothing was billed');
		}),
		5 * MINUTES,
	);

	it(
		'tells why a task failed, whether to try again, and its ID',
		inPlace(async (editor, here) => {
			await run(editor, here, ...prompts('fine', 'pier [fail SAFETY]'), imageToVideo());
			const { message, description } = await shown(editor);
			expect(message).toContain('The task failed: The input did not pass content moderation.');
			expect(message).toContain('[item 1]');
			expect(description).toContain('change the prompt or the input first');
			for (const id of here.api.tasks.keys()) expect(description).toContain(id);
		}),
		5 * MINUTES,
	);
});
