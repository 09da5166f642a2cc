import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { N8nClient } from './client';
import { startInMode } from './mode';
import { isAlive } from './processes';
import { cacheFolder, readJson } from './project';

const FOLDER = path.join(cacheFolder, 'shared-n8n');
const START_TIMEOUT_MS = 240_000;
const POLL_MS = 100;

/** How the other test files find the n8n that the first one started. */
interface Note {
	url: string;
	userFolder: string;
	webhookOrigin: string;
	pass: string;
}

/**
 * The n8n that all test files of one jest run share, with this package installed: the first file that asks starts it,
 * the others find it. It ends with the jest process that started it, so no test file stops it.
 */
export async function sharedN8n({ withEditor = false } = {}): Promise<N8nClient> {
	const run = jestProcess();
	clearLeftovers(run);
	const noteFile = path.join(FOLDER, `${run}.json`);
	if (takeTurn(path.join(FOLDER, `${run}.lock`))) return await startShared(noteFile, run, withEditor);
	const deadline = Date.now() + START_TIMEOUT_MS;
	while (!existsSync(noteFile)) {
		if (Date.now() > deadline) throw new Error('The n8n that the tests share did not start');
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
	}
	const note = readJson<Note | { failure: string }>(noteFile);
	if ('failure' in note) throw new Error(`The n8n that the tests share did not start: ${note.failure}`);
	const client = new N8nClient(note.url, note.userFolder);
	client.webhookOrigin = note.webhookOrigin;
	await client.goOn(note.pass);
	return client;
}

async function startShared(noteFile: string, run: number, withEditor: boolean): Promise<N8nClient> {
	try {
		const { n8n } = await startInMode({ userFolder: path.join(FOLDER, `${run}`), withEditor });
		const { url, userFolder, webhookOrigin, pass } = n8n;
		writeNote(noteFile, { url, userFolder, webhookOrigin, pass });
		return n8n;
	} catch (error) {
		writeNote(noteFile, { failure: error instanceof Error ? error.message : String(error) });
		throw error;
	}
}

/** Moved into place when it is whole, so that nobody reads half of it. */
function writeNote(file: string, content: Note | { failure: string }): void {
	writeFileSync(`${file}.part`, JSON.stringify(content));
	renameSync(`${file}.part`, file);
}

/** Whether this is the first to ask. */
function takeTurn(lockFile: string): boolean {
	try {
		closeSync(openSync(lockFile, 'wx'));
		return true;
	} catch {
		return false;
	}
}

/** The process that one jest run has in common, as jest.config.mjs notes it. */
function jestProcess(): number {
	return Number(process.env.JEST_RUN_PID);
}

function clearLeftovers(run: number): void {
	mkdirSync(FOLDER, { recursive: true });
	for (const name of readdirSync(FOLDER)) {
		const owner = Number.parseInt(name, 10);
		if (owner !== run && !isAlive(owner)) {
			rmSync(path.join(FOLDER, name), { recursive: true, force: true, maxRetries: 3 });
		}
	}
}
