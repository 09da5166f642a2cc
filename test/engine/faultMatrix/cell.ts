import type { IDataObject, INode, INodeExecutionData, INodeParameters } from 'n8n-workflow';

import type { FaultHandle, RecordedRequest, StandIn, StandInOptions, StandInTask } from '../../support/standin';
import { asNodeFailure, bench, makeTask, tasksIn, type Bench } from '../bench';
import { traces } from '../traces';
import { inOwnTime } from './clock';
import type { Outcome, Row, Secrets } from './faults';
import { beCalled, poll, sleepAndWake, type Heard, type Listening } from './listeners';
import { INPUT_SIGNATURE, type MatrixOperation } from './operations';

/** One cell: an operation meets a fault, with n8n set to stop or to continue. */

export type OnError = NonNullable<INode['onError']>;
export const onErrorSettings: readonly OnError[] = ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'];

export interface CellReport {
	operation: MatrixOperation;
	row: Row;
	onError: OnError;
	outcome: Outcome;
	/** Creates that the node sent for the item that met the fault. */
	creates: number;
	/** What happened, and what to do, in the words that users read; empty where all went well. */
	message: string;
	advice: string;
	/** What should not be, in words; empty if all is well. */
	violations: string[];
}

/** A key in no known form, so that only knowing it can keep it out of a text. */
export const secrets: Secrets = { apiKey: 'comet0123456789abcdef', query: 'signature-in-an-answer' };

const CALM = 'calm';
const FAULTY = 'faulty';
/** A third item, which comes after a create that lets no further one be sent. */
const LATER = 'later';
/** The faulty item comes second, so that naming it takes more than a default. */
const FAULTY_INDEX = 1;
/** Tasks of a sleeping execution end when the cell says so. */
const UNTIL_CALLED_MS = 3_600_000;
/** Seconds that no cell takes. */
const LONG = 9_000;
/** More than one read of a task that renders is only work. */
const POLL_SECONDS = 10;
const QUICK: StandInOptions = { renderMs: 40, queuedMs: 10, notVisibleMs: 10 };
const nobody = { apiKey: secrets.apiKey, baseUrl: 'http://127.0.0.1:9' };
const ADVICE =
	/\b(open|check|change|correct|choose|contact|enable|extend|run|try|look|fetch|use|top up|give|raise|ask|set|wait|new attempt)\b/i;
/** What n8n says of network faults on its own: advice to send again, which may cost twice. */
const N8N_WORDS = /perhaps it is offline|retry the request immediately|Retry on Fail/i;
/** What nobody may read of a task that exists: it would be paid for again. */
const PAY_AGAIN = /\brun (again|the node|it again)|\bchoose another/i;
const BLAMES_KEY = /does not accept the API key/;
const SIGNED = /_jwt=(?!…)[\w-]{8,}/;

/** Runs one cell, with a stand-in of its own, and holds what comes of it against what has to. */
export async function runCell(operation: MatrixOperation, row: Row, onError: OnError): Promise<CellReport> {
	let report: CellReport | undefined;
	await bench(
		async (place) => {
			const { api, credential } = place;
			// Files lie at another host than the API, unless they are the gateway's own.
			const isElsewhere = row.place === 'asset' && row.settings === undefined;
			const baseUrl = isElsewhere ? credential.baseUrl.replace('127.0.0.1', 'localhost') : credential.baseUrl;
			const reached = { ...credential, baseUrl };
			const items = await itemsFor(place, operation, row);
			const made = api.creates.length;
			const { met, handle } = script(api, row);
			const parameters = parametersOf(operation, row);
			const listening = {
				place,
				credential: row.nobodyListens ? nobody : reached,
				parameters,
				row,
				fault: handle,
				isToPass: row.expected[operation.column] === 'later',
			};
			const isAsking = () => api.requests.some(({ endedAt }) => endedAt === undefined);
			const heard = await inOwnTime(isAsking, async () => await hear(operation, listening, items, onError));
			const creates = api.creates.slice(made);
			report = judge({ operation, row, onError, api, creates, met: met(), ...heard });
		},
		{
			...QUICK,
			apiKey: secrets.apiKey,
			...row.settings,
			...(operation.hears === 'asleep' && { renderMs: UNTIL_CALLED_MS }),
		},
	)();
	if (report === undefined) throw new Error('the cell did not run');
	return report;
}

async function hear(
	{ hears }: MatrixOperation,
	listening: Listening,
	items: IDataObject[],
	onError: OnError,
): Promise<Heard> {
	const { place, credential, parameters, row } = listening;
	const ids = items.map(({ taskId }) => String(taskId));
	switch (hears) {
		case 'asleep':
			return await sleepAndWake(listening, items, { onError });
		case 'polling':
			return await poll(listening, ids);
		case 'called':
			return await beCalled(listening, ids);
		case undefined: {
			const more = { items, onError, longestRequestMs: row.longestRequestMs, credential };
			return { result: await place.attempt(parameters, more), isLate: false, violations: [] };
		}
	}
}

/** An item that fares well and one that meets the fault; for the task operations, with tasks made elsewhere. */
async function itemsFor(
	place: Bench,
	operation: MatrixOperation,
	{ directive, stopsCreates }: Row,
): Promise<IDataObject[]> {
	const faulty = [FAULTY, directive].filter(Boolean).join(' ');
	if (operation.creates || operation.column === 'Get Balance') {
		return [CALM, faulty, ...(stopsCreates ? [LATER] : [])].map((prompt) => ({ prompt }));
	}
	const path = '/runway/pro/generate';
	const calmId = await makeTask(place, { prompt: CALM, path });
	// Only compatibility routes call back.
	const faultyId = await makeTask(place, { prompt: faulty, ...(operation.hears === 'called' && { path }) });
	for (const { id, outcome } of place.api.tasks.values()) {
		if (outcome.kind !== 'stuck' && outcome.kind !== 'unknown') place.api.finish(id);
	}
	return [
		{ prompt: CALM, taskId: calmId },
		{ prompt: faulty, taskId: faultyId },
	];
}

function parametersOf(
	{ parameters, hears }: MatrixOperation,
	{ place, timeLimit, anyItem, stopsCreates }: Row,
): INodeParameters {
	const download = place === 'asset' || place === 'task';
	if (hears === 'polling' || hears === 'called') return { download, options: { maxFileSize: 1 } };
	const timeout =
		timeLimit === undefined ? LONG : `={{ $json.prompt.startsWith('${FAULTY}') ? ${timeLimit} : ${LONG} }}`;
	const options: INodeParameters = { pollInterval: POLL_SECONDS, maxFileSize: 1, timeout };
	if (anyItem || stopsCreates) options.maxParallel = 1;
	return { ...parameters, download, options };
}

/** Scripts the fault for the faulty item and gives a function that tells whether it was met. */
function script(api: StandIn, { place, fault, anyItem }: Row): { met: () => boolean; handle?: FaultHandle } {
	if (fault === undefined || place === 'task') return { met: () => true };
	// Where a fault can't be told to meet one item, creates come in the order of the items.
	const which = anyItem ? { skip: place === 'create' ? FAULTY_INDEX : 0 } : { match: matcher(api, place) };
	const handle = api.fault({ on: place, ...which, ...fault });
	return { met: () => handle.used > 0, handle };
}

function matcher(api: StandIn, place: Row['place']): ((request: RecordedRequest) => boolean) | undefined {
	switch (place) {
		case 'create':
			return ({ body }) => concernsFaulty(body);
		case 'read':
			return ({ path, body }) => {
				const id = faultyTask(api)?.id ?? '-';
				return path.endsWith(id) || (body as { task_id?: string } | undefined)?.task_id === id;
			};
		case 'asset':
			return ({ path }) => path.includes(faultyTask(api)?.id ?? '-');
		default:
			return undefined;
	}
}

function concernsFaulty(body: unknown): boolean {
	return JSON.stringify(body ?? '').includes(FAULTY);
}

function faultyTask(api: StandIn): StandInTask | undefined {
	return [...api.tasks.values()].find(({ body }) => concernsFaulty(body));
}

interface Evidence extends Heard {
	operation: MatrixOperation;
	row: Row;
	onError: OnError;
	api: StandIn;
	/** Sent by the node. */
	creates: readonly RecordedRequest[];
	/** Whether the fault happened. */
	met: boolean;
}

/** What a user reads of an ending. */
interface Ending {
	outcome: Outcome;
	message: string;
	advice: string;
	details: IDataObject;
}

function judge(evidence: Evidence): CellReport {
	const { operation, row, onError, result, met } = evidence;
	const ending = result.error === null ? endingOf(result.items[FAULTY_INDEX]) : endingOfError(result.error);
	if (ending.outcome === 'delivered' && evidence.isLate) ending.outcome = 'later';
	// `refuse` cuts the connection before the body is there, so such a create says nothing of its item.
	const creates = evidence.creates.filter(({ body, fault }) => concernsFaulty(body) || fault === 'refuse');
	const expected = row.expected[operation.column];
	const sends = operation.creates ? (row.sends ?? 1) : 0;
	const violations = [
		...evidence.violations,
		...(met ? [] : ['the fault did not happen']),
		...(ending.outcome === expected ? [] : [`ended as "${ending.outcome}", not "${expected}"`]),
		...(creates.length === sends ? [] : [`${creates.length} creates sent, not ${sends}`]),
		...sentTwice(creates, row),
		...sentAfterRefusal(evidence),
		...lostIds(evidence),
		...leaks(evidence),
		...(ending.message === '' ? [] : wrongWords(ending, evidence)),
		...(result.error === null ? wrongItems(evidence) : wrongError(evidence)),
	];
	const { outcome, message, advice } = ending;
	return { operation, row, onError, outcome, creates: creates.length, message, advice, violations };
}

function endingOf(item: INodeExecutionData | undefined): Ending {
	const { error, message, details, downloadError } = item?.json ?? {};
	if (error === undefined && downloadError === undefined) {
		return { outcome: 'delivered', message: '', advice: '', details: {} };
	}
	if (error === undefined) {
		const said = String(downloadError);
		return { outcome: 'without file', message: said, advice: said, details: {} };
	}
	return ending(String(error), String(message), details as IDataObject);
}

function endingOfError(thrown: unknown): Ending {
	const { message, description, context } = asNodeFailure(thrown);
	return ending(message, description ?? '', context.data ?? {});
}

function ending(message: string, advice: string, details: IDataObject): Ending {
	const { created, taskId } = details;
	const outcome =
		created === false
			? 'not created'
			: created === 'unknown'
				? 'unknown'
				: taskId !== undefined
					? 'task named'
					: 'error';
	return { outcome, message, advice, details };
}

/** A second create is a second bill wherever the first one may have been accepted. */
function sentTwice(creates: readonly RecordedRequest[], { mayBeAccepted }: Row): string[] {
	const risky = creates.filter(({ fault }) => fault === undefined || mayBeAccepted === true);
	return risky.length > 1 ? ['a create was sent again that may have been accepted'] : [];
}

/** What the API refuses for a reason that concerns all creates is not tried again with the next item. */
function sentAfterRefusal({ row, result, creates }: Evidence): string[] {
	if (row.stopsCreates !== true) return [];
	const said = result.items[FAULTY_INDEX + 1]?.json;
	return [
		...(creates.some(({ body }) => JSON.stringify(body ?? '').includes(LATER)) ? ['a further create was sent'] : []),
		...(result.error !== null || /another one was refused/.test(String(said?.error))
			? []
			: [`the item after it says: ${String(said?.error)}`]),
	];
}

/** Every task that the API has named has to be in what the user gets. */
function lostIds({ operation, api, result: { items, error, runData } }: Evidence): string[] {
	const told = [...api.tasks.values()].filter(({ fault }) => fault === undefined).map(({ id }) => id);
	const inItems = items.flatMap(({ json }) => [json.taskId, (json.details as IDataObject | undefined)?.taskId]);
	const inError = error === null ? [] : tasksIn(asNodeFailure(error)).map(({ taskId }) => taskId);
	const inWords = error === null ? '' : `${asNodeFailure(error).message} ${asNodeFailure(error).description}`;
	const noted = Object.values(runData.resultData.metadata ?? {}).join(' ');
	return told.flatMap((id) => [
		...([...inItems, ...inError].includes(id) ? [] : ['a task is missing from the outputs and the error’s data']),
		...(error === null || inWords.includes(id) ? [] : ['a task is missing from the error’s words']),
		...(!operation.creates || noted.includes(id) ? [] : ['a task is missing from the custom data']),
	]);
}

function leaks({ result, api }: Evidence): string[] {
	const isSent = api.downloads.some(({ leakedAuthorization }) => leakedAuthorization);
	return [...leaksIn(traces(result)), ...(isSent ? ['the key went to the host of the files'] : [])];
}

/** Which secrets a text holds, in words. */
export function leaksIn(left: string): string[] {
	return [
		...(left.includes(secrets.apiKey) ? ['the key leaks'] : []),
		...(left.includes(secrets.query) ? ['a signature of an answer leaks'] : []),
		...(left.includes(INPUT_SIGNATURE) ? ['a signature of an input leaks'] : []),
		...(SIGNED.test(left) ? ['a signature of a result leaks'] : []),
	];
}

function wrongWords({ outcome, message, advice, details }: Ending, { row, api }: Evidence): string[] {
	const words = `${message} ${advice}`;
	const tasks = [...api.tasks.keys()];
	const id = String(details.taskId);
	return [
		...(row.says === undefined || row.says.test(words) ? [] : [`does not say ${row.says}: ${message}`]),
		...(ADVICE.test(advice) ? [] : [`does not say what to do: ${advice}`]),
		...(N8N_WORDS.test(words) ? ['repeats advice of n8n to send again'] : []),
		...(BLAMES_KEY.test(words) && row.blamesKey !== true ? ['blames the key'] : []),
		...(PAY_AGAIN.test(words) && (row.place === 'read' || row.place === 'asset')
			? [`invites to pay again: ${advice}`]
			: []),
		...(outcome === 'not created' && !words.includes('nothing was billed')
			? ['does not say that it cost nothing']
			: []),
		...(outcome === 'unknown' && !words.includes('may be billed') ? ['does not say that it may have cost'] : []),
		...(outcome === 'task named' && !(tasks.includes(id) && words.includes(id)) ? ['does not name the task'] : []),
	];
}

function wrongError({ row, onError, result }: Evidence): string[] {
	const { itemIndex } = asNodeFailure(result.error).context;
	const expected = row.everyone === true || row.nobodyListens === true ? [0, FAULTY_INDEX] : [FAULTY_INDEX];
	return [
		...(onError === 'stopWorkflow' ? [] : ['the node stopped although it is set to continue']),
		...(expected.includes(itemIndex ?? -1) ? [] : [`the error names the item ${itemIndex}`]),
	];
}

function wrongItems({ operation, row, onError, api, result: { items } }: Evidence): string[] {
	const [calm, faulty] = items;
	const isError = faulty !== undefined && 'error' in faulty.json;
	const keys = Object.keys(faulty?.json ?? {}).sort();
	const isAlone = row.everyone !== true && row.nobodyListens !== true;
	const wantsFile = row.place === 'asset' && row.expected[operation.column] === 'delivered';
	const isPicture = row.isPicture === true || operation.name.startsWith('image.');
	const bytes = api.assetBytes(isPicture ? 'image' : 'video').length;
	const { bytes: found, mimeType } = faulty?.binary?.data ?? {};
	return [
		...(items.length === (row.stopsCreates ? 3 : 2) ? [] : [`${items.length} items came out`]),
		...(isError && onError === 'stopWorkflow' ? ['the node went on although it is set to stop'] : []),
		...(isError && keys.join() !== 'details,error,message' ? [`n8n does not take ${keys.join()} for an error`] : []),
		...(operation.hears === 'polling' ||
		operation.hears === 'called' ||
		items.every(({ pairedItem }, index) => (pairedItem as IDataObject | undefined)?.item === index)
			? []
			: ['an item is not paired with its input']),
		...(isAlone && calm?.json.error !== undefined ? ['the other item failed, too'] : []),
		...(wantsFile && found !== bytes ? ['the file is not whole'] : []),
		...(wantsFile && mimeType !== (isPicture ? 'image/png' : 'video/mp4') ? [`the file is called ${mimeType}`] : []),
	];
}
