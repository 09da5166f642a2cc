import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { chromium, type Page } from 'playwright-core';

import { cacheFolder, projectRoot, startN8n, type N8n, type WorkflowFile } from '../support/n8n';
import { startStandIn } from '../support/standin';

/**
 * Takes pictures of every operation's panel in the real editor, and of a finished run with the video's
 * preview, to be looked at by a person: `npm run screenshots`. Chromium is taken from CHROMIUM, or from
 * where Debian installs it.
 */

const RUNWAY = 'n8n-nodes-cometapi-runway.runway';
const folder = path.join(cacheFolder, 'screenshots');
const examples = path.join(projectRoot, 'examples');

async function main(): Promise<void> {
	mkdirSync(folder, { recursive: true });
	const only = process.argv[2] ?? '';
	const api = await startStandIn({ hold: true, renderMs: 3000 });
	const n8n = await startN8n({ package: projectRoot });
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'],
	});
	try {
		await n8n.createCredential({
			name: 'CometAPI (stand-in)',
			type: 'cometApiRunwayApi',
			data: { apiKey: api.apiKey, baseUrl: api.url },
		});
		const page = await browser.newPage({ viewport: { width: 1500, height: 1500 }, deviceScaleFactor: 1 });
		await signIn(page, n8n);
		for (const file of readdirSync(examples).filter((name) => name.endsWith('.json') && name.includes(only))) {
			await panels(page, n8n, file);
		}
		if ('finished'.includes(only)) await finishedRun(page, n8n);
	} finally {
		await browser.close();
		await n8n.stop();
		await api.close();
	}
}

async function signIn(page: Page, n8n: N8n): Promise<void> {
	await page.goto(`${n8n.url}/signin`);
	await page.locator('input[name="emailOrLdapLoginId"], input[type="email"]').first().fill(n8n.email);
	await page.locator('input[type="password"]').fill(n8n.password);
	await page.keyboard.press('Enter');
	await page.waitForURL(/home|workflows/);
}

async function openNode(page: Page, n8n: N8n, workflowId: string, name: string): Promise<void> {
	await page.goto(`${n8n.url}/workflow/${workflowId}`);
	const node = page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`);
	await node.waitFor();
	await node.dblclick();
	await page.locator('[data-test-id="parameter-input"]').first().waitFor();
	await page.waitForTimeout(700);
}

async function panels(page: Page, n8n: N8n, file: string): Promise<void> {
	const workflow = JSON.parse(readFileSync(path.join(examples, file), 'utf8')) as WorkflowFile;
	const id = await n8n.importWorkflow(workflow);
	for (const node of workflow.nodes.filter(({ type }) => type === RUNWAY)) {
		await openNode(page, n8n, id, node.name);
		await page.screenshot({ path: path.join(folder, `${path.basename(file, '.json')}-${node.name}.png`) });
		await page.keyboard.press('Escape');
	}
}

async function finishedRun(page: Page, n8n: N8n): Promise<void> {
	const workflow = JSON.parse(readFileSync(path.join(examples, '02-image-to-video.json'), 'utf8')) as WorkflowFile;
	const id = await n8n.importWorkflow(workflow);
	await page.goto(`${n8n.url}/workflow/${id}`);
	await page.locator('[data-test-id="canvas-node"]').first().waitFor();
	await page.locator('[data-test-id="execute-workflow-button"]').first().click();
	await page.waitForTimeout(12_000);
	await page.screenshot({ path: path.join(folder, 'finished-canvas.png') });
	await page.locator('[data-test-id="canvas-node"][data-node-name="Animate"]').dblclick();
	await page.waitForTimeout(1500);
	await page.screenshot({ path: path.join(folder, 'finished-output.png') });
	const view = page.getByText('View', { exact: true }).last();
	if (await view.isVisible()) {
		await view.click();
		await page.waitForTimeout(2000);
		await page.screenshot({ path: path.join(folder, 'finished-preview.png') });
	}
}

void main();
