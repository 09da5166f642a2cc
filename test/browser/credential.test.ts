import { freePort } from '../support/n8n';
import { startStandIn, type StandIn } from '../support/standin';
import { saveCredential } from '../e2e/support/workflows';
import type { Editor } from './editor';
import { useBrowser } from './tab';

/** What a person sees who sets up the credential. */

const MINUTES = 60_000;
const inTab = useBrowser();
let api: StandIn;

beforeAll(async () => {
	api = await startStandIn();
});

afterAll(async () => {
	await api.close();
});

/** Opens a saved credential; n8n tests it at once. */
async function open(editor: Editor, data: { apiKey: string; baseUrl: string }) {
	const name = `${expect.getState().currentTestName} ${Date.now()}`;
	const { id } = await saveCredential(editor.n8n, name, data);
	await editor.page.goto(`${editor.n8n.url}/home/credentials/${id}`);
	const dialogue = editor.part('editCredential-modal');
	await dialogue.waitFor();
	return dialogue;
}

const SUCCESS = 'Connection tested successfully';
const FAILURE = 'Couldn’t connect with these settings';

describe('The dialogue of the credential', () => {
	it(
		'says that a right key at the right address works, and hides the key',
		inTab(async (editor) => {
			const dialogue = await open(editor, { apiKey: api.apiKey, baseUrl: api.url });
			await dialogue.getByText(SUCCESS).waitFor();
			expect(await dialogue.getByTestId('parameter-input-apiKey').locator('input').getAttribute('type')).toBe(
				'password',
			);
			expect(await editor.page.content()).not.toContain(api.apiKey);
		}),
		5 * MINUTES,
	);

	const failures: Array<[what: string, words: RegExp, make: () => Promise<{ apiKey?: string; baseUrl?: string }>]> = [
		[
			'a wrong key',
			/API key is missing, or CometAPI does not accept it.*CometAPI console/,
			async () => ({ apiKey: 'sk-wrong' }),
		],
		['a missing key', /API key is missing, or CometAPI does not accept it/, async () => ({ apiKey: '' })],
		[
			'a wrong base URL',
			/base URL does not lead to CometAPI.*https:\/\/api\.cometapi\.com/,
			async () => ({ baseUrl: `${api.url}/v1` }),
		],
		[
			'a port at which nobody listens',
			/ECONNREFUSED/,
			async () => ({ baseUrl: `http://127.0.0.1:${await freePort()}` }),
		],
	];
	it.each(failures)(
		'says what is wrong if it has %s',
		async (_what, words, make) =>
			await inTab(async (editor) => {
				const dialogue = await open(editor, { apiKey: api.apiKey, baseUrl: api.url, ...(await make()) });
				await dialogue.getByText(FAILURE).waitFor();
				await dialogue.getByText('More details').click();
				await dialogue.getByText(words).waitFor();
			})(),
		5 * MINUTES,
	);

	it(
		'tests again when the key is put right',
		inTab(async (editor) => {
			const dialogue = await open(editor, { apiKey: 'sk-wrong', baseUrl: api.url });
			await dialogue.getByText(FAILURE).waitFor();
			await dialogue.getByTestId('parameter-input-apiKey').locator('input').fill(api.apiKey);
			await dialogue.getByTestId('credential-save-button').click();
			await dialogue.getByText(SUCCESS).waitFor();
		}),
		5 * MINUTES,
	);
});
