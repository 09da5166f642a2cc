import { parseArgs } from 'node:util';

import { Problem } from './problem.mjs';

const DEFAULT_PORT = 5678;

export const usage = `npm start -- [options]

  --once          make the first video, print the result as one line of JSON, and stop
  --port <number> port of n8n's editor (default: ${DEFAULT_PORT})
  --fresh         begin with an empty n8n, forgetting workflows and executions of earlier starts
  --live          buy the first video from CometAPI instead of using the free stand-in; needs COMETAPI_KEY
  --yes           with --live: buy without asking
  --help          show this`;

/**
 * Reads the command line of `npm start`.
 *
 * @param {string[]} args
 * @returns {{ once: boolean, port: number, fresh: boolean, live: boolean, yes: boolean, help: boolean }}
 */
export function readStartOptions(args) {
	const flag = { type: 'boolean', default: false };
	let values;
	try {
		({ values } = parseArgs({
			args,
			options: {
				once: flag,
				port: { type: 'string', default: String(DEFAULT_PORT) },
				fresh: flag,
				live: flag,
				yes: flag,
				help: flag,
			},
		}));
	} catch (error) {
		throw new Problem(`${error.message.split('.')[0]}; \`npm start -- --help\` lists the options.`);
	}
	const port = Number(values.port);
	if (!Number.isInteger(port) || port < 1 || port > 65535) {
		throw new Problem(`--port takes a number from 1 to 65535, not ${JSON.stringify(values.port)}.`);
	}
	return { ...values, port };
}
