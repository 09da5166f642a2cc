import path from 'node:path';

import type { Page } from 'playwright-core';

import type { N8n, WorkflowFile } from '../support/n8n';
import { openWorkflow } from './editor';

/** Whether people find the node in n8n's lists: the node panel, and the tools of an AI agent. */

const agent: WorkflowFile = {
	name: 'Agent',
	nodes: [
		{ id: 'a', name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, position: [0, 0], parameters: {} },
		{
			id: 'b',
			name: 'Agent',
			type: '@n8n/n8n-nodes-langchain.agent',
			typeVersion: 3.1,
			position: [220, 0],
			parameters: {},
		},
	],
	connections: { Start: { main: [[{ node: 'Agent', type: 'main', index: 0 }]] } },
};

/** What people type who look for it. */
const WORDS = ['runway', 'cometapi', 'text to video', 'act-two', 'aleph'];

/**
 * Looks for the node in all lists and takes pictures of them.
 * @returns what was looked for in vain
 */
export async function searchLists(page: Page, n8n: N8n, folder: string): Promise<string[]> {
	const id = await n8n.importWorkflow(agent);
	const missing: string[] = [];
	const look = async (where: string, name: string) => {
		const entry = page.locator('[data-test-id="node-creator-item-name"]').getByText(name, { exact: true });
		try {
			// Long lists are drawn bit by bit.
			await entry.first().scrollIntoViewIfNeeded({ timeout: 10_000 });
		} catch {
			missing.push(`${name} under "${where}"`);
		}
		await page.screenshot({ path: path.join(folder, `${where}.png`) });
	};
	const search = async (word: string) => await page.locator('[data-test-id="node-creator-search-bar"]').fill(word);

	await openWorkflow(page, n8n, id);
	await page.locator('[data-test-id="node-creator-plus-button"]').click();
	for (const word of WORDS) {
		await search(word);
		await look(`nodes, search for ${word}`, 'Runway');
	}

	await openWorkflow(page, n8n, id);
	await page.locator('[data-handleid*="ai_tool"] [data-test-id="canvas-handle-plus"]').first().click();
	await search('runway');
	await look('tools, search for runway', 'Runway Tool');
	await search('');
	await page.getByText('Action in an app').click();
	await look('tools, Action in an app', 'Runway Tool');
	return missing;
}
