import { createRunExecutionData, type INodeParameters } from 'n8n-workflow';

import { N8N_API_KEY, startN8nApi, type N8nApi } from '../support/n8nApi';
import type { CredentialData, RunInput } from '../support/engine';
import { bench, type Bench, closeBench, CONTINUE, imageToVideo, prompts, task, textOf, topic } from './bench';

/** What the node writes into the register of tasks, and what a retry reads from it. */

afterAll(closeBench);

/** A bench with a register, whose n8n knows the execution 42 and its retry 43. */
function withRegister(act: (place: Bench & { n8n: N8nApi; credential: CredentialData }) => Promise<void>) {
	return bench(async (place) => {
		const n8n = await startN8nApi();
		n8n.executions.set('42', { status: 'crashed' });
		n8n.executions.set('43', { status: 'running', retryOf: '42' });
		const credential = { ...place.credential, register: true, n8nUrl: n8n.url, n8nApiKey: N8N_API_KEY };
		const withIt = <R>(run: (parameters: INodeParameters, more?: Partial<RunInput>) => R) => {
			return (parameters: INodeParameters, more?: Partial<RunInput>) => run(parameters, { credential, ...more });
		};
		const { run, fail, attempt } = place;
		try {
			await act({ ...place, n8n, credential, run: withIt(run), fail: withIt(fail), attempt: withIt(attempt) });
		} finally {
			await n8n.close();
		}
	});
}

const statuses = ({ rows }: N8nApi) => rows.map(({ status, delivered }) => [status, delivered]);
/** An execution of which a crash has left nothing. */
const lost = () => ({ runData: createRunExecutionData({}), mode: 'retry' as const });

topic('The register', (test) => {
	test(
		'has a row before the first create, and then how each task ended',
		withRegister(async ({ api, n8n, run }) => {
			await run(imageToVideo(), { items: prompts('a', '[fail SAFETY]'), onError: CONTINUE });
			expect(n8n.calls.filter((call) => call === 'POST /data-tables/:id/rows')).toHaveLength(1);
			expect(statuses(n8n)).toEqual([
				['succeeded', true],
				['failed', true],
			]);
			expect(n8n.rows.map(({ taskId }) => taskId)).toEqual([...api.tasks.keys()]);
			expect(n8n.calls.filter((call) => call.startsWith('GET /data-tables/:id/rows'))).toEqual([]);
			const written = JSON.stringify(n8n.rows);
			expect(written).not.toContain(api.apiKey);
			expect(written).not.toContain(N8N_API_KEY);
		}),
	);

	test(
		'knows what was refused, and what may have been created',
		withRegister(async ({ api, n8n, attempt }) => {
			api.fault({ on: 'create', kind: 'status', status: 400, message: 'no' });
			await attempt(imageToVideo());
			api.fault({ on: 'create', kind: 'reset-after' });
			await attempt(imageToVideo());
			expect(statuses(n8n)).toEqual([
				['notCreated', false],
				['unknown', false],
			]);
		}),
	);

	test(
		'keeps tasks that were passed on at once, or not at all, as not delivered',
		withRegister(async ({ n8n, run, fail }) => {
			await run(imageToVideo({}, { completion: 'return' }));
			await fail(imageToVideo({ timeout: 3 }), { items: prompts('a', 'b [stuck]') });
			expect(statuses(n8n)).toEqual([
				['created', false],
				['succeeded', false],
				['created', false],
			]);
		}),
	);

	test(
		'hears of tasks that Task → Wait delivers',
		withRegister(async ({ api, n8n, run }) => {
			await run(imageToVideo({}, { completion: 'return' }));
			const [taskId = ''] = [...api.tasks.keys()];
			await run(task('wait', { taskId }));
			expect(statuses(n8n)).toEqual([['succeeded', true]]);
		}),
	);

	for (const [what, fault] of [
		['is dead', { kind: 'dead', after: false }],
		['is slow', { kind: 'slow', milliseconds: 20_000 }],
		['has trouble', { kind: 'status', status: 500 }],
		['is read-only', { kind: 'status', status: 403, message: 'This is a protected instance' }],
	] as const) {
		test(
			`costs no task, and little time, when it ${what}`,
			withRegister(async ({ api, n8n, run }) => {
				n8n.fault({ fault });
				const startedAt = Date.now();
				const { items, hints } = await run(imageToVideo(), { items: prompts('a', 'b') });
				expect(Date.now() - startedAt).toBeLessThan(9_000);
				expect(items.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
				expect(api.creates).toHaveLength(2);
				expect(hints.map(({ message }) => message)).toEqual([expect.stringMatching(/register of tasks/)]);
			}),
		);
	}

	test(
		'lets a task wait here that was to sleep, if nobody could wake it up',
		withRegister(async ({ api, n8n, run }) => {
			n8n.fault({ fault: { kind: 'status', status: 500 } });
			const { items } = await run(imageToVideo({}, { completion: 'suspend' }), { items: prompts('a') });
			expect(items.map(({ json }) => json.status)).toEqual(['succeeded']);
			expect(api.creates).toHaveLength(1);
		}),
	);
});

topic('A retry after a crash, with the register,', (test) => {
	/** A run that n8n's crash cuts off: nothing of it is kept but the rows. */
	const crashed = async ({ fail }: Bench, ...texts: string[]) => {
		await fail(imageToVideo({ timeout: 1 }), { items: prompts(...texts) });
	};

	test(
		'takes up its tasks, also the second and the third time',
		withRegister(async (place) => {
			const { api, n8n, run, fail } = place;
			await crashed(place, 'a [stuck]', 'a [stuck]');
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('a [stuck]', 'a [stuck]'), ...lost() });
			expect(n8n.rows.map(({ executionId }) => executionId)).toEqual(['43', '43']);
			// Another retry of the first one has them now.
			n8n.executions.set('44', { status: 'crashed', retryOf: '42' });
			for (const row of n8n.rows) row.executionId = '44';
			for (const id of api.tasks.keys()) api.finish(id);
			const { items, hints } = await run(imageToVideo(), { items: prompts('a [stuck]', 'a [stuck]'), ...lost() });
			expect(items.map(({ json }) => json.taskId)).toEqual(n8n.rows.map(({ taskId }) => taskId));
			expect(hints.map(({ message }) => message).join()).toMatch(/not paid for again/);
			expect(api.creates).toHaveLength(2);
			expect(statuses(n8n)).toEqual([
				['succeeded', true],
				['succeeded', true],
			]);
		}),
	);

	test(
		'creates nothing again whose outcome is unknown',
		withRegister(async (place) => {
			const { api, n8n, fail } = place;
			await crashed(place, 'a [stuck]');
			Object.assign(n8n.rows[0] ?? {}, { status: 'sending', taskId: null });
			const error = await fail(imageToVideo(), { items: prompts('a [stuck]'), ...lost() });
			expect(textOf(error)).toMatch(/may be billed/);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'creates what the attempt before it did not get to create',
		withRegister(async (place) => {
			const { api, n8n, run } = place;
			const texts = ['a [stuck]', 'b [stuck]', 'c [stuck]'];
			await crashed(place, ...texts);
			Object.assign(n8n.rows[1] ?? {}, { status: 'notCreated', taskId: null });
			await run(imageToVideo({}, { completion: 'return' }), { items: prompts(...texts), ...lost() });
			expect(api.creates).toHaveLength(4);
		}),
	);

	test(
		'creates nothing if the rows of some items are missing, or belong to another execution',
		withRegister(async (place) => {
			const { api, n8n, fail } = place;
			await crashed(place, 'a [stuck]', 'b [stuck]');
			n8n.executions.set('50', { status: 'success' });
			Object.assign(n8n.rows[0] ?? {}, { executionId: '50' });
			const error = await fail(imageToVideo(), { items: prompts('a [stuck]', 'b [stuck]'), ...lost() });
			expect(textOf(error)).toMatch(/may already have created them.*no row/s);
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'creates nothing if there is no row, since n8n may not have written it in time',
		withRegister(async (place) => {
			const { api, n8n, fail } = place;
			await crashed(place, 'a [stuck]');
			n8n.rows.splice(0);
			const error = await fail(imageToVideo(), { items: prompts('a [stuck]'), ...lost() });
			expect(textOf(error)).toMatch(/may already have created them.*no row/s);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'guesses as without a register when that does not answer',
		withRegister(async (place) => {
			const { api, n8n, fail } = place;
			n8n.fault({ on: /^GET/, fault: { kind: 'status', status: 500 } });
			const error = await fail(imageToVideo(), lost());
			expect(textOf(error)).toMatch(/may already have created them.*register of tasks/s);
			expect(api.creates).toHaveLength(0);
		}),
	);
});
