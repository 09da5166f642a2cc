import { randomUUID } from 'node:crypto';

import type { INodeParameters } from 'n8n-workflow';

import { chain, manual, type Part, type Place, place, prompts, textToVideo } from '../e2e/support/place';
import { switchOn } from '../e2e/support/register';
import { everySeconds } from '../e2e/support/triggers';
import { outputOf } from '../support/n8n';
import { type Editor, expectSoon } from './editor';
import { FirstTrigger } from './firstTrigger';
import { useBrowser } from './tab';

/** What a person sees who sets up and tries out the two triggers. */

const MINUTES = 60_000;
const inTab = useBrowser();
const inPlace = (act: (editor: Editor, here: Place) => Promise<void>) => async () =>
	await place(async (here) => await inTab(async (editor) => await act(editor, here))())();

function trigger(name: string, type: string, parameters: INodeParameters = {}): Part {
	return {
		name,
		type: `n8n-nodes-cometapi-runway.${type}`,
		typeVersion: 1,
		parameters,
		webhookId: randomUUID(),
		credentials: { cometApiRunwayApi: { id: null, name: '' } },
	};
}

/** Creates a task in another workflow, without waiting for it, and returns its ID. */
async function createTask(here: Place, parameters: INodeParameters = {}): Promise<string> {
	const node = textToVideo({ completion: 'return', ...parameters });
	const execution = await here.run(chain(manual, ...prompts('pier'), node));
	return String(outputOf(execution, 'Runway')[0]?.json.taskId);
}

const end = ['Trigger On', 'Download File', 'Options'];

describe('The callback trigger in the editor', () => {
	it(
		'shows its steps, its fields, and URLs that end with its secret',
		inPlace(async (editor, here) => {
			const secret = 'k7_Rw-2mQz9xLp4T';
			const callback = trigger('Callback', 'runwayCallbackTrigger', { options: { secret } });
			await editor.openWorkflow(await here.save(chain(callback)));
			await editor.node('Callback').getByText('Succeeded, Failed, Cancelled').waitFor();
			await editor.openNode('Callback');
			const steps = await editor.part('node-parameters').locator('.notice:visible').first().innerText();
			expect(steps).toMatch(
				/1\. Open "Webhook URLs" above and copy the test URL\.\n.*2\. Paste.*production URL.*\n.*5\. Publish/s,
			);
			const fields = async () => (await editor.fields()).slice(1);
			const all = ['Credential for CometAPI Runway API', 'Verify Callbacks', ...end, 'Secret in the URL'];
			await expectSoon(fields, all);
			await editor.page.getByText('Webhook URLs').first().click();
			await editor.page.getByText(new RegExp(`/webhook-test/[\\w-]+/runway/${secret}$`)).waitFor();
			await editor.page.getByText('Production URL', { exact: true }).click();
			await editor.page.getByText(new RegExp(`/webhook/[\\w-]+/runway/${secret}$`)).waitFor();
			await editor.look('callback-panel');
		}),
		5 * MINUTES,
	);

	it(
		'receives a callback while it listens for a test event, with the steps in view, and with the video',
		inPlace(async (editor, here) => {
			await editor.openWorkflow(await here.save(chain(trigger('Callback', 'runwayCallbackTrigger'))));
			await editor.openNode('Callback');
			await editor.page.getByText('Webhook URLs').first().click();
			const testUrl = await editor.page.getByText(/\/webhook-test\/[\w-]+\/runway$/).innerText();
			await editor.part('node-execute-button').first().click();
			// On the canvas behind the panel.
			await editor.page.getByText('Waiting for CometAPI to call the test URL').waitFor();
			await editor.look('callback-listening');
			expect(await editor.page.getByText('create an event').count()).toBe(0);
			await editor.page.getByText('2. Paste it into the option').waitFor();

			const taskId = await createTask(here, { options: { callbackUrl: testUrl } });
			await editor.output.getByText('1 item').waitFor();
			await editor.output.getByText('JSON', { exact: true }).click();
			await editor.output.getByText(taskId).first().waitFor();
			await editor.output.getByText('Binary', { exact: true }).click();
			await editor.output.getByText('video/mp4').waitFor();
		}),
		5 * MINUTES,
	);
});

describe('The polling trigger in the editor', () => {
	it(
		'shows the newest task while it is tried out, and once published starts for a task of another workflow, with the video',
		inPlace(async (editor, here) => {
			await switchOn(here);
			await createTask(here);
			const id = await here.save(chain(trigger('Watch', 'runwayTrigger', { pollTimes: { item: everySeconds(5) } })));
			await editor.openWorkflow(id);
			await editor.openNode('Watch');
			const way = new FirstTrigger(editor, 'Watch');
			await way.test();
			await way.publish();
			const taskId = await createTask(here, { completion: 'wait' });
			await way.see();
			await editor.output.getByText('JSON', { exact: true }).click();
			await editor.output.getByText(taskId).first().waitFor();
			await here.n8n.deactivate(id);
		}),
		5 * MINUTES,
	);

	it(
		'says what to switch on, to somebody who has never heard of a register',
		inPlace(async (editor, here) => {
			await editor.openWorkflow(await here.save(chain(trigger('Watch', 'runwayTrigger'))));
			await editor.openNode('Watch');
			const [, , , watch, notice, ...fields] = await editor.fields();
			expect(watch).toBe('Watch');
			expect(notice).toMatch(/a list that Runway nodes keep in this n8n while "Keep a Register of Tasks" is on/);
			expect(fields).toEqual(['Which Tasks', ...end, 'Filters']);
			await editor.part('trigger-execute-button').first().click();
			await editor.page.getByText('This n8n keeps no register of tasks yet').first().waitFor();
			await editor.look('trigger-without-register');
		}),
		5 * MINUTES,
	);

	it(
		'shows its fields, and fetches the present state of its first task as a test event',
		inPlace(async (editor, here) => {
			const taskId = await createTask(here);
			await editor.openWorkflow(
				await here.save(chain(trigger('Watch', 'runwayTrigger', { watch: 'ids', taskIds: taskId }))),
			);
			await editor.node('Watch').getByText('Succeeded, Failed, Cancelled').waitFor();
			await editor.openNode('Watch');
			const all = ['Credential', 'Poll Times', 'Mode', 'Watch', 'Task IDs', 'Task Created By', ...end];
			await expectSoon(async () => await editor.fields(), all);
			await editor.part('trigger-execute-button').first().click();
			await editor.output.getByText('1 item').waitFor();
			await editor.output.getByText('JSON', { exact: true }).click();
			await editor.output.getByText(taskId).first().waitFor();
		}),
		5 * MINUTES,
	);

	it(
		'says what to do if CometAPI does not know the task',
		inPlace(async (editor, here) => {
			const unknown = randomUUID();
			await editor.openWorkflow(
				await here.save(chain(trigger('Watch', 'runwayTrigger', { watch: 'ids', taskIds: unknown }))),
			);
			await editor.openNode('Watch');
			await editor.part('trigger-execute-button').first().click();
			const { message, description } = await editor.error();
			expect(message).toBe(`CometAPI does not know the task ${unknown}`);
			expect(description).toMatch(/^Check the task ID and the API/);
		}),
		5 * MINUTES,
	);
});
