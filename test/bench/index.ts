import { format, type Aim, type Report, type Section, type Tools } from './section';
import { batch } from './sections/batch';
import { cadence } from './sections/cadence';
import { executions } from './sections/executions';
import { load } from './sections/load';
import { loop } from './sections/loop';
import { memory } from './sections/memory';
import { register } from './sections/register';

/** The benchmark behind `npm run bench`. */

const sections: readonly Section[] = [cadence, batch, memory, loop, executions, register, load];

export const sectionNames = sections.map(({ name }) => name);

export interface BenchOptions extends Pick<Tools, 'long' | 'step'> {
	say: (line: string) => void;
}

export class Bench {
	private readonly open = new Set<() => Promise<void>>();

	constructor(private readonly options: BenchOptions) {}

	/** Measures the named sections; a slow result is a result, so only what can't be measured makes exit code 1. */
	async run(names: readonly string[]): Promise<number> {
		const { long, step, say } = this.options;
		const tools: Tools = { long, step, closeLater: (close) => this.closeLater(close) };
		const found: Array<{ name: string; report: Report | null }> = [];
		for (const { name, title, measure } of sections.filter((section) => names.includes(section.name))) {
			say(`\n== ${name}: ${title}`);
			const report = await measure(tools).catch((error: unknown) => {
				say(`This could not be measured: ${error instanceof Error ? error.message : String(error)}`);
				return null;
			});
			await this.close();
			found.push({ name, report });
			if (report === null) continue;
			say(`\n${report.how}`);
			for (const table of report.tables) say(`\n${format(table)}`);
		}
		say('\n== aims');
		for (const { name, report } of found) for (const line of summary(name, report?.aims ?? null)) say(line);
		return found.every(({ report }) => report !== null) ? 0 : 1;
	}

	/** Ends everything that a section has started. */
	async close(): Promise<void> {
		await Promise.all([...this.open].map(async (close) => await close()));
	}

	private closeLater(close: () => Promise<void>): () => Promise<void> {
		const once = async () => {
			if (this.open.delete(once)) await close();
		};
		this.open.add(once);
		return once;
	}
}

/** One line for each aim. */
function summary(name: string, aims: Aim[] | null): string[] {
	const label = name.padEnd(10);
	if (aims === null) return [`${label} not measured`];
	return aims.map(({ aim, found, met }) => `${label} ${met ? 'met   ' : 'missed'}  ${aim}: ${found}`);
}
