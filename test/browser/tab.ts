import type { Browser, BrowserContext } from 'playwright-core';

import { type N8nClient, sharedN8n } from '../support/n8n';
import { Editor, launch, signIn, type Size } from './editor';

const START_MS = 300_000;
/** Every panel fits in without scrolling. */
const SIZE: Size = { width: 1500, height: 1700 };

/** A test in a tab that no other test has meanwhile. */
export type InTab = (act: (editor: Editor) => Promise<void>) => () => Promise<void>;

/**
 * Gives the tests of a file a browser that is signed in to the n8n that all share. Every test must end without a problem
 * in its page, and leaves a picture of its end in `.cache/screenshots`. The next test gets its tab, since n8n's editor takes
 * ten seconds to load, unless it failed there.
 */
export function useBrowser(): InTab {
	// n8n's editor draws some things late on a busy machine. What is really broken fails twice.
	jest.retryTimes(1, { logErrorsBeforeRetry: true });
	let n8n: N8nClient;
	let browser: Browser;
	let context: BrowserContext;
	const free: Editor[] = [];

	beforeAll(async () => {
		n8n = await sharedN8n({ withEditor: true });
		browser = await launch();
		free.push(await signIn(browser, n8n, SIZE));
		[context] = browser.contexts() as [BrowserContext];
	}, START_MS);

	afterAll(async () => {
		await browser.close();
	}, START_MS);

	return (act) => async () => {
		const editor = free.pop() ?? (await Editor.open(context, n8n));
		try {
			await act(editor);
			expect(editor.problems).toEqual([]);
		} catch (error) {
			await picture(editor);
			await editor.page.close();
			throw error;
		}
		await picture(editor);
		await editor.leave();
		editor.forget();
		free.push(editor);
	};
}

async function picture(editor: Editor): Promise<void> {
	await editor.look((expect.getState().currentTestName ?? '').replace(/[^\w]+/g, '-').slice(0, 100));
}
