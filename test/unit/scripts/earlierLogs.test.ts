import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { keepEarlierLog } from '../../../scripts/start/earlierLogs';

describe("n8n's log of an earlier start", () => {
	let folder: string;
	let log: string;
	beforeEach(() => {
		folder = mkdtempSync(path.join(tmpdir(), 'runway-logs-'));
		log = path.join(folder, 'start.log');
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	const start = (minute: number) => {
		keepEarlierLog(log);
		writeFileSync(log, `Runway task ${minute} created`);
		utimesSync(log, minute * 60, minute * 60);
	};
	const earlier = () => readdirSync(path.join(folder, 'earlier')).sort();

	it('is kept under the time at which it ended', () => {
		start(1);
		start(2);
		start(3);
		expect(earlier()).toEqual(['start.1970-01-01T00-01-00-000Z.log', 'start.1970-01-01T00-02-00-000Z.log']);
		expect(readFileSync(path.join(folder, 'earlier', earlier()[0] ?? ''), 'utf8')).toBe('Runway task 1 created');
		expect(readFileSync(log, 'utf8')).toBe('Runway task 3 created');
	});

	it('goes when twenty newer ones are there, which does not concern other logs', () => {
		writeFileSync(path.join(folder, 'start-live.log'), '');
		keepEarlierLog(path.join(folder, 'start-live.log'));
		for (let minute = 1; minute <= 23; minute += 1) start(minute);
		expect(earlier().filter((name) => name.startsWith('start.'))).toHaveLength(20);
		expect(earlier()).not.toContain('start.1970-01-01T00-02-00-000Z.log');
		expect(earlier()).toContain('start.1970-01-01T00-03-00-000Z.log');
		expect(earlier().filter((name) => name.startsWith('start-live.'))).toHaveLength(1);
	});
});
