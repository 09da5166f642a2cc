import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { INodeProperties } from 'n8n-workflow';

import { keyJson } from '../../nodes/Runway/batch/balance';
import { listedRow } from '../../nodes/Runway/batch/list';
import { operations } from '../../nodes/Runway/operations/index';
import type { Operation } from '../../nodes/Runway/operations/operation';
import { properties } from '../../nodes/Runway/operations/panel';
import { callbackFields } from '../../nodes/RunwayCallbackTrigger/fields';
import { watchFields } from '../../nodes/RunwayTrigger/fields';
import { readBalance } from '../../nodes/shared/api/balance';
import { readKey } from '../../nodes/shared/api/keyUsage';
import { taskJson } from '../../nodes/shared/item/output';
import { optionsField, runOptions } from '../../nodes/shared/panel/options';
import { labelledParameters } from '../../nodes/shared/parameters/check';
import type { KnownTask } from '../../nodes/shared/task/task';
import { limitTable, reasonTable } from './judgement';
import { fieldTable } from './tables';

/**
 * The pages of the documentation are written by hand, but for what stands between two comments of a name: that is
 * made here from the code, by `npm run docs`, and a test holds that it is up to date.
 */

const root = path.join(__dirname, '../..');

/** The page of an operation, below the project's folder. */
export function pageOf({ resource, value }: Pick<Operation, 'resource' | 'value'>): string {
	return `docs/operations/${resource}-${value}.md`;
}

/** What a page holds, and what it should hold. */
export interface Page {
	file: string;
	present: string;
	wanted: string;
}

/** All pages that have parts made from the code. */
export function pages(): Page[] {
	const made: Array<[file: string, sections: Record<string, string>]> = [
		...operations.map((operation): [string, Record<string, string>] => [
			pageOf(operation),
			{ fields: fieldTable(fieldsOf(operation)), output: json(sampleOutput(operation)) },
		]),
		[
			'docs/options.md',
			{ create: optionTable([...runOptions.create, ...runOptions.callback]), task: optionTable(runOptions.wait) },
		],
		[
			'docs/triggers.md',
			{
				watch: fieldTable(watchFields),
				callback: fieldTable(callbackFields),
			},
		],
		['docs/README.md', { operations: operationList() }],
		['docs/judgement.md', { reasons: reasonTable(), limits: limitTable() }],
	];
	return made.map(([file, sections]) => {
		const present = readFileSync(path.join(root, file), 'utf8');
		const wanted = Object.entries(sections).reduce(
			(text, [name, body]) => withSection(file, text, name, body),
			present,
		);
		return { file, present, wanted };
	});
}

function withSection(file: string, text: string, name: string, body: string): string {
	const begin = `<!-- ${name}: written by npm run docs -->`;
	const end = `<!-- end of ${name} -->`;
	const [before, rest] = text.split(begin);
	const after = rest?.split(end)[1];
	if (before === undefined || after === undefined) throw new Error(`${file} has no section "${name}".`);
	return `${before}${begin}\n\n${body.trim()}\n\n${end}${after}`;
}

/** The fields of an operation, whatever else is chosen, and its own options; those of all operations have a page of their own. */
function fieldsOf(operation: Operation): INodeProperties[] {
	const { resource, value, fields } = operation;
	const ownOptions = labelledParameters(operation).slice(fields.length);
	const isOfOperation = ({ displayOptions }: INodeProperties) => {
		const { resource: resources = [resource], operation: values = [value] } = displayOptions?.show ?? {};
		return resources.includes(resource) && values.includes(value);
	};
	return [
		...properties.filter((field) => !['resource', 'operation', 'options'].includes(field.name) && isOfOperation(field)),
		...ownOptions,
	];
}

function optionTable(options: readonly INodeProperties[]): string {
	return fieldTable(optionsField(options).options as INodeProperties[]);
}

function operationList(): string {
	const title = '| Operation | What it does |\n| --- | --- |\n';
	return (
		title +
		operations
			.map((operation) => {
				const resource = operation.resource.replace(/^./, (letter) => letter.toUpperCase());
				const link = `operations/${path.basename(pageOf(operation))}`;
				return `| [${resource} → ${operation.name}](${link}) | ${operation.description} |\n`;
			})
			.join('')
	);
}

const VIDEO_URL = 'https://cdn.example.com/result.mp4?…';
const IMAGE_URL = 'https://cdn.example.com/result.png?…';

/** What the item of an operation looks like, made by the code that makes the real ones. */
function sampleOutput(operation: Operation): unknown {
	if (operation.kind === 'account') {
		const key = readKey(payload('usage-token'), 0);
		return { ...readBalance(payload('balance-quota-daily')), key: keyJson(key) };
	}
	if (operation.kind === 'list') return sampleRow();
	const produces = operation.kind === 'create' ? operation.produces : null;
	const api = operation.kind === 'create' ? operation.api : 'official';
	const isImage = produces === 'image';
	const isCompatibility = api === 'compatibility';
	const task: KnownTask = {
		taskId: '7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa',
		api,
		createdAt: null,
		state: {
			taskId: '7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa',
			status: 'succeeded',
			rawStatus: 'SUCCEEDED',
			progress: 100,
			videoUrl: isImage ? null : VIDEO_URL,
			imageUrl: isImage ? IMAGE_URL : null,
			posterUrl: isCompatibility ? 'https://cdn.example.com/poster.jpg?…' : null,
			lastFrameUrl: isCompatibility ? 'https://cdn.example.com/last-frame.jpg?…' : null,
			assetUrls: [isImage ? IMAGE_URL : VIDEO_URL],
			failure: null,
			cost: isCompatibility
				? { amount: 320, unit: 'points', refunded: false }
				: { amount: 25, unit: 'credits', refunded: null },
			submittedAt: '2026-05-04T08:15:22.417Z',
			startedAt: null,
			finishedAt: isCompatibility ? '2026-05-04T08:17:40.000Z' : null,
			raw: null,
		},
	};
	const ratio = operation.fields.some(({ name }) => name === 'ratio') ? '1280:720' : null;
	const made = operation.kind === 'create' ? { model: operation.models[0] ?? null, ratio, attempts: 1 } : undefined;
	return taskJson(task, operation.value, produces, false, made);
}

/** An answer as CometAPI's documentation shows it. */
function payload(name: string): unknown {
	return JSON.parse(readFileSync(path.join(root, `test/payloads/${name}.json`), 'utf8')) as unknown;
}

/** What an item of a list looks like. */
function sampleRow(): unknown {
	const row = {
		id: 1,
		updatedAt: '2026-05-04T08:17:41.000Z',
		requestId: '3f0c9d52-7a1e-4b60-8c11-5e2f9a7d4b13',
		taskId: '7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa',
		api: 'official',
		status: 'succeeded',
		operation: 'imageToVideo',
		model: 'gen4_turbo',
		prompt: 'slow push-in, waves rolling',
		workflowId: 'Wb3kLpQ7sT1xYz90',
		workflowName: 'Product clips',
		executionId: '1042',
		nodeName: 'Runway',
		runIndex: 0,
		itemIndex: 0,
		fingerprint: '',
		credentialId: '',
		createdTime: '2026-05-04T08:15:22.417Z',
		endedTime: '2026-05-04T08:17:40.000Z',
		cost: '25 credits',
		failure: null,
		delivered: true,
		resumeUrl: null,
	} as const;
	return listedRow(row);
}

function json(value: unknown): string {
	return `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;
}

/** Every Markdown file of the documentation, below the project's folder. */
export function markdownFiles(): string[] {
	const below = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' });
	return below.filter((file) => file.endsWith('.md')).map((file) => `docs/${file.split(path.sep).join('/')}`);
}
