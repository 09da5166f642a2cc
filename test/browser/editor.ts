import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { type Browser, type BrowserContext, chromium, type Locator, type Page, selectors } from 'playwright-core';

import { pause, until } from '../e2e/support/place';
import { cacheFolder, type N8nClient } from '../support/n8n';

/** n8n's editor in a real browser. */

const { findChromium } = createRequire(__filename)('../../scripts/lib/chromium.cjs') as {
	findChromium(): string | undefined;
};

/** Where {@link Editor.look} leaves its pictures. */
export const PICTURES = path.join(cacheFolder, 'screenshots');
/** For what a busy machine does in a while. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 200;
/** For a link to be followed. */
const LINK_MS = 5_000;
/** A fault of n8n 2.41 itself: it may come when a workflow is left whose panel was open. */
const OF_N8N_ITSELF = /injectNDVStore\(\) was accessed without an active workflow/;

/** HTMLMediaElement.HAVE_CURRENT_DATA */
const ENOUGH_TO_SHOW = 2;

/** What the browser knows of a video that it plays. */
interface Played {
	readyState: number;
	videoWidth: number;
	currentTime: number;
}

export interface Size {
	width: number;
	height: number;
}

/**
 * Looks at the page until it says what is expected, since the editor draws in many steps. What it says in the end is
 * compared, so that a failure shows it.
 */
export async function expectSoon<T>(read: () => Promise<T>, expected: unknown): Promise<void> {
	for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
		if (isDeepStrictEqual(await read(), expected)) return;
		await pause(LOOK_MS);
	}
	expect(await read()).toEqual(expected);
}

/** Starts the Chrome or Chromium of this machine, without a window and without the internet. */
export async function launch(): Promise<Browser> {
	const executablePath = findChromium();
	if (executablePath === undefined) {
		throw new Error('There is no Chrome or Chromium here: install one, or name its program in CHROME_PATH');
	}
	selectors.setTestIdAttribute('data-test-id');
	return await chromium.launch({
		executablePath,
		args: [
			'--no-sandbox',
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			'--disable-background-networking',
			'--disable-sync',
			// Nothing reaches beyond this machine. (Playwright's own way, by routes, switches the cache off.)
			'--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
		],
	});
}

/** Signs in to n8n, in a first tab. All tabs of its context are signed in, too. */
export async function signIn(browser: Browser, n8n: N8nClient, viewport: Size): Promise<Editor> {
	const context = await browser.newContext({ viewport, deviceScaleFactor: 1 });
	context.setDefaultTimeout(PATIENCE_MS);
	const editor = await Editor.open(context, n8n);
	const { page } = editor;
	await page.goto(`${n8n.url}/signin`);
	await page.locator('input[name="emailOrLdapLoginId"], input[type="email"]').first().fill(n8n.email);
	await page.locator('input[type="password"]').fill(n8n.password);
	await page.keyboard.press('Enter');
	await page.waitForURL(/home|workflows/);
	editor.forget();
	return editor;
}

/** A tab of the browser, in words of n8n's editor. */
export class Editor {
	/** What went wrong in the page: errors in its console, exceptions, refused requests. */
	readonly problems: string[] = [];
	/** What nodes told it, which n8n writes to the browser's console. */
	readonly messages: string[] = [];

	private constructor(
		readonly page: Page,
		readonly n8n: N8nClient,
	) {
		const isOfN8n = (url: string) => url.startsWith(n8n.url);
		page.on('console', (message) => {
			if (message.text().startsWith('[Node: ')) this.messages.push(message.text());
			if (message.type() === 'error' && isOfN8n(message.location().url)) this.noteProblem(message.text());
		});
		page.on('pageerror', (error) => this.noteProblem(error.message));
		page.on('response', (response) => {
			if (response.status() >= 400 && isOfN8n(response.url())) {
				this.problems.push(`${response.status()} ${response.request().method()} ${new URL(response.url()).pathname}`);
			}
		});
	}

	static async open(context: BrowserContext, n8n: N8nClient): Promise<Editor> {
		return new Editor(await context.newPage(), n8n);
	}

	private noteProblem(words: string): void {
		if (!OF_N8N_ITSELF.test(words)) this.problems.push(words);
	}

	/** Begins anew with what went wrong and with what nodes told. */
	forget(): void {
		this.problems.length = 0;
		this.messages.length = 0;
	}

	/** A part of the page, by the name that n8n's own tests have for it. */
	part(name: string): Locator {
		return this.page.getByTestId(name);
	}

	async openWorkflow(id: string): Promise<void> {
		const { page } = this;
		const canvas = this.part('canvas-node').or(this.part('canvas-plus-button')).first();
		if (page.url().startsWith(this.n8n.url)) {
			await this.leave();
			await this.follow(`/workflow/${id}`, canvas);
		} else {
			await page.goto(`${this.n8n.url}/workflow/${id}`);
			await canvas.waitFor();
		}
	}

	/** Leaves the workflow that is open, and throws away what was changed in it. */
	async leave(): Promise<void> {
		const elsewhere = this.part('personal-settings-container');
		const unsaved = this.page.getByText('Leave without saving');
		await this.follow('/settings/personal', elsewhere.or(unsaved).first());
		if (await unsaved.isVisible()) await unsaved.click();
		await elsewhere.waitFor();
	}

	/**
	 * Goes to a page of n8n as a link in it does, without loading the editor again, which takes it ten seconds. An editor
	 * that is still loading its first page may miss it, so it is told until it is there.
	 */
	private async follow(path: string, there: Locator): Promise<void> {
		const go = `history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'));`;
		for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
			await this.page.evaluate(go);
			const isThere = await there.waitFor({ timeout: LINK_MS }).then(
				() => true,
				() => false,
			);
			if (isThere) return;
		}
		throw new Error(`The editor did not get to ${path}`);
	}

	/** A node on the canvas. */
	node(name: string): Locator {
		return this.page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`);
	}

	/** Opens a node's panel and waits until it stands still. */
	async openNode(name: string): Promise<void> {
		await this.node(name).dblclick();
		await this.part('parameter-input').first().waitFor();
		const panel = this.part('ndv');
		for (let before = ''; ;) {
			const now = await panel.innerText();
			if (now === before) return;
			before = now;
			await this.page.waitForTimeout(200);
		}
	}

	async closeNode(): Promise<void> {
		await this.part('ndv-close-button').click();
		await this.part('ndv').waitFor({ state: 'hidden' });
	}

	/** The labels and notices of the open panel, from top to bottom. */
	async fields(): Promise<string[]> {
		const shown = this.part('node-parameters').locator('label.n8n-input-label:visible, .notice:visible');
		return (await shown.allInnerTexts()).map((text) => text.trim().split('\n')[0]?.trim() ?? '');
	}

	/** The right side of the open panel. */
	get output(): Locator {
		return this.part('output-panel');
	}

	/** The red words in the open panel's output, and those below them. */
	async error(): Promise<{ message: string; description: string }> {
		const words = async (part: string) => (await this.part(part).innerText()).trim();
		return { message: await words('node-error-message'), description: await words('node-error-description') };
	}

	/** Plays the first video of the open panel's output, and waits until it moves. */
	async playFile(): Promise<void> {
		await this.output.getByText('Binary', { exact: true }).click();
		await this.output.getByText('View', { exact: true }).first().click();
		const video = this.output.locator('video');
		await until(async () => {
			const { readyState, videoWidth, currentTime } = await video.evaluate((played: Played) => ({
				readyState: played.readyState,
				videoWidth: played.videoWidth,
				currentTime: played.currentTime,
			}));
			return readyState >= ENOUGH_TO_SHOW && videoWidth > 0 && currentTime > 0;
		}, 'the video plays');
	}

	async run(): Promise<void> {
		await this.part('execute-workflow-button').first().click();
	}

	/** Waits until the canvas shows a node at work. */
	async isRunning(name: string): Promise<void> {
		await this.node(name).and(this.page.locator('.running')).waitFor();
	}

	/** Waits until the canvas shows that a node has ended well. */
	async succeeded(name: string): Promise<void> {
		await this.node(name).getByTestId('canvas-node-status-success').waitFor();
	}

	/** Waits until the canvas shows that a node has ended with an error. */
	async failed(name: string): Promise<void> {
		await this.node(name).getByTestId('node-issues').waitFor();
	}

	/** Takes a picture for a person to look at. */
	async look(name: string): Promise<void> {
		mkdirSync(PICTURES, { recursive: true });
		await this.page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
	}
}
