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

/** An error as n8n 1 throws it: the cause is lost, its code is the `httpCode`, and its words come first. */
function ofN8n1(code: string, words: string): Error {
	const error = new Error('You can retry the request immediately.');
	return Object.assign(error, { httpCode: code, messages: [words], cause: undefined });
}

/** An error as n8n 2 throws it. */
function ofN8n2(code: string, words: string): Error {
	const [syscall] = words.split(' ');
	const cause = Object.assign(new Error(words), { code, syscall });
	return Object.assign(new Error('You can retry the request immediately.', { cause }), {
		httpCode: code,
		messages: [words],
	});
}

/** What a request comes to where n8n's helper throws this. */
async function failed(error: Error) {
	return await sendOver(() => {
		throw error;
	});
}

describe.each([
	['n8n 1', ofN8n1],
	['n8n 2', ofN8n2],
])('An error of %s', (_which, thrown) => {
	it.each([
		['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:443'],
		['ENOTFOUND', 'getaddrinfo ENOTFOUND api.example.com'],
		['EHOSTUNREACH', 'connect EHOSTUNREACH 127.0.0.1:443'],
	])('with the code %s says that nothing can have arrived', async (code, words) => {
		const expected = { kind: 'noResponse', mayHaveArrived: false, code, message: words };
		expect(await failed(thrown(code, words))).toEqual(expected);
	});

	it.each([
		['ECONNRESET', 'read ECONNRESET'],
		['ECONNRESET', 'socket hang up'],
		['EHOSTUNREACH', 'read EHOSTUNREACH'],
		['ENETUNREACH', 'write ENETUNREACH'],
	])('with the code %s and the words "%s" leaves open whether the request arrived', async (code, words) => {
		const expected = { kind: 'noResponse', mayHaveArrived: true, code, message: words };
		expect(await failed(thrown(code, words))).toEqual(expected);
	});
});
