import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

const KEPT = 20;

/**
 * Moves the log of an earlier start aside, since n8n begins a new one: after a crash, it alone names the tasks that had been
 * paid for. The latest {@link KEPT} are kept, in the folder `earlier` beside it.
 */
export function keepEarlierLog(logFile: string): void {
	if (!existsSync(logFile)) return;
	const folder = path.join(path.dirname(logFile), 'earlier');
	mkdirSync(folder, { recursive: true });
	const { name, ext } = path.parse(logFile);
	const time = statSync(logFile).mtime.toISOString().replace(/[:.]/g, '-');
	renameSync(logFile, path.join(folder, `${name}.${time}${ext}`));
	const kept = readdirSync(folder)
		.filter((file) => file.startsWith(`${name}.`))
		.sort();
	for (const file of kept.slice(0, -KEPT)) rmSync(path.join(folder, file));
}
