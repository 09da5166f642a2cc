import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { openRegister } from '../../nodes/shared/register/register';
import type { TaskRow } from '../../nodes/shared/register/row';
import type { Cells } from '../support/n8nApi/table';
import { N8N_API_KEY, type N8nApi, startN8nApi } from '../support/n8nApi';
import { taskRow } from '../support/taskRow';
import { pollingTrigger, type PollingTrigger } from '../support/triggers';
import { bench, type Bench, makeTask, until } from './bench';

/** What tests of the trigger that watches the register have in common. */

export const MINUTE_MS = 60_000;
export const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE_MS).toISOString();

/** A bench whose credential has a register of its own. */
export interface Place extends Bench {
	n8n: N8nApi;
	/** A trigger that watches the register, without downloads. */
	watcher(parameters?: INodeParameters, saved?: IDataObject): PollingTrigger;
	rescuer(parameters?: INodeParameters, saved?: IDataObject): PollingTrigger;
	/** Writes rows that were last changed five minutes ago. */
	keep(...rows: TaskRow[]): Promise<void>;
	/** Makes a task with its row, and gives the task's ID. */
	keepTask(changes?: Partial<TaskRow>, options?: { prompt?: string }): Promise<string>;
	rowOf(taskId: string): Cells | undefined;
}

let made = 0;

export function registered(act: (place: Place) => Promise<void>): () => Promise<void> {
	return bench(async (place) => {
		const n8n = await startN8nApi();
		const credential = { ...place.credential, register: true, n8nUrl: n8n.url, n8nApiKey: N8N_API_KEY };
		const watcher = (further: INodeParameters = {}, saved?: IDataObject) => {
			const parameters = { watch: 'register', which: 'all', download: false, ...further };
			return pollingTrigger({ credential, parameters, saved });
		};
		const keep = async (...rows: TaskRow[]) => {
			const register = await openRegister(place.engine.context({ credential, parameters: {} }));
			await register?.add(rows);
			const names = new Set(rows.map(({ requestId }) => requestId));
			// A busy machine writes them later.
			await until(() => n8n.rows.filter(({ requestId }) => names.has(String(requestId))).length === names.size, 20_000);
			for (const row of n8n.rows) if (names.has(String(row.requestId))) row.updatedAt = ago(5);
		};
		try {
			await act({
				...place,
				credential,
				n8n,
				watcher,
				rescuer: (parameters, saved) => watcher({ which: 'undelivered', ...parameters }, saved),
				keep,
				async keepTask(changes = {}, options = {}) {
					const taskId = await makeTask(place, options);
					await keep(newRow({ taskId, status: 'created', createdTime: new Date().toISOString(), ...changes }));
					return taskId;
				},
				rowOf: (taskId) => n8n.rows.find((row) => row.taskId === taskId),
			});
		} finally {
			await n8n.close();
		}
	});
}

/** A row of an execution of its own. */
export function newRow(changes: Partial<TaskRow>): TaskRow {
	made += 1;
	return taskRow({ requestId: `q${made}`, executionId: String(1_000 + made), ...changes });
}

export const ended = (place: Place, taskId: string) =>
	until(() => (place.api.tasks.get(taskId)?.readyAt ?? Infinity) < Date.now());
