import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { listedRow, listedTask } from '../../../nodes/Runway/batch/list';
import { operations } from '../../../nodes/Runway/operations/index';
import { keyJson } from '../../../nodes/Runway/batch/balance';
import { readBalance } from '../../../nodes/shared/api/balance';
import { readKey } from '../../../nodes/shared/api/keyUsage';
import { taskJson } from '../../../nodes/shared/item/output';
import { readTask } from '../../../nodes/shared/task/parse';
import { taskRow } from '../../support/taskRow';

/** What n8n's editor offers to the next node before anything has run. */

const root = path.join(__dirname, '../../..');

interface Schema {
	type: string;
	properties?: Record<string, Schema>;
	items?: Schema;
}

const {
	task,
	listedTask: listed,
	balance,
} = createRequire(__filename)(path.join(root, 'scripts/lib/schemas.cjs')) as {
	task: Schema;
	listedTask: Schema;
	balance: Schema;
};

const payload = (name: string) =>
	JSON.parse(readFileSync(path.join(root, 'test/payloads', `${name}.json`), 'utf8')) as unknown;

/** Where a value is not as its schema says; null is allowed, as n8n's own schemas leave it out. */
function differences(value: unknown, schema: Schema, at = '$'): string[] {
	if (value === null) return [];
	const type = Array.isArray(value) ? 'array' : typeof value;
	if (type !== schema.type) return [`${at} is ${type}`];
	if (Array.isArray(value)) {
		return value.flatMap((entry, index) => differences(entry, schema.items ?? { type: 'none' }, `${at}[${index}]`));
	}
	if (typeof value !== 'object') return [];
	const names = Object.keys(schema.properties ?? {});
	const found = Object.keys(value as object);
	return [
		...found.filter((name) => !names.includes(name)).map((name) => `${at}.${name} is not in the schema`),
		...names.filter((name) => !found.includes(name)).map((name) => `${at}.${name} is missing`),
		...Object.entries(value as object).flatMap(([name, inner]) =>
			differences(inner, schema.properties?.[name] ?? { type: typeof inner }, `${at}.${name}`),
		),
	];
}

describe('The schemas of what comes out', () => {
	it.each([
		'task-official-succeeded-images',
		'task-official-failed',
		'task-wrapped-success-output',
		'callback-2-failed',
	])('describe the item about a task: %s', (name) => {
		const reading = readTask(payload(name));
		if (reading.kind !== 'task') throw new Error('The payload is no task');
		const known = { taskId: 'id', api: 'official', state: reading.state, createdAt: null } as const;
		expect(differences(taskJson(known, 'upscale', 'video', false), task)).toEqual([]);
	});

	it('describe the item of a list, whether of the register or of the account', () => {
		const row = { ...taskRow({ requestId: 'r', taskId: 't' }), id: 1, updatedAt: '2026-05-04T08:17:41.000Z' };
		expect(differences(listedRow(row), listed)).toEqual([]);
		const reading = readTask(payload('task-official-succeeded-images'));
		if (reading.kind !== 'task') throw new Error('The payload is no task');
		const { state } = reading;
		const of = { taskId: 'id', state, submittedAt: null, action: null, model: null, prompt: null };
		expect(differences(listedTask(of), listed)).toEqual([]);
	});

	it('describe the item about an account', () => {
		const key = keyJson(readKey(payload('usage-token'), 0));
		expect(differences({ ...readBalance(payload('balance-quota-daily')), key }, balance)).toEqual([]);
	});

	it('lie where n8n looks for them, for every operation and every trigger', () => {
		const folder = (node: string) => path.join(root, 'dist/nodes', node, '__schema__');
		const files = [
			...operations.map(({ resource, value }) => path.join(folder('Runway'), 'v1.0.0', resource, `${value}.json`)),
			...['RunwayTrigger', 'RunwayCallbackTrigger'].map((node) => path.join(folder(node), 'v1.0.0.json')),
		];
		for (const file of files) {
			expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ type: 'object', version: 1 });
		}
	});
});
