import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { readJson } from '../../test/support/n8n';
import { isAlive } from '../../test/support/n8n/processes';
import { StartError } from './startError';

/** What is remembered from one start to the next. */
interface Memory {
	credentialId?: string;
	standInPort?: number;
	/** Ids of the imported samples, by file name. */
	workflows: Record<string, string>;
}

/** The folder that one n8n keeps everything in from start to start, and what else is remembered with it. */
export class State {
	memory: Memory = { workflows: {} };

	constructor(readonly folder: string) {}

	/** Takes the folder for this process, empties it if asked, and reads what is remembered. */
	open(fresh: boolean): void {
		const owner = existsSync(this.ownerFile) ? readJson<{ pid: number }>(this.ownerFile).pid : undefined;
		if (owner !== undefined && owner !== process.pid && isAlive(owner)) {
			throw new StartError(`\`npm start\` is running already (process ${owner}): stop that one first.`);
		}
		if (fresh) rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
		mkdirSync(this.folder, { recursive: true });
		writeFileSync(this.ownerFile, JSON.stringify({ pid: process.pid }));
		// Without n8n's database what is remembered means nothing.
		const known = existsSync(this.memoryFile) && existsSync(path.join(this.folder, '.n8n', 'database.sqlite'));
		if (known) this.memory = readJson<Memory>(this.memoryFile);
	}

	/** Remembers what changed. */
	save(): void {
		writeFileSync(this.memoryFile, JSON.stringify(this.memory, null, 2));
	}

	/** Lets another process have the folder. */
	close(): void {
		rmSync(this.ownerFile, { force: true });
	}

	private get ownerFile(): string {
		return path.join(this.folder, 'owner.json');
	}

	private get memoryFile(): string {
		return path.join(this.folder, 'memory.json');
	}
}
