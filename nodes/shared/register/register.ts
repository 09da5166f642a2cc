import type { IExecuteFunctions } from 'n8n-workflow';

import { CREDENTIAL, credentialIdOf, type RequestContext } from '../api/credential';
import type { Clock } from '../wait/pause';
import { type N8nAddress, readAddress } from './address';
import { N8nApi, type AskHost } from './api';
import { cleanUp } from './cleanUp';
import type { TableFault } from './faults';
import { Questions } from './questions';
import type { TaskRow } from './row';
import { sharedBy, type Shared } from './shared';
import { TaskTable } from './table';

export type { ExecutionState, RowQuery } from './questions';

/**
 * The register of all tasks: a data table of the user's own n8n, over its public API. The credential switches it on.
 * Nothing here throws and nothing waits long: what can't be written now is written later, and {@link Register.fault} says why.
 */
export interface Register {
	/**
	 * One request for a whole batch. Comes back after two seconds at most, and keeps trying in the background.
	 * @returns whether the rows are in the table
	 */
	add(rows: readonly TaskRow[]): Promise<boolean>;
	/** Changes a row soon, together with other changes; never waits. Several changes of one row are applied in their order. */
	change(requestId: string, changes: Partial<TaskRow>): void;
	/**
	 * Waits until everything is written, two seconds at most. Call this when a run, a poll or a webhook ends.
	 * @param requestIds only these rows
	 * @returns whether it is
	 */
	settle(requestIds?: readonly string[]): Promise<boolean>;
	find: Questions['find'];
	changes: Questions['changes'];
	execution: Questions['execution'];
	runsOf: Questions['runsOf'];
	/** Allows the next question although the one before had no answer. For callers that need the answer. */
	askAgain(): void;
	/** Where n8n itself is, without a slash at its end; empty if the address can't be one. */
	readonly n8nUrl: string;
	/** One sentence on what is wrong with the register and how to correct it, without any secret; null if nothing is wrong. */
	readonly fault: string | null;
	/** Whether n8n refuses what it is asked, or does not answer. A slow one has everything in the end. */
	readonly isDown: boolean;
}

/** Nobody waits longer for the register. */
const LONGEST_WAIT_MS = 2_000;
const SLOW =
	'The register of tasks is slow: n8n takes more than two seconds to write it. What is missing is written later.';

/** What waits here outlives its run, and must not keep a process alive that is about to end. */
const patientClock: Clock = {
	now: () => Date.now(),
	sleep: async (milliseconds) =>
		await new Promise((wake) => {
			AbortSignal.timeout(Math.ceil(milliseconds)).addEventListener('abort', () => wake(), { once: true });
		}),
};

/**
 * Opens the register; null if the credential does not have it switched on. Asks nothing yet, and never throws.
 * @param clock for tests
 */
export async function openRegister(context: RequestContext, clock: Clock = patientClock): Promise<Register | null> {
	const credential = await readSettings(context);
	if (credential.register !== true) return null;
	const { value: address, fault } = readAddress(credential.n8nUrl, credential.n8nApiKey);
	if (fault !== null) return closedRegister(fault.words);
	const id = credentialIdOf(context);
	const { httpRequest } = context.helpers;
	const ask: AskHost = async (options) => (await httpRequest(options)) as unknown;
	const common = sharedBy(`${id} ${address.api}`, address.apiKey, clock);
	const api = new N8nApi(address, ask);
	const table = new TaskTable(api, common.place);
	// The first answer of a new n8n takes seconds, which pass while the items are being prepared.
	if (!common.writer.health.isResting) void table.find();
	common.writer.start(table);
	return new OpenRegister(address, table, new Questions(table, api, common), common, clock);
}

async function readSettings(context: RequestContext): Promise<Record<string, unknown>> {
	try {
		return await (context as IExecuteFunctions).getCredentials(CREDENTIAL, 0);
	} catch {
		// The request to CometAPI reports what is wrong with the credential.
		return {};
	}
}

/** A register whose settings can't be right: says so, and does nothing. */
function closedRegister(fault: string): Register {
	return {
		add: async () => false,
		change: () => {},
		settle: async () => false,
		find: async () => null,
		changes: async () => null,
		execution: async () => null,
		runsOf: async () => null,
		askAgain: () => {},
		n8nUrl: '',
		fault,
		isDown: true,
	};
}

class OpenRegister implements Register {
	/** The rows that this run has written or changed. */
	private readonly own = new Set<string>();

	constructor(
		private readonly address: N8nAddress,
		private readonly table: TaskTable,
		private readonly questions: Questions,
		private readonly common: Shared,
		private readonly clock: Clock,
	) {}

	async add(rows: readonly TaskRow[]): Promise<boolean> {
		if (rows.length === 0) return true;
		rows.forEach(({ requestId }) => this.own.add(requestId));
		const { writer } = this.common;
		writer.add(rows);
		this.start();
		return await writer.written(
			rows.map(({ requestId }) => requestId),
			'rows',
			LONGEST_WAIT_MS,
		);
	}

	change(requestId: string, changes: Partial<TaskRow>): void {
		this.own.add(requestId);
		this.common.writer.change(requestId, changes);
		this.start();
	}

	async settle(requestIds: Iterable<string> = this.own): Promise<boolean> {
		this.common.writer.hurry(requestIds);
		this.start();
		const isWritten = await this.common.writer.written(requestIds, 'everything', LONGEST_WAIT_MS);
		void cleanUp(this.table, this.common, this.clock.now());
		return isWritten;
	}

	find: Questions['find'] = async (query) => await this.questions.find(query);
	changes: Questions['changes'] = async (moment, options) => await this.questions.changes(moment, options);
	execution: Questions['execution'] = async (id) => await this.questions.execution(id);
	runsOf: Questions['runsOf'] = async (id) => await this.questions.runsOf(id);

	askAgain(): void {
		this.questions.health.note(null);
	}

	get n8nUrl(): string {
		return this.address.root;
	}

	get fault(): string | null {
		return this.latest?.words ?? (this.common.writer.isSlow ? SLOW : null);
	}

	get isDown(): boolean {
		return this.latest !== null;
	}

	private get latest(): TableFault | null {
		return this.common.writer.health.fault ?? this.questions.health.fault;
	}

	/** Writes what is due, but not with this run's key if the credential has another one by now. */
	private start(): void {
		this.common.writer.start(this.address.apiKey === this.common.apiKey ? this.table : null);
	}
}
