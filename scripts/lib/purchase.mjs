import { createInterface } from 'node:readline/promises';

import { Problem } from './problem.mjs';

/** CometAPI's list of prices, for people. */
export const PRICES = 'https://www.cometapi.com/pricing/';

/** The key of the person at the terminal, or undefined if there is none. */
export function keyFromEnvironment() {
	return fromEnvironment('COMETAPI_KEY');
}

/** What an environment variable holds, or undefined if that is nothing. */
export function fromEnvironment(name) {
	const value = (process.env[name] ?? '').trim();
	return value === '' ? undefined : value;
}

/**
 * Says what is going to be bought and gets a yes to it.
 *
 * @param {string} what one or more lines
 * @param {{ yes: boolean }} options
 * @throws {Problem} where the answer is no, or nobody is there to answer
 */
export async function agreeTo(what, { yes }) {
	console.log(what);
	if (yes) return;
	if (!process.stdin.isTTY) throw new Problem('This asks before it buys; where nobody can answer, add --yes.');
	const terminal = createInterface({ input: process.stdin, output: process.stdout });
	const answer = await terminal.question('Buy it? [y/N] ');
	terminal.close();
	if (!/^y(es)?$/i.test(answer.trim())) throw new Problem('Nothing was bought.');
}

/**
 * Says what `npm start -- --live` buys and gets a yes to it, before anything is installed or started.
 *
 * @param {{ yes: boolean }} options
 * @returns {Promise<string>} the API key
 */
export async function agreeToPurchase({ yes }) {
	const key = keyFromEnvironment();
	if (key === undefined) throw new Problem('--live needs your CometAPI key in the environment variable COMETAPI_KEY.');
	await agreeTo(
		'Live: this buys one video from CometAPI with your key: text to video, model gen4_turbo, 5 seconds,\n' +
			`the least that the documentation offers. Its price is on ${PRICES} ("runway-video").\n` +
			'Every further run of a workflow in this n8n buys again.',
		{ yes },
	);
	return key;
}
