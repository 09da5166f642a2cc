import { createWriteStream, mkdirSync, writeFileSync, type WriteStream } from 'node:fs';
import path from 'node:path';

import {
	cacheFolder,
	type CredentialReference,
	describe,
	freePort,
	installedN8n,
	isPortFree,
	logFileOf,
	type N8n,
	projectRoot,
	startN8n,
} from '../../test/support/n8n';
import { type StandIn, startStandIn } from '../../test/support/standin';
import { keepEarlierLog } from './earlierLogs';
import { makeRegisterKey } from './registerKey';
import { ensureSample, sampleNames } from './samples';
import { StartError } from './startError';
import { State } from './state';
import { findVideo, type VideoFile } from './videoFile';

export { StartError };

const CREDENTIAL_TYPE = 'cometApiRunwayApi';
const LIVE_URL = 'https://api.cometapi.com';
/** The sample whose trigger watches the register of tasks. */
const RESCUE = '24-rescue-whatever-was-paid-for.json';
const VIDEO_TIMEOUT_MS = 20 * 60_000;
const WATCH_MS = 500;

/** Where finished videos go: a folder that is easy to find, and that git ignores. */
const videosFolder = path.join(projectRoot, 'videos');

/** What the script that starts it hands in. */
export interface Input {
	port: number;
	/** Begin with an empty n8n. */
	fresh: boolean;
	/** Use CometAPI itself with this key. @default the stand-in */
	liveKey: string | undefined;
	/** Does a piece of work under a line that shows its progress. */
	step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
	/** Prints a line. */
	say: (line: string) => void;
}

/** The result, as `npm start -- --once` prints it. */
export interface Made extends VideoFile {
	/** How long the workflow ran. */
	seconds: number;
	/** Version of the n8n that ran it. */
	n8n: string;
}

/** A running n8n with everything in place for a first video, and the way to it. */
export class FirstVideo {
	private readonly state: State;
	private standIn: StandIn | undefined;
	private standInLog: WriteStream | undefined;
	private n8n: N8n | undefined;
	private workflowId = '';
	private credentialId: string | undefined;
	private closed: Promise<number> | undefined;

	constructor(private readonly input: Input) {
		// The real key has an n8n of its own, so that nothing that uses the stand-in can ever buy.
		this.state = new State(path.join(cacheFolder, input.liveKey === undefined ? 'start' : 'start-live'));
	}

	/** Finds out what would go wrong later, before anything that takes long. */
	async check(): Promise<void> {
		const { port } = this.input;
		if (!(await isPortFree(port))) {
			const other = await nextFreePort(port);
			throw new StartError(`Port ${port} is in use: choose another one with \`npm start -- --port ${other}\`.`);
		}
	}

	/** Starts everything, runs the first sample to its end, and returns the finished video. */
	async make(): Promise<Made> {
		this.state.open(this.input.fresh);
		mkdirSync(videosFolder, { recursive: true });
		writeFileSync(path.join(videosFolder, '.gitignore'), '*\n');
		const api =
			this.input.liveKey === undefined ? await this.startStandIn() : { url: LIVE_URL, key: this.input.liveKey };
		keepEarlierLog(this.logFile);
		const n8n = await this.input.step(`Starting n8n ${installedN8n().version}`, async () => {
			return await startN8n({
				userFolder: this.state.folder,
				port: this.input.port,
				package: projectRoot,
				fileAccess: [videosFolder],
				withEditor: true,
			});
		});
		this.n8n = n8n;
		const credential = await this.saveCredential(n8n, api);
		// n8n's overview shows the latest first.
		for (const name of sampleNames().reverse()) {
			const cheapest = this.input.liveKey !== undefined;
			const { workflows } = this.state.memory;
			this.workflowId = await ensureSample(n8n, name, workflows, { videos: videosFolder, credential, cheapest });
			workflows[name] = this.workflowId;
		}
		this.state.save();
		return await this.runFirst(n8n);
	}

	/** Tells what there is and what can be done with it. */
	printGuide({ videoFile, bytes }: Made): void {
		const { say, liveKey } = this.input;
		if (this.n8n === undefined) return;
		const { url, email, password } = this.n8n;
		say('');
		say(`The video    ${videoFile} (${Math.round(bytes / 1000)} kB)`);
		say(`The editor   ${url}/workflow/${this.workflowId}`);
		say(`Sign in as   ${email}   password ${password}`);
		say('');
		if (liveKey === undefined) {
			say('Videos come from a stand-in for CometAPI on this machine: nothing is billed. Try next:');
			say('  - Open the workflow, change the prompt, press "Execute workflow", open the node "Runway" for the video.');
			say('  - Put [takes 30 s] into the prompt to see a long wait, or [fail SAFETY.INPUT.TEXT] to see a refusal.');
			say('  - Let a video of one workflow start another one:');
			say('      create a workflow, add "Runway" > "On task succeeded", and publish it;');
			say('      then execute the first workflow. Within a minute, the new one lists an execution with the video.');
			say('  - Rescue a video:');
			say(`      publish  ${url}/workflow/${this.state.memory.workflows[RESCUE]}`);
			say('      then execute the first workflow with [takes 30 s] in its prompt, and stop it while it waits.');
			say('      A minute later, the published workflow lists an execution with the video.');
			say(`  - All tasks are listed in the data table "Runway tasks": ${url}/home/datatables`);
			say('  - The other sample workflows are on the overview page.');
			say('  - COMETAPI_KEY=... npm start -- --live makes a real video, after saying what it buys.');
		} else {
			say('This n8n uses CometAPI itself: every run of a workflow buys a video.');
		}
		say('');
		say('Ctrl-C stops n8n. Workflows and executions are kept for the next start.');
		say(`The log, which names every task: ${path.relative(projectRoot, this.logFile)}`);
	}

	private get logFile(): string {
		return logFileOf(this.state.folder);
	}

	/** Stays until n8n ends by itself, which it shouldn't. Ctrl-C and the like go through {@link close}. */
	async untilClosed(): Promise<number> {
		while (this.closed === undefined) {
			if (this.n8n?.ended !== undefined) {
				throw new StartError(`n8n ended by itself (${this.n8n.ended}); its output is in ${this.n8n.logFile}.`);
			}
			await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
		}
		return await this.closed;
	}

	/** Stops everything that was started and returns the exit code for an orderly end. */
	async close(): Promise<number> {
		this.closed ??= this.stopAll();
		return await this.closed;
	}

	private async stopAll(): Promise<number> {
		if (this.n8n !== undefined) {
			this.input.say('Stopping n8n, which gives executions that run 15 s to end ...');
			await this.forgetLiveKey(this.n8n);
			await this.n8n.stop();
		}
		await this.standIn?.close();
		this.standInLog?.end();
		this.state.close();
		return 0;
	}

	private async startStandIn(): Promise<{ url: string; key: string }> {
		const remembered = this.state.memory.standInPort;
		const port = remembered !== undefined && (await isPortFree(remembered)) ? remembered : await freePort();
		mkdirSync(path.join(cacheFolder, 'logs'), { recursive: true });
		const log = createWriteStream(path.join(cacheFolder, 'logs', 'stand-in.log'));
		this.standInLog = log;
		this.standIn = await startStandIn({ port, log: (line) => log.write(`${line}\n`) });
		this.state.memory.standInPort = port;
		return { url: this.standIn.url, key: this.standIn.apiKey };
	}

	private async saveCredential(n8n: N8n, api: { url: string; key: string }): Promise<CredentialReference> {
		const name = this.input.liveKey === undefined ? 'CometAPI (stand-in)' : 'CometAPI (live)';
		const register = { register: true, n8nUrl: n8n.url, n8nApiKey: await makeRegisterKey(n8n) };
		const credential = { name, type: CREDENTIAL_TYPE, data: { apiKey: api.key, baseUrl: api.url, ...register } };
		const known = (await n8n.credentials()).find(({ id }) => id === this.state.memory.credentialId);
		if (known !== undefined) await n8n.updateCredential(known.id, credential);
		const id = known?.id ?? (await n8n.createCredential(credential));
		this.state.memory.credentialId = id;
		this.credentialId = id;
		return { id, name, type: CREDENTIAL_TYPE };
	}

	/** The key that was lent for one start is not kept on disk. */
	private async forgetLiveKey(n8n: N8n): Promise<void> {
		if (this.input.liveKey === undefined || this.credentialId === undefined || n8n.ended !== undefined) return;
		const data = { apiKey: '', baseUrl: LIVE_URL };
		await n8n
			.updateCredential(this.credentialId, { name: 'CometAPI (live)', type: CREDENTIAL_TYPE, data })
			.catch(() => undefined);
	}

	private async runFirst(n8n: N8n): Promise<Made> {
		const { name } = await n8n.workflow(this.workflowId);
		const execution = await this.input.step(`Running the workflow "${name}"`, async () => {
			return await n8n.runToEnd(this.workflowId, { timeoutMs: VIDEO_TIMEOUT_MS });
		});
		const video = execution.status === 'success' ? await findVideo(n8n, execution, videosFolder) : undefined;
		if (video === undefined) {
			throw new StartError(`The workflow "${name}" made no video. ${describe(execution)}`);
		}
		const seconds = (Date.parse(execution.stoppedAt ?? '') - Date.parse(execution.startedAt)) / 1000;
		return { ...video, seconds, n8n: n8n.version };
	}
}

async function nextFreePort(taken: number): Promise<number> {
	for (let port = taken + 1; port < taken + 50 && port < 65536; port++) {
		if (await isPortFree(port)) return port;
	}
	return await freePort();
}
