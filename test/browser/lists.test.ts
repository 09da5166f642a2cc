import type { Locator } from 'playwright-core';

import { type Editor, expectSoon } from './editor';
import { chain, items, manual, type Part, runway } from '../e2e/support/place';
import { operations } from '../../nodes/Runway/operations/index';
import { useBrowser } from './tab';

/** Whether people find the nodes in n8n's lists: the node panel, and the tools of an AI agent. */

/** What the browser knows of an image. */
interface Drawn {
	src: string;
	naturalWidth: number;
	width: number;
	decode(): Promise<void>;
}

const MINUTES = 60_000;
const inTab = useBrowser();

const agent: Part = { name: 'Agent', type: '@n8n/n8n-nodes-langchain.agent', typeVersion: 3.1, parameters: {} };

const entry = (editor: Editor, name: string) => editor.part('node-creator-item-name').getByText(name, { exact: true });
const search = async (editor: Editor, word: string) => await editor.part('node-creator-search-bar').fill(word);

/** Long lists are drawn bit by bit, so an entry counts as found once it can be scrolled to. */
async function find(editor: Editor, name: string): Promise<Locator> {
	const found = entry(editor, name).first();
	await found.scrollIntoViewIfNeeded();
	return found;
}

async function openNodePanel(editor: Editor): Promise<void> {
	await editor.openWorkflow(await editor.n8n.importWorkflow(chain(manual)));
	await editor.part('node-creator-plus-button').click();
}

async function openTriggerPanel(editor: Editor): Promise<void> {
	await editor.openWorkflow(await editor.n8n.importWorkflow(chain()));
	await editor.part('canvas-plus-button').click();
}

describe('The node panel of the editor', () => {
	it(
		'finds the Runway node by the words that people type',
		inTab(async (editor) => {
			await openNodePanel(editor);
			const words = [
				'runway',
				'video',
				'AI video',
				'animate image',
				'upscale video',
				'cometapi',
				'text to video',
				'image to video',
				'act-two',
				'aleph',
				'watch',
				'poll',
			];
			for (const word of words) {
				await search(editor, word);
				await find(editor, 'Runway');
			}
		}),
		5 * MINUTES,
	);

	// n8n leaves "Trigger" out of the names of triggers that have a list of events.
	it(
		'finds the callback trigger by runway, callback and webhook, also as the first step of a workflow',
		inTab(async (editor) => {
			for (const open of [openNodePanel, openTriggerPanel]) {
				await open(editor);
				for (const word of ['runway', 'callback', 'webhook']) {
					await search(editor, word);
					await find(editor, 'Runway Callback');
				}
			}
		}),
		5 * MINUTES,
	);

	it(
		'says under Runway what the node is for, and lists every operation and every event of the polling trigger',
		inTab(async (editor) => {
			await openNodePanel(editor);
			await search(editor, 'runway');
			const described = editor.part('node-creator').getByText(/^Make videos and images with Runway/);
			await described.waitFor();
			await (await find(editor, 'Runway')).click();
			await editor.page.getByText(`Actions (${operations.length})`).waitFor();
			await described.last().waitFor();
			for (const { action } of operations) await find(editor, action);
			await editor.page.getByText('Triggers (4)').click();
			for (const event of ['succeeded', 'failed', 'cancelled', 'progressed']) await find(editor, `On task ${event}`);
		}),
		5 * MINUTES,
	);

	it(
		'puts the chosen operation onto the canvas, with its panel open',
		inTab(async (editor) => {
			await openNodePanel(editor);
			await search(editor, 'runway');
			await (await find(editor, 'Runway')).click();
			await (await find(editor, 'Upscale video')).click();
			await editor.part('ndv').waitFor();
			const operation = editor.part('parameter-input-operation').locator('input');
			await expectSoon(async () => await operation.inputValue(), 'Upscale');
			await editor.closeNode();
			await editor.node('Upscale video').getByText('Upscale video').first().waitFor();
		}),
		5 * MINUTES,
	);
});

describe('The tools of an AI agent', () => {
	it(
		'have the Runway node, by search and in the list of apps',
		inTab(async (editor) => {
			await editor.openWorkflow(await editor.n8n.importWorkflow(chain(manual, agent)));
			await editor.page.locator('[data-handleid*="ai_tool"]').getByTestId('canvas-handle-plus').first().click();
			await editor.part('nodes-list-header').getByText('Tools').waitFor();
			await search(editor, 'runway');
			await find(editor, 'Runway Tool');
			await search(editor, '');
			await editor.page.getByText('Action in an app').click();
			await find(editor, 'Runway Tool');
		}),
		5 * MINUTES,
	);
});

describe('The icon', () => {
	it(
		'is drawn from a vector file of its own in the light and in the dark theme',
		inTab(async (editor) => {
			const files: string[] = [];
			for (const colorScheme of ['light', 'dark'] as const) {
				await editor.page.emulateMedia({ colorScheme });
				await editor.openWorkflow(await editor.n8n.importWorkflow(chain(manual, ...items({}), runway({}))));
				const icon = editor.node('Runway').locator('img');
				await icon.waitFor();
				const [source, width, shown] = await icon.evaluate(async (image: Drawn) => {
					await image.decode();
					return [image.src, image.naturalWidth, image.width] as const;
				});
				expect(width).toBeGreaterThanOrEqual(shown);
				const answer = await editor.page.request.get(source);
				expect(answer.headers()['content-type']).toContain('image/svg+xml');
				files.push(await answer.text());
				await editor.look(`icon-${colorScheme}`);
			}
			expect(files[0]).not.toBe(files[1]);
		}),
		5 * MINUTES,
	);
});
