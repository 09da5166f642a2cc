import type { INodeParameters } from 'n8n-workflow';

import { operations } from '../../nodes/Runway/operations/index';
import { chain, runway } from '../e2e/support/place';
import { type Editor, expectSoon } from './editor';
import { useBrowser } from './tab';

/** What the panel of each operation shows, from top to bottom. */

const MINUTES = 60_000;
const inTab = useBrowser();

const COST =
	'CometAPI bills one task for each item. All items are checked before the first one is sent. Stopping the execution cancels nothing at CometAPI.';
const EXPIRY = /^The URLs in the output expire after a day or two\./;

const head = ['Credential', 'Resource', 'Operation'];
const end = ['When to Continue', 'Download File', 'Options'];

const panels: Record<string, string[]> = {
	generateFromText: [...head, COST, 'Prompt', 'Model', 'Ratio', 'Duration (Seconds)', 'Camera Motion', ...end],
	generateFromImage: [
		...head, COST, 'Image URL', 'Prompt', 'Model', 'Ratio', 'Duration (Seconds)', 'Camera Motion', ...end,
	],
	imageToVideo: [
		...head, COST, 'Image Source', 'Image URL', 'Prompt', 'Model', 'Ratio', 'Duration (Seconds)', ...end,
	],
	restyle: [
		...head, COST, 'Video URL', 'Prompt', 'Model', 'Amount of Change', 'Duration (Seconds)', ...end,
	],
	actOne: [...head, COST, 'Performance Video URL', 'Character Image URL', ...end],
	videoToVideo: [
		...head, COST, 'Video Source', 'Video URL', 'Prompt', 'Model', 'Ratio', ...end,
	],
	characterPerformance: [
		...head, COST, 'Character Type', 'Character Source', 'Character URL', 'Performance Source', 'Performance URL', 'Ratio', ...end,
	],
	upscale: [...head, COST, 'Video Source', 'Video URL', 'Model', ...end],
	generate: [...head, COST, 'Prompt', 'Reference Images', 'Model', 'Ratio', ...end],
	get: [...head, 'Task ID', 'Options'],
	wait: [...head, 'Task ID', 'Download File', 'Options'],
	download: [...head, 'Task ID', 'Options'],
	list: [...head, 'Source', 'Status', 'Return All', 'Limit', 'Filters'],
	getBalance: [...head, 'From Day', 'To Day'],
}; // prettier-ignore

async function open(editor: Editor, parameters: INodeParameters): Promise<void> {
	await editor.openWorkflow(await editor.n8n.importWorkflow(chain(runway(parameters))));
	await editor.openNode('Runway');
}

describe('The panel', () => {
	it(
		'of every operation shows its fields in their order',
		inTab(async (editor) => {
			const nodes = operations.map(({ resource, value: operation }) =>
				runway({ resource, operation }, { name: operation }),
			);
			await editor.openWorkflow(await editor.n8n.importWorkflow(chain(...nodes)));
			for (const { value: operation } of operations) {
				await editor.openNode(operation);
				await expectSoon(async () => await editor.fields(), panels[operation]);
				await editor.look(`panel-${operation}`);
				await editor.closeNode();
			}
			expect(operations.map(({ value }) => value).sort()).toEqual(Object.keys(panels).sort());
		}),
		10 * MINUTES,
	);

	it(
		'says that URLs expire if no file is downloaded',
		inTab(async (editor) => {
			await open(editor, { operation: 'imageToVideo' });
			expect(await editor.fields()).not.toContainEqual(expect.stringMatching(EXPIRY));
			await editor.part('parameter-input-download').locator('.el-switch').click();
			await editor.page.getByText(EXPIRY).waitFor();
		}),
		5 * MINUTES,
	);

	it(
		'warns about a model that Runway has retired, before anything is paid for',
		inTab(async (editor) => {
			const model = { __rl: true, mode: 'list', value: 'gen3a_turbo' };
			await open(editor, { operation: 'imageToVideo', prompt: 'waves', model });
			await editor.page
				.getByText(/^Runway has retired gen3a_turbo/)
				.first()
				.waitFor();
			await editor.look('retired-model');
		}),
		5 * MINUTES,
	);

	it(
		'says what sleeping needs if the execution is to sleep',
		inTab(async (editor) => {
			await open(editor, { operation: 'generateFromText', completion: 'suspend' });
			await editor.page
				.getByText(/^CometAPI must be able to reach this n8n from the internet, or a published Runway Trigger/)
				.waitFor();
		}),
		5 * MINUTES,
	);

	it(
		'shows the field of the item in place of the URL if the image is a file',
		inTab(async (editor) => {
			await open(editor, { operation: 'imageToVideo' });
			await editor.part('parameter-input-imageSource').click();
			await editor.page.getByText('File of the Item', { exact: true }).click();
			await editor.page.getByText('Image File Field').waitFor();
			expect(await editor.fields()).not.toContain('Image URL');
		}),
		5 * MINUTES,
	);

	it(
		'offers every option, sorted',
		inTab(async (editor) => {
			await open(editor, { operation: 'generateFromText' });
			await editor.part('collection-parameter-add').last().click();
			const offered = editor.page.locator('[data-test-id="collection-parameter-option"]:visible');
			await offered.first().waitFor();
			const names = async () => (await offered.allInnerTexts()).map((name) => name.trim());
			await expectSoon(names, [
				'Additional Fields (JSON)', 'Callback URL', 'Download All Files', 'Fallback Models', 'File Name', 'Include Raw Response',
				'Max File Size (MB)', 'Max Parallel Requests', 'Max Tasks Per Run', 'Max Tasks in Progress', 'Minimum Balance (USD)',
				'Poll Interval (Seconds)', 'Put Output File in Field', 'Retry Failed Tasks', 'Reuse a Recent Task (Minutes)', 'Runway API Version',
				'Send Anyway', 'Style', 'Time Limit (Seconds)', 'When the Time Limit Is Reached',
			]); // prettier-ignore
		}),
		5 * MINUTES,
	);
});
