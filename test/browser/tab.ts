import type { Browser, BrowserContext } from 'playwright-core';

import { type N8nClient, sharedN8n } from '../support/n8n';
import { Editor, launch, signIn, type Size } from './editor';

const START_MS = 300_000;
/** Every panel fits in without scrolling. */
const SIZE: Size = { width: 1500, height: 1700 };

/** A test in a tab of its own. */
export type InTab = (act: (editor: Editor) => Promise<void>) => () => Promise<void>;

/**
 * Gives the tests of a file a browser that is signed in to the n8n that all share. Every tab must end without a problem
 * in its page, and leaves a picture of its end in `.cache/screenshots`.
 */
export function useBrowser(): InTab {
	// n8n's editor draws some things late on a busy machine. What is really broken fails twice.
	jest.retryTimes(1, { logErrorsBeforeRetry: true });
	let n8n: N8nClient;
	let browser: Browser;
	let context: BrowserContext;

	beforeAll(async () => {
		n8n = await sharedN8n({ withEditor: true });
		browser = await launch();
		context = await signIn(browser, n8n, SIZE);
	}, START_MS);

	afterAll(async () => {
		await browser.close();
	}, START_MS);

	return (act) => async () => {
		const editor = await Editor.open(context, n8n);
		try {
			await act(editor);
			expect(editor.problems).toEqual([]);
		} finally {
			await editor.look(fileName(expect.getState().currentTestName ?? ''));
			await editor.page.close();
		}
	};
}

function fileName(sentence: string): string {
	return sentence.replace(/[^\w]+/g, '-').slice(0, 100);
}
