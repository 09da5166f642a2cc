import type { N8nClient } from '../../support/n8n';
import { until } from './place';

/** A form of a published workflow, as a browser has it open. */
export interface OpenForm {
	html: string;
	/** Sends the form; fields are named `field-0` and so on, in their order. */
	submit(fields: Record<string, string | File>): Promise<SentForm>;
}

/** A form that was sent. */
export interface SentForm {
	/** Waits as the page does, and gives the page that it then goes to. */
	ending(): Promise<string>;
}

const LONGEST_MS = 60_000;

/** Opens a form as soon as n8n has published it. */
export async function openForm(n8n: N8nClient, webhookId: string): Promise<OpenForm> {
	const url = `${n8n.url}/form/${webhookId}`;
	let html = '';
	await until(async () => {
		const response = await fetch(url);
		html = await response.text();
		return response.ok;
	}, 'the form is published');
	return {
		html,
		async submit(fields) {
			const body = new FormData();
			for (const [name, value] of Object.entries(fields)) body.set(name, value);
			let response = await fetch(url, { method: 'POST', body });
			// n8n shows a form a moment before it takes what is sent.
			await until(async () => {
				if (response.status === 404) response = await fetch(url, { method: 'POST', body });
				return response.status !== 404;
			}, 'the form can be sent');
			const text = await response.text();
			if (!response.ok) throw new Error(`The form was refused with ${response.status}: ${text}`);
			return { ending: async () => await endingOf((JSON.parse(text) as { formWaitingUrl: string }).formWaitingUrl) };
		},
	};
}

/** Asks for the state until n8n has a page to show, shows it, and lets the execution go on, as that page does by itself. */
async function endingOf(waitingUrl: string): Promise<string> {
	const statusUrl = new URL(waitingUrl);
	statusUrl.pathname += '/n8n-execution-status';
	let status = '';
	await until(
		async () => {
			status = (await (await fetch(statusUrl)).text()).trim();
			return !['new', 'running', 'waiting'].includes(status);
		},
		'the form has an ending',
		LONGEST_MS,
	);
	if (status !== 'form-waiting') throw new Error(`The form ended with "${status}" and no page`);
	const html = await (await fetch(waitingUrl)).text();
	await fetch(waitingUrl, { method: 'POST' });
	return html;
}
