import type { IExecuteFunctions } from 'n8n-workflow';

import { createSend } from '../../nodes/shared/api/transport';

const KEY = 'comet0123456789abcdef';

/** Sends through an HTTP helper that answers, or throws, as it is told. */
async function sendOver(answer: () => unknown, apiKey = KEY) {
	const context = {
		getCredentials: async () => ({ baseUrl: 'https://api.example.com', apiKey }),
		getNode: () => ({ name: 'Runway' }),
		helpers: { httpRequestWithAuthentication: async () => answer() },
	} as unknown as IExecuteFunctions;
	const send = await createSend(context);
	return await send({ method: 'POST', path: '/runway/feed', timeoutMs: 1_000 });
}

const answered = (body: unknown) => () => ({ statusCode: 200, headers: {}, body });

describe('A request', () => {
	it('whose answer nests too deeply to be looked through has been sent all the same', async () => {
		const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
		expect(await sendOver(answered({ id: deep }))).toMatchObject({ kind: 'noResponse', mayHaveArrived: true });
	});

	it('leaves no key in its answer, neither in values nor in names', async () => {
		const answer = await sendOver(answered({ [`the key ${KEY}`]: [{ message: `key ${KEY} refused` }] }));
		expect(answer).toMatchObject({ kind: 'response', body: { 'the key …': [{ message: 'key … refused' }] } });
	});

	it('leaves no key in its answer that JSON writes in another way', async () => {
		const odd = 'quote"and\\backslash';
		expect(JSON.stringify(await sendOver(answered({ message: odd }), odd))).not.toContain('backslash');
	});

	it('leaves no key in what the network says', async () => {
		const answer = await sendOver(() => {
			throw new Error(`Invalid header value Bearer ${KEY}`);
		});
		expect(JSON.stringify(answer)).not.toContain(KEY);
	});
});
