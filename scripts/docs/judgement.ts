import { explain } from '../../nodes/shared/api/explain';
import {
	judge,
	limits,
	longestDelayMs,
	rulings,
	type Kind,
	type Question,
	type Row,
} from '../../nodes/shared/judgement/judge';
import type { Reason } from '../../nodes/shared/judgement/reason';

/** The table of judgement in Markdown, made from the table that the nodes use. */

const kinds: Readonly<Record<Kind, string>> = {
	passing: 'Passing trouble',
	account: 'The key or the account is refused',
	page: 'A page or a redirect in place of an answer',
	refusal: 'The request is refused',
	absence: 'The task is not known',
};

const questions: Readonly<Record<Exclude<Question, 'create'>, string>> = {
	readSeen: 'A task that was read before',
	readNamed: 'A task that was accepted, or that you name in Task → Wait',
	lookUp: 'Task → Get, Task → Download',
	readCalled: 'A task that a callback names',
	poll: 'Runway Trigger, a task not seen yet',
	pollSeen: 'Runway Trigger, a task seen before',
	account: 'Balance, lists',
	file: 'A finished file',
};

/** One row for each reason: what it is called, and what it means for a create. */
export function reasonTable(): string {
	const rows = (Object.keys(rulings) as Reason[]).map((reason) => {
		const { kind, concernsAll, mayHaveCreated, create } = rulings[reason];
		const problem = { reason, message: '', status: null, code: null, requestId: null, excerpt: null, fields: [] };
		const words = explain(problem, 'create').message;
		const created = mayHaveCreated
			? 'may exist and be billed: never sent again'
			: `does not exist: ${afterCreate(create)}`;
		// No create is answered so.
		if (kind === 'absence') return `| \`${reason}\` | ${words} | ${kinds[kind]} | – | – |`;
		const others =
			judge('create', reason, { answers: 1, ms: 0 }) === 'endRun'
				? 'no further one is sent'
				: concernsAll
					? 'all wait'
					: 'are sent';
		return `| \`${reason}\` | ${words} | ${kinds[kind]} | ${created} | ${others} |`;
	});
	return [
		'| Reason | What you read | Kind | After a create, its task | Other creates |',
		'| --- | --- | --- | --- | --- |',
		...rows,
	].join('\n');
}

function afterCreate({ answers }: Row): string {
	if (answers === 1) return 'the item ends';
	return answers === Number.POSITIVE_INFINITY ? 'sent again until the time limit' : `sent up to ${answers} times`;
}

/** One row for each kind of trouble: how long it is borne, by what was asked. */
export function limitTable(): string {
	const columns = Object.keys(questions) as Array<Exclude<Question, 'create'>>;
	const rows = (Object.keys(limits) as Kind[]).map((kind) => {
		const cells = columns.map((question) => inWords(limits[kind][question]));
		return `| ${kinds[kind]} | ${cells.join(' | ')} | ${pause(longestDelayMs[kind])} |`;
	});
	return [
		`| Trouble | ${columns.map((question) => questions[question]).join(' | ')} | Pause between tries |`,
		`| --- | ${columns.map(() => '---').join(' | ')} | --- |`,
		...rows,
	].join('\n');
}

function inWords({ answers, ms }: Row): string {
	if (answers === Number.POSITIVE_INFINITY) return 'until the time limit';
	const times = answers === 1 ? 'once' : `${answers} times in a row`;
	return ms === 0 ? times : `${times}, over ${duration(ms)}`;
}

function duration(ms: number): string {
	const seconds = ms / 1000;
	if (seconds >= 3600) return `${seconds / 3600} h`;
	return seconds >= 120 ? `${seconds / 60} min` : `${seconds} s`;
}

function pause(ms: number): string {
	return ms === 0 ? 'as if all were well' : `1 s, doubling up to ${ms / 1000} s`;
}
