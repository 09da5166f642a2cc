import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { explainOutcome } from '../../../nodes/Runway/batch/explainOutcome';
import type { Outcome } from '../../../nodes/Runway/batch/job';
import { explain } from '../../../nodes/shared/api/explain';
import type { Problem } from '../../../nodes/shared/api/problem';
import { rulings } from '../../../nodes/shared/judgement/judge';
import type { Reason } from '../../../nodes/shared/judgement/reason';
import type { KnownTask, TaskState } from '../../../nodes/shared/task/task';
import { taskState } from '../../support/taskState';

const root = path.join(__dirname, '../../..');
const page = readFileSync(path.join(root, 'docs/troubleshooting.md'), 'utf8');
/** Without the section about words of n8n itself, which it says while it lacks our code. */
const ours = page.replace(/^## When the node can't be found$[^]*?(?=^## )/m, '');
const entries = [...ours.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading ?? '');

/** Whether a text is what a heading stands for, in which … is anything. */
function isAbout(heading: string, text: string): boolean {
	const pattern = heading
		.split('…')
		.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
		.join('[^]*');
	return new RegExp(`^${pattern}$`).test(text);
}

const problem = (reason: Reason): Problem => ({
	reason,
	message: 'm',
	status: 400,
	code: 'c',
	requestId: 'r',
	excerpt: null,
	fields: [],
});
const reasons = Object.keys(rulings) as Reason[];

const state = (status: TaskState['status']): TaskState => taskState({ taskId: 't', status });
const task = (
	status: TaskState['status'] | null,
	createdAt: string | null = '2026-05-04T08:15:22.417Z',
): KnownTask => ({
	taskId: 't',
	api: 'official',
	state: status === null ? null : state(status),
	createdAt,
});

/** Every way in which a job can end without a result, which the compiler holds complete, in all wordings. */
const outcomes: {
	[Kind in Exclude<Outcome['kind'], 'created' | 'finished' | 'unresolved'>]: Array<Extract<Outcome, { kind: Kind }>>;
} = {
	failed: [
		{ kind: 'failed', task: task('failed') },
		{ kind: 'failed', task: task('cancelled') },
	],
	noResult: [{ kind: 'noResult', task: task('succeeded') }],
	noFile: [{ kind: 'noFile', task: task('succeeded'), reason: 'r', advice: 'a' }],
	unfinished: [
		{ kind: 'unfinished', task: task('running'), waitedMs: 0, trouble: null },
		{ kind: 'unfinished', task: task(null), waitedMs: 0, trouble: null },
		{ kind: 'unfinished', task: task('running'), waitedMs: 9000, trouble: null },
		{ kind: 'unfinished', task: task('unknown'), waitedMs: 9000, trouble: null },
		{ kind: 'unfinished', task: task(null), waitedMs: 9000, trouble: problem('server') },
	],
	absent: [
		{ kind: 'absent', task: task(null, null) },
		{ kind: 'absent', task: task('running') },
	],
	unreadable: [
		{ kind: 'unreadable', task: task(null), problem: problem('auth'), row: { answers: 4, ms: 17_000 } },
		{ kind: 'unreadable', task: task(null), problem: problem('unreadable'), row: null },
	],
	invalid: [
		{
			kind: 'invalid',
			faults: [{ parameter: 'p', label: 'Prompt', found: { value: '' }, expected: 'must not be empty' }],
		},
	],
	notRead: [
		{ kind: 'notRead', problem: problem('auth'), wanted: 'account' },
		...reasons.map((reason) => ({
			kind: 'notRead' as const,
			problem: problem(reason),
			wanted: 'accountTasks' as const,
		})),
	],
	overLimit: [
		{
			kind: 'overLimit',
			message: 'This run would create 3 tasks, more than Max Tasks Per Run allows (2)',
			advice: 'a',
		},
		{
			kind: 'overLimit',
			message: 'The CometAPI account has 1 USD left, less than Minimum Balance (2 USD)',
			advice: 'a',
		},
		{ kind: 'overLimit', message: 'The API key "k" has 1 USD left, less than Minimum Balance (2 USD)', advice: 'a' },
		{ kind: 'overLimit', message: "Minimum Balance can't be checked, so no task was created. m", advice: 'a' },
	],
	noRegister: [
		{ kind: 'noRegister', message: 'The register of tasks is not switched on', advice: '' },
		{ kind: 'noRegister', message: 'The register of tasks does not answer', advice: '' },
	],
	notCreated: [
		{ kind: 'notCreated', problem: problem('balance'), remarks: [] },
		{ kind: 'notCreated', problem: { ...problem('modelUnavailable'), model: 'gen4.5' }, remarks: [] },
	],
	maybeCreated: [{ kind: 'maybeCreated', problem: problem('network') }],
	notSent: [{ kind: 'notSent' }, { kind: 'notSent', because: problem('auth') }],
	leftRunning: [{ kind: 'leftRunning', task: task('running') }],
};

function sources(): string {
	return ['nodes', 'credentials']
		.flatMap((folder) =>
			readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
				.filter((file) => file.endsWith('.ts'))
				.map((file) => readFileSync(path.join(root, folder, file), 'utf8')),
		)
		.join('\n');
}

describe('The page about troubleshooting', () => {
	it.each(reasons)('has an entry for the words about "%s"', (reason) => {
		const { message } = explain(problem(reason), 'create');
		expect([message, entries.filter((entry) => isAbout(entry, message))]).toEqual([message, [expect.any(String)]]);
	});

	it.each(Object.entries(outcomes))('has an entry for every wording about "%s"', (_, all) => {
		for (const outcome of all) {
			const { message } = explainOutcome(outcome);
			expect([message, entries.filter((entry) => isAbout(entry, message))]).toEqual([message, [expect.any(String)]]);
		}
	});

	it('has entries only for texts that the code still has, and for codes of the network', () => {
		const code = sources();
		const gone = entries
			.filter((entry) => !/^[A-Z_, ]+$/.test(entry))
			.filter((entry) => !entry.split('…').every((part) => code.includes(part.trim().replace(/^"|[":]$/g, ''))));
		expect(gone).toEqual([]);
	});

	it('says under every entry what to do', () => {
		const [, ...sections] = page.split(/^### .+$/m);
		for (const section of sections) expect(section.split(/^## /m)[0]?.trim().length).toBeGreaterThan(30);
	});
});
