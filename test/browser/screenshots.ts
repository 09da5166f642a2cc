import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import type { Page } from 'playwright-core';

import { operations } from '../../nodes/Runway/operations/index';
import { cacheFolder, projectRoot, startN8n, type N8n, type WorkflowFile } from '../support/n8n';
import { startStandIn } from '../support/standin';
import { launch, openEditor, openNode, openWorkflow } from './editor';
import { searchLists } from './lists';

/**
 * `npm run screenshots`: pictures for the documentation of every operation's panel in the real editor, and
 * for a look by a person, of a finished run, of the examples' canvases and of the lists in which the node must be
 * found. A word after it restricts it to what has the word in its name: `npm run screenshots -- upscale`.
 */

const RUNWAY = 'n8n-nodes-cometapi-runway.runway';
/** The longest panel fits in without scrolling. */
const HEIGHT = 2000;
const WIDTH = 1500;
/** Around the fields, in pixels. */
const MARGIN = 12;
const images = path.join(projectRoot, 'docs/images');
const forALook = path.join(cacheFolder, 'screenshots');
const examplesFolder = path.join(projectRoot, 'examples');
const examples = readdirSync(examplesFolder)
	.filter((name) => name.endsWith('.json'))
	.sort()
	.map((name) => JSON.parse(readFileSync(path.join(examplesFolder, name), 'utf8')) as WorkflowFile);

async function main(): Promise<void> {
	mkdirSync(forALook, { recursive: true });
	const only = process.argv[2] ?? '';
	const api = await startStandIn({ hold: true, renderMs: 3000 });
	const n8n = await startN8n({ package: projectRoot });
	const browser = await launch();
	try {
		await n8n.createCredential({
			name: 'CometAPI Runway account',
			type: 'cometApiRunwayApi',
			data: { apiKey: api.apiKey, baseUrl: api.url },
		});
		const page = await openEditor(browser, n8n, { width: WIDTH, height: HEIGHT });
		for (const { resource, value } of operations.filter((operation) => operation.value.includes(only))) {
			await panel(page, n8n, resource, value);
		}
		if ('finished'.includes(only)) await finishedRun(page, n8n);
		for (const workflow of examples.filter(({ name }) => `canvases: ${name}`.includes(only))) {
			await canvas(page, n8n, workflow);
		}
		if ('lists'.includes(only)) {
			const missing = await searchLists(page, n8n, forALook);
			console.log(missing.length === 0 ? 'The node is found in every list.' : `Not found: ${missing.join(', ')}.`);
			if (missing.length > 0) process.exitCode = 1;
		}
	} finally {
		await browser.close();
		await n8n.stop();
		await api.close();
	}
}

/** The panel of an operation as its example has it, cropped to the fields. */
async function panel(page: Page, n8n: N8n, resource: string, operation: string): Promise<void> {
	for (const workflow of examples) {
		const node = workflow.nodes.find(
			({ type, parameters }) =>
				type === RUNWAY && parameters?.resource === resource && parameters.operation === operation,
		);
		if (node === undefined) continue;
		await openNode(page, n8n, await n8n.importWorkflow(workflow), node.name);
		const file = path.join(images, `${operation}.png`);
		// Off the fields, which show more while the mouse is over them.
		await page.mouse.move(5, 5);
		await page.waitForTimeout(500);
		const fields = page.locator('[data-test-id="node-parameters"] div:has(> .parameter-input-list-wrapper)').first();
		const { x, y, width, height } = (await fields.boundingBox()) ?? { x: 0, y: 0, width: 1, height: 1 };
		await page.screenshot({ path: file, clip: { x: x - MARGIN, y, width: width + 2 * MARGIN, height } });
		console.log(`${path.relative(projectRoot, file)}: ${Math.ceil(statSync(file).size / 1000)} KB`);
		return;
	}
	throw new Error(`No example has the operation ${resource}.${operation}.`);
}

/** A finished run with the video's preview, as the README shows it. */
async function finishedRun(page: Page, n8n: N8n): Promise<void> {
	const workflow = examples.find(({ nodes }) =>
		nodes.some(({ parameters }) => parameters?.operation === 'imageToVideo'),
	);
	if (workflow === undefined) throw new Error('No example makes a video of an image.');
	await page.setViewportSize({ width: WIDTH, height: 1000 });
	await openWorkflow(page, n8n, await n8n.importWorkflow(workflow));
	await page.locator('[data-test-id="execute-workflow-button"]').first().click();
	await page.waitForTimeout(12_000);
	await page.screenshot({ path: path.join(forALook, 'finished-canvas.png') });
	await page.locator('[data-test-id="canvas-node"][data-node-name="Animate"]').dblclick();
	await page.getByText('View', { exact: true }).last().click();
	await page.mouse.move(5, 5);
	await page.waitForTimeout(2000);
	await page.screenshot({ path: path.join(images, 'finished-video.png') });
	await page.setViewportSize({ width: WIDTH, height: HEIGHT });
}

/** An example as a whole: notes must be easy to read, and lie on no node. */
async function canvas(page: Page, n8n: N8n, workflow: WorkflowFile): Promise<void> {
	await page.setViewportSize({ width: 2200, height: 1300 });
	await openWorkflow(page, n8n, await n8n.importWorkflow(workflow));
	// The editor's shortcut for showing all of it.
	await page.keyboard.press('1');
	await page.waitForTimeout(1500);
	const name = `${workflow.name.replaceAll(/\W+/g, '-')}.png`;
	await page.screenshot({ path: path.join(forALook, name) });
	await page.setViewportSize({ width: WIDTH, height: HEIGHT });
}

void main();
