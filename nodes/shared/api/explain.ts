import type { Reason } from '../judgement/reason';
import type { Problem } from './problem';

/** Words for people: what happened, and what to do about it. */
export interface Explanation {
	message: string;
	advice: string;
}

/** What the user wanted: advice to run again is wrong after a read, since running again would buy again. */
export type Wanted = 'create' | 'read' | 'account' | 'accountTasks';

/** `create` is said after a refused create, `otherwise` after everything else. */
interface Words {
	message: string;
	create: string;
	otherwise: string;
}

/** Longest list of refused fields in a message, in characters; the whole answer is in the details. */
const MAX_FIELDS_TEXT = 1_000;
const CREDENTIAL = 'Open the credential "CometAPI Runway API"';
const SUPPORT = 'If the problem persists, contact CometAPI support and quote the request ID.';

const same = (message: string, advice: string): Words => ({ message, create: advice, otherwise: advice });

const words: Readonly<Record<Reason, Words>> = {
	badRequest: {
		message: 'CometAPI refused the request',
		create: 'Correct the parameter named above, then run the node again.',
		otherwise: SUPPORT,
	},
	auth: same(
		'CometAPI does not accept the API key',
		`${CREDENTIAL}, enter a valid key from the CometAPI console, and test it.`,
	),
	keyExpired: same(
		'The API key has expired',
		`Extend the key in the CometAPI console, or create a new one. ${CREDENTIAL} to enter it.`,
	),
	keyUsedUp: same('The limit of the API key is used up', 'Raise the limit of this key in the CometAPI console.'),
	keyDisabled: same(
		'CometAPI says that the API key is disabled',
		'Enable the key in the CometAPI console. If it is enabled, try again in a minute: CometAPI sometimes refuses good keys for a moment.',
	),
	modelNotAllowed: {
		message: 'The API key may not use this model',
		create:
			"Add the model to the key's list of models in the CometAPI console, or choose another one in the field Model.",
		otherwise: "Add the model to the key's list of models in the CometAPI console.",
	},
	forbidden: same(
		'CometAPI does not allow this request for the API key',
		"Check in the CometAPI console that the key is active and may use Runway's models.",
	),
	balance: same('The balance of the CometAPI account is too low', 'Top up the account in the CometAPI console.'),
	dailyCap: same(
		'A daily limit is reached',
		'Wait until tomorrow, or contact CometAPI for a higher limit. Trying again today does not help.',
	),
	rateLimit: {
		message: 'CometAPI is receiving too many requests',
		create: 'Run again later, or lower Max Parallel Requests and set Max Tasks in Progress in the options.',
		otherwise: 'Try again in a minute: the limit is for a short time.',
	},
	modelUnavailable: {
		message: 'CometAPI does not serve this model at present',
		create: 'Choose another model in the field Model. The list shows the models that CometAPI offers.',
		otherwise: 'Try again later: CometAPI may offer the model again.',
	},
	wrongUrl: same(
		'The base URL of the credential does not lead to CometAPI',
		`${CREDENTIAL} and set the base URL to https://api.cometapi.com, without a path.`,
	),
	webPage: same(
		'A web page came in place of an answer from CometAPI',
		'A protection service or a proxy may be blocking this n8n. Try again later. If the page keeps coming, contact CometAPI and ask them to allow the IP address of this n8n.',
	),
	notFound: same(
		'CometAPI found no such endpoint',
		'Check that the base URL of the credential is https://api.cometapi.com.',
	),
	notVisible: same(
		'CometAPI does not know the task',
		'Check the task ID, that the credential belongs to the account that created the task, and the base URL of the credential.',
	),
	tooLarge: same(
		'The request is too large for CometAPI',
		'Use a smaller file, or provide a public URL instead of a file.',
	),
	expired: same('The URL of the file has expired or is gone', 'Read the task again for a fresh URL.'),
	notAFile: same('What came is not a file', 'Try again later, which costs nothing.'),
	server: same('CometAPI or the provider behind it is unavailable', `Try again later. ${SUPPORT}`),
	unreadable: same(
		'CometAPI sent a response that this node does not understand',
		'Check that the base URL of the credential is https://api.cometapi.com. If it is, try again later.',
	),
	network: same(
		'The connection to CometAPI broke, or no answer came in time',
		'Check the network of this n8n and its proxy settings, then try again.',
	),
	unreachable: same(
		"CometAPI can't be reached",
		'Check the network of this n8n, its proxy settings, and the base URL of the credential.',
	),
};

const wrongToken = same(
	"The list of the CometAPI account's tasks needs a valid access token",
	`${CREDENTIAL} and enter the personal access token of the CometAPI account, which is not the API key. If CometAPI asks for a user ID, enter that, too.`,
);
const noList = (message: string) =>
	same(
		message,
		'This list is experimental, because CometAPI does not document it. Check the base URL of the credential. If it is https://api.cometapi.com, use the register of tasks instead.',
	);

/** The list of the account's tasks takes another secret, and may not exist (fact sheet 8.4). */
const wordsOfTaskList: Partial<Record<Reason, Words>> = {
	auth: wrongToken,
	keyExpired: wrongToken,
	keyDisabled: wrongToken,
	forbidden: same(
		"CometAPI does not allow this access token to list the account's tasks",
		'Check in the CometAPI console that the access token and the user ID in the credential belong to the same account.',
	),
	badRequest: noList("CometAPI refused to list the account's tasks"),
	notFound: noList("CometAPI has no list of the account's tasks at this address"),
	wrongUrl: noList("CometAPI's list of the account's tasks is not where this node looks for it"),
	unreadable: noList("CometAPI sent something other than a list of the account's tasks"),
};

/** Puts a problem into words, with the API's own words and ids as evidence. */
export function explain(problem: Problem, wanted: Wanted): Explanation {
	const { message, ...advice } =
		(wanted === 'accountTasks' ? wordsOfTaskList[problem.reason] : undefined) ?? words[problem.reason];
	const model = problem.model === undefined ? '' : ` (${problem.model})`;
	const fields = problem.fields
		.map(({ path, message: words }) => [path, words].filter(Boolean).join(': '))
		.join('; ')
		.slice(0, MAX_FIELDS_TEXT);
	return {
		message: [`${message}${model}`, problem.message, fields].filter(Boolean).join(': '),
		advice: [wanted === 'create' ? advice.create : advice.otherwise, evidence(problem)].filter(Boolean).join(' '),
	};
}

/** Status, code and request ID in brackets, as far as there are any. */
export function evidence({ status, code, requestId }: Problem): string {
	const facts = [
		status === null ? null : `HTTP ${status}`,
		code === null ? null : `code ${code}`,
		requestId === null ? null : `request ID ${requestId}`,
	].filter((fact) => fact !== null);
	return facts.length === 0 ? '' : `(${facts.join(', ')})`;
}
