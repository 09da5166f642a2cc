import { Bench } from '../../bench/bench';
import type { Findings, Section } from '../../bench/section';

/** What `npm run bench` prints, and when. */

const findings = (found: string): Findings => ({
	tables: [{ head: ['found'], rows: [[found]] }],
	aims: [{ aim: `the aim of ${found}`, found, met: true }],
});

const section = (measure: Section['measure']): Section => ({ name: 'load', title: 'a load', measure });

/** Measures a section; `lines` has what was printed so far. */
async function run(
	measure: (tools: Parameters<Section['measure']>[0], lines: string[]) => ReturnType<Section['measure']>,
) {
	const lines: string[] = [];
	const bench = new Bench([section(async (tools) => await measure(tools, lines))], {
		long: false,
		step: async (_, work) => await work(() => {}),
		say: (line) => lines.push(line),
	});
	return { code: await bench.run(['load']), text: lines.join('\n') };
}

const busy = async (): Promise<string> => {
	throw new Error('503: Database is not ready');
};

describe('The benchmark', () => {
	it('prints what a part has found before the next one begins', async () => {
		const { code, text } = await run(async (tools, lines) => {
			await tools.part('5 items', async () => '4.2 s', findings);
			expect(lines.join('\n')).toContain('4.2 s');
			return { how: 'By the clock.', tables: [], aims: [] };
		});
		expect(code).toBe(0);
		expect(text).toMatch(/== aims\nload +met +the aim of 4\.2 s: 4\.2 s$/);
	});

	it('names the part that failed, measures the others, and says so with its exit code', async () => {
		const { code, text } = await run(async (tools) => {
			expect(await tools.part('5 items', busy, findings)).toBeNull();
			expect(await tools.part('20 items', async () => '4.3 s', findings)).toBe('4.3 s');
			return { how: 'By the clock.', tables: [], aims: [] };
		});
		expect(code).toBe(1);
		expect(text).toContain('5 items could not be measured: 503: Database is not ready');
		expect(text).toMatch(/== aims\nload +not measured +5 items\nload +met +the aim of 4\.3 s: 4\.3 s$/);
	});

	it('keeps what its parts have found if the section itself fails', async () => {
		const { code, text } = await run(async (tools) => {
			await tools.part('5 items', async () => '4.2 s', findings);
			await busy();
			throw new Error('not reached');
		});
		expect(code).toBe(1);
		expect(text).toMatch(
			/4\.2 s[^]*a load could not be measured: 503[^]*the aim of 4\.2 s: 4\.2 s\nload +not measured +a load$/,
		);
	});
});
