import { createInterface } from 'node:readline/promises';

import { Problem } from './problem.mjs';

/**
 * Says what `--live` buys and gets a yes to it, before anything is installed or started.
 *
 * @param {{ yes: boolean }} options
 * @returns {Promise<string>} the API key
 */
export async function agreeToPurchase({ yes }) {
	const key = (process.env.COMETAPI_KEY ?? '').trim();
	if (key === '') throw new Problem('--live needs your CometAPI key in the environment variable COMETAPI_KEY.');
	console.log(
		'Live: this buys one video from CometAPI with your key: text to video, model gen4_turbo, 5 seconds,\n' +
			'the least that the documentation offers. Its price is on https://www.cometapi.com/pricing/ ("runway-video").\n' +
			'Every further run of a workflow in this n8n buys again.',
	);
	if (yes) return key;
	if (!process.stdin.isTTY) throw new Problem('--live asks before it buys; where nobody can answer, add --yes.');
	const terminal = createInterface({ input: process.stdin, output: process.stdout });
	const answer = await terminal.question('Buy it? [y/N] ');
	terminal.close();
	if (!/^y(es)?$/i.test(answer.trim())) throw new Problem('Nothing was bought.');
	return key;
}
