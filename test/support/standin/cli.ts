import { parseArgs } from 'node:util';
import { startStandIn } from './index';
import type { EnvelopeChoice } from './types';

const usage = `Stand-in for CometAPI's Runway routes, to try the nodes without a key and without cost.

  --port <number>       port to listen on (default: a free one)
  --host <address>      address to listen on (default: 127.0.0.1)
  --public-url <url>    base of the asset URLs, if clients reach the server under another name
  --key <text>          the API key to accept (default: a fixed one, printed at the start)
  --render <seconds>    how long a task takes (default: 2)
  --queued <seconds>    the part of it spent in the queue (default: 0.6)
  --hidden <seconds>    how long a fresh task answers task_not_exist (default: 0.3)
  --envelope <name>     how get-task answers, or "rotate" (default: as documented for each route)
  --asset-mb <number>   size of the video results in MB (default: the real clip)
  --rate <number>       requests per second before 429 (default: no limit)
  --callbacks <where>   loopback (default), any or off
  --quiet               no line per request

Square brackets in a prompt steer its task: [takes 12 s] [fail] [fail SAFETY.INPUT.TEXT] [fail once INTERNAL]
[cancelled] [ends expired] [says done] [no url] [unknown] [stuck] [vanish] [backwards]
`;

const options = {
	port: { type: 'string' },
	host: { type: 'string' },
	'public-url': { type: 'string' },
	key: { type: 'string' },
	render: { type: 'string' },
	queued: { type: 'string' },
	hidden: { type: 'string' },
	envelope: { type: 'string' },
	'asset-mb': { type: 'string' },
	rate: { type: 'string' },
	callbacks: { type: 'string' },
	quiet: { type: 'boolean' },
	help: { type: 'boolean', short: 'h' },
} as const;

const envelopes = [
	'official-flat',
	'official-lowercase',
	'wrapped',
	'feed-flat',
	'feed-minimal',
	'numeric',
	'numeric-short',
	'numeric-state',
	'output-objects',
	'output-video-url',
	'video-object',
	'plain-url',
	'rotate',
] as const;

function numeric(name: string, value: string | undefined, scale = 1): number | undefined {
	if (value === undefined) return undefined;
	const number = Number(value);
	if (value.trim() === '' || !Number.isFinite(number) || number < 0) throw new Error(`--${name} must be a number`);
	return number * scale;
}

function choice<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T | undefined {
	if (value === undefined) return undefined;
	const found = allowed.find((one) => one === value);
	if (found === undefined) throw new Error(`--${name} must be one of ${allowed.join(', ')}`);
	return found;
}

async function main(): Promise<void> {
	const { values } = parseArgs({ options });
	if (values.help) {
		process.stdout.write(usage);
		return;
	}
	const envelope: EnvelopeChoice | undefined = choice('envelope', values.envelope, envelopes);
	const where = choice('callbacks', values.callbacks, ['loopback', 'any', 'off'] as const);
	const perSecond = numeric('rate', values.rate);
	const say = (line: string) => process.stdout.write(`${line}\n`);
	const api = await startStandIn({
		port: numeric('port', values.port),
		host: values.host,
		publicUrl: values['public-url'],
		apiKey: values.key,
		renderMs: numeric('render', values.render, 1000),
		queuedMs: numeric('queued', values.queued, 1000),
		notVisibleMs: numeric('hidden', values.hidden, 1000),
		envelope,
		assetBytes: numeric('asset-mb', values['asset-mb'], 1_000_000),
		rateLimit: perSecond === undefined ? undefined : { perSecond },
		callbacks: { enabled: where !== 'off', hosts: where === 'any' ? 'any' : 'loopback' },
		log: values.quiet ? undefined : say,
		hold: true,
	});
	say(`Base URL  ${api.url}\nAPI key   ${api.apiKey}`);
	say(`Samples   ${api.url}/samples/harbor.png  ${api.url}/samples/clip.mp4`);
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void api.close());
}

main().catch((error: unknown) => {
	process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
	process.exitCode = 1;
});
