import { type Aim, type Findings, format, type Report, type Section, type Tools } from './section';

export interface BenchOptions extends Pick<Tools, 'long' | 'step'> {
	say: (line: string) => void;
}

/** Measures sections and prints what each of them, and each of their parts, has found as soon as it is known. */
export class Bench {
	private readonly open = new Set<() => Promise<void>>();

	constructor(
		private readonly sections: readonly Section[],
		private readonly options: BenchOptions,
	) {}

	/** Measures the named sections; a slow result is a result, so only what can't be measured makes exit code 1. */
	async run(names: readonly string[]): Promise<number> {
		const { long, step, say } = this.options;
		const lines: string[] = [];
		let allMeasured = true;
		for (const { name, title, measure } of this.sections.filter((section) => names.includes(section.name))) {
			const add = (line: string) => lines.push(`${name.padEnd(10)} ${line}`);
			const print = ({ tables, aims }: Findings) => {
				for (const table of tables) say(`\n${format(table)}`);
				for (const aim of aims) add(summary(aim));
			};
			const failed = (what: string, error: unknown) => {
				say(`${what} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
				add(`not measured  ${what}`);
				allMeasured = false;
			};
			const tools: Tools = {
				long,
				step,
				closeLater: (close) => this.closeLater(close),
				async part(partTitle, work, findings) {
					try {
						const found = await step(partTitle, work);
						print(findings(found));
						return found;
					} catch (error) {
						failed(partTitle, error);
						return null;
					}
				},
			};
			say(`\n== ${name}: ${title}`);
			const report = await measure(tools).catch((error: unknown): Report | null => {
				failed(title, error);
				return null;
			});
			await this.close();
			if (report === null) continue;
			say(`\n${report.how}`);
			print(report);
		}
		say('\n== aims');
		for (const line of lines) say(line);
		return allMeasured ? 0 : 1;
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

function summary({ aim, found, met }: Aim): string {
	return `${met ? 'met   ' : 'missed'}  ${aim}: ${found}`;
}
