import path from 'node:path';

import type { CellReport } from './cell';
import type { Row } from './faults';
import { plansOf, type Matrix } from './matrix';
import { columns } from './operations';

/** The matrix as people read it. */

export const documentFile = path.resolve(__dirname, '../../../docs/fault-matrix.md');

const intro = `# Fault matrix

What the Runway node does when something goes wrong, measured in n8n's own engine against a stand-in for CometAPI. Written by
\`npm run matrix\`; do not edit.

Each cell ran for every operation of its column, for two items; the second one meets the fault. Most rows ran with each
setting under *On Error* (stop, continue, continue with the error output); to save time, with *Stop* alone ran all rows "three times",
those of pages that are read for good, and further wordings of a refusal. HTTP and the stand-in kept real time; the node's own
pauses were skipped, but counted, so that refusals could last for as long as
[the table of judgement](judgement.md) bears them.

Every cell was also held against these rules: no create is sent again if it may have been accepted, nor after a refusal that
concerns the account; every task that CometAPI has told of is in the outputs or in the error, and in the execution's custom data; no
API key and no signed query is in an error, item, hint or log, and the key goes to no host of files; the error names the item, says what
to do, calls no key wrong that is not, and invites nobody to pay again for a task that exists; the other item is not harmed.

*Create, sleeping* stands for *When CometAPI Calls Back*: the execution is called back about every task. The triggers watch two
tasks. *Runway Trigger* polls up to five times before the fault is taken away; *Runway Callback Trigger* is called three times about
each task. Each event came out once, and each execution woke up once.

| In a cell | With *Stop* | With *Continue* and the error output |
| --- | --- | --- |
| delivered | the result, as if nothing had happened | the same |
| later | the result, once the fault has passed; until then the execution sleeps on, or the trigger asks again | |
| without file | the item with its URLs and a \`downloadError\` | the same |
| not created | an error: nothing was created, nothing billed | an error item |
| unknown | an error: a task may have been created, and is not created again | an error item |
| task named | an error with the task's id and how to fetch it | an error item |
| error | an error where no task is concerned | an error item |
`;

/**
 * The text of docs/fault-matrix.md: a table for each section, then the words that users read.
 *
 * @param before the text so far, which sections keep whose rows did not run
 */
export function toDocument({ rows, ran, cells }: Matrix, before: string): string {
	const sections = [...new Set(rows.map(({ section }) => section))].map((section) =>
		ran.some((row) => row.section === section)
			? sectionLines(section, ran, cells).join('\n')
			: (before.split(/^(?=## )/m).find((text) => text.startsWith(`## ${section}\n`)) ?? ''),
	);
	const texts = [intro, `${plansOf(rows).length} cells.`, ...sections].map((text) => text.trim());
	return `${texts.join('\n\n')}\n`;
}

function sectionLines(section: string, all: readonly Row[], cells: readonly CellReport[]): string[] {
	const ofSection = all.filter((row) => row.section === section);
	const shown = columns.filter((column) => ofSection.some(({ expected }) => expected[column] !== undefined));
	const lines = ofSection.map((row) => {
		const ofRow = cells.filter((cell) => cell.row === row);
		return [
			row.title,
			...shown.map((column) => cellText(ofRow.filter(({ operation }) => operation.column === column))),
		];
	});
	const words = ofSection.flatMap((row) => {
		const said = cells.filter((cell) => cell.row === row && cell.message !== '');
		// With Continue, an error says nothing of other items.
		const first = said.find(({ onError }) => onError !== 'stopWorkflow') ?? said[0];
		return first === undefined ? [] : [[row.title, plain(first.message), plain(first.advice)]];
	});
	return [
		`## ${section}`,
		'',
		...table(['Fault', ...shown], lines),
		'',
		...(words.length === 0 ? [] : [...table(['Fault', 'What happened', 'What to do'], words), '']),
	];
}

/** What all cells of a place in the table came to; they differ only where something is wrong. */
function cellText(cells: readonly CellReport[]): string {
	const texts = cells.map(({ outcome, creates, operation, violations }) => {
		const sent = operation.creates ? `, ${creates} create${creates === 1 ? '' : 's'}` : '';
		return `${outcome}${sent}${violations.length === 0 ? '' : ` (wrong: ${violations.join('; ')})`}`;
	});
	return [...new Set(texts)].join(' / ') || '–';
}

function table(head: readonly string[], lines: ReadonlyArray<readonly string[]>): string[] {
	const line = (texts: readonly string[]) => `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
	return [line(head), line(head.map(() => '---')), ...lines.map(line)];
}

/** Without what differs from run to run, so that the file changes only where the behaviour does. */
function plain(text: string): string {
	return (
		text
			.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '‹task ID›')
			.replace(/\d+StandIn/g, '‹id›')
			.replace(/(can't be reached: ).*?(?=\. |\.?$)/, '$1‹the network’s words›')
			.replace(/(could not be downloaded: |can't be fetched: )(?!the )[^.]*/, '$1‹the network’s words›')
			.replace(/, code E[A-Z]+|\(code E[A-Z_]+\)/g, '')
			// What became of the other items.
			.replace(/<br>.*$/, '')
			.replace(/\d+ tries in a row failed, over \d+ seconds?\b/g, '‹n› tries in a row failed, over ‹n› seconds')
			.replace(/\d+ seconds?\b/g, 'the time limit')
			.replace(/\s+/g, ' ')
			.trim()
	);
}
