import { chromium, type Browser, type Page } from 'playwright-core';

import type { N8n } from '../support/n8n';

/** n8n's editor in a real browser. Chromium is taken from CHROMIUM, or from where Debian installs it. */

export async function launch(): Promise<Browser> {
	return await chromium.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		args: [
			'--no-sandbox',
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			'--disable-background-networking',
			'--disable-sync',
		],
	});
}

/** Signs in to n8n in a window of that many pixels. */
export async function openEditor(
	browser: Browser,
	n8n: N8n,
	viewport: { width: number; height: number },
): Promise<Page> {
	const page = await browser.newPage({ viewport, deviceScaleFactor: 1 });
	await page.goto(`${n8n.url}/signin`);
	await page.locator('input[name="emailOrLdapLoginId"], input[type="email"]').first().fill(n8n.email);
	await page.locator('input[type="password"]').fill(n8n.password);
	await page.keyboard.press('Enter');
	await page.waitForURL(/home|workflows/);
	return page;
}

export async function openWorkflow(page: Page, n8n: N8n, workflowId: string): Promise<void> {
	await page.goto(`${n8n.url}/workflow/${workflowId}`);
	await page.locator('[data-test-id="canvas-node"]').first().waitFor();
}

/** Opens a node's panel and waits until it stands still. */
export async function openNode(page: Page, n8n: N8n, workflowId: string, name: string): Promise<void> {
	await openWorkflow(page, n8n, workflowId);
	await page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`).dblclick();
	await page.locator('[data-test-id="parameter-input"]').first().waitFor();
	await page.waitForTimeout(1000);
}
