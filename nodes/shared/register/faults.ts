import { readNetworkFault } from '../judgement/networkFault';
import { isObject } from '../task/json';

/** Why n8n's public API did not do what it was asked. */
export interface TableFault {
	/** One sentence: what is wrong, and how to correct it. Contains no secret, and no words from the host. */
	words: string;
	/** False if n8n has certainly done nothing. */
	mayHaveArrived: boolean;
	/** There is no such thing in this n8n: a table, an execution or a route. */
	isMissing: boolean;
	/** The key may not do that. */
	isForbidden: boolean;
	/** n8n takes the columns of the request for wrong. */
	isRefused: boolean;
}

/** A value, or why there is none. */
export type Result<T> = { value: T; fault: null } | { value: null; fault: TableFault };

/** What the key has to be allowed to do in n8n. */
const NEEDED_SCOPES = 'the scopes dataTable:*, dataTableRow:*, dataTableColumn:* and execution:read';

const FIRST_VERSION = '2.8';
const CREDENTIAL_ADVICE = 'in the credential "CometAPI Runway API"';

const fault = (words: string, rest: Partial<TableFault> = {}): TableFault => ({
	words,
	mayHaveArrived: false,
	isMissing: false,
	isForbidden: false,
	isRefused: false,
	...rest,
});

export const addressFault = fault(
	`The register of tasks has no address: set the n8n URL ${CREDENTIAL_ADVICE} to that of this n8n, for example http://127.0.0.1:5678.`,
);

export const keyFault = fault(
	`The register of tasks has no usable n8n API key: create one in n8n under Settings → n8n API, and paste it ${CREDENTIAL_ADVICE}.`,
);

export const scopeFault = (missing: readonly string[]) =>
	fault(
		`The register of tasks can't be kept: the n8n API key lacks ${missing.join(', ')}. Create one in n8n under Settings → n8n API with ${NEEDED_SCOPES}.`,
		{ isForbidden: true },
	);

export const columnFault = (name: string) =>
	fault(
		`The column "${name}" of the data table "Runway tasks" has another type than the register of tasks needs: delete the column or rename the table, and the node creates a new one.`,
	);

/**
 * Reads the error of a request that got no answer.
 * @param host of the address, without path and user
 */
export function faultOfSilence(error: unknown, host: string): TableFault {
	const { code, message, mayHaveArrived } = readNetworkFault(error);
	const name = host.replace(/:\d+$/, '');
	const of = (words: string) => fault(`The register of tasks can't be reached: ${words}`, { mayHaveArrived });
	if (/^The request was blocked because/i.test(message)) {
		return of(
			`n8n's protection against requests into its own network blocks ${host}, so ask whoever runs n8n to allow it with N8N_SSRF_ALLOWED_IP_RANGES or N8N_SSRF_ALLOWED_HOSTNAMES.`,
		);
	}
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
		return of(`there is no host ${name}. Check the n8n URL ${CREDENTIAL_ADVICE}.`);
	}
	if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') {
		return of(
			`nothing answers at ${host}. Set the n8n URL ${CREDENTIAL_ADVICE} to an address at which n8n reaches itself; in queue mode, where 127.0.0.1 is the worker, to that of the main instance.`,
		);
	}
	if (code !== null && /CERT|TLS|SSL|SIGNATURE|EPROTO/.test(code)) {
		return of(
			`no secure connection to ${host} is possible (${code}). Check the n8n URL ${CREDENTIAL_ADVICE}, especially whether it starts with http or https.`,
		);
	}
	return of(
		`${host} does not answer in time, or drops the connection (${code ?? 'no answer'}). What is missing is written later.`,
	);
}

/** An unexpected error was thrown. */
export const oddFault = fault(
	"The register of tasks has trouble: n8n's answer can't be read. What is missing is written later.",
	{ mayHaveArrived: true },
);

/** What n8n says without a key, used only to find better words. */
export interface InstanceFacts {
	version: string | null;
}

/**
 * Reads an answer that is no success.
 * @param status 200 for an answer that is none of the public API's
 * @param body as it came; only looked at, never repeated
 */
export function faultOfAnswer(status: number, body: unknown, host: string, facts: InstanceFacts | null): TableFault {
	const words = wordsOf(body);
	if (words !== null && /size limit exceeded/i.test(words)) {
		return fault(
			'The register of tasks is full: all data tables of this n8n together have reached their size limit, so delete rows or tables that nobody needs, or raise N8N_DATA_TABLES_MAX_SIZE_BYTES.',
		);
	}
	if (words !== null && /read-?only|protected instance/i.test(words) && status >= 400 && status < 500) {
		return fault(
			"The register of tasks can't be written: this n8n is read-only (a protected instance), so set the n8n URL to another n8n, or switch the register off in the credential.",
		);
	}
	if (status === 401) {
		return fault(
			`The register of tasks can't be opened: n8n does not accept the n8n API key. Create one in n8n under Settings → n8n API, and paste it ${CREDENTIAL_ADVICE}; if there is no such page, the public API is switched off (N8N_PUBLIC_API_DISABLED).`,
		);
	}
	if (status === 403) {
		return fault(
			`The register of tasks can't be opened: the n8n API key is not allowed to do that. Create one in n8n under Settings → n8n API with ${NEEDED_SCOPES}.`,
			{ isForbidden: true },
		);
	}
	if (status === 404 && words?.toLowerCase() === 'not found') {
		const version = facts?.version ?? null;
		return fault(
			`The register of tasks needs n8n ${FIRST_VERSION} or newer, whose public API has data tables${version === null ? '' : `; this is ${version}`}. Update n8n, or switch the register off in the credential.`,
			{ isMissing: true },
		);
	}
	if (facts !== null) {
		return fault(
			"The register of tasks can't be opened: the public API of this n8n is switched off, so ask whoever runs n8n to remove N8N_PUBLIC_API_DISABLED, or switch the register off in the credential.",
			{ isMissing: true },
		);
	}
	if (status === 400 || status === 409) {
		return fault(
			`The register of tasks can't be written: n8n refuses the rows (HTTP ${status}). Rename the data table "Runway tasks", and the node creates a new one.`,
			{ isRefused: true },
		);
	}
	if (status === 429 || status >= 500) {
		return fault(
			`The register of tasks has trouble: n8n answers with HTTP ${status}. What is missing is written later.`,
			{ mayHaveArrived: status >= 500 },
		);
	}
	return fault(
		`The register of tasks can't be opened: ${host} answers, but not as n8n's public API. Set the n8n URL ${CREDENTIAL_ADVICE} to the address of the n8n editor, without a page; in queue mode, to that of the main instance.`,
		{ isMissing: status === 404 },
	);
}

/** n8n's public API says what is wrong in `message`. */
function wordsOf(body: unknown): string | null {
	return isObject(body) && typeof body.message === 'string' ? body.message : null;
}
