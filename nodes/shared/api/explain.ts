import type { Problem } from './problem';

/** Words for people: what happened, and what to do about it. */
export interface Explanation {
	message: string;
	advice: string;
}

const words: Readonly<Record<Problem['reason'], { message: string; advice: string }>> = {
	badRequest: {
		message: 'CometAPI refused the request',
		advice: 'Change the parameter that the answer names, then run again.',
	},
	auth: {
		message: 'CometAPI does not accept the API key',
		advice: 'Open the credential "CometAPI Runway API", enter a valid key from the CometAPI console, and test it.',
	},
	forbidden: {
		message: 'CometAPI does not allow this request for the API key',
		advice: "Check in the CometAPI console that the key is active and may use Runway's models.",
	},
	balance: {
		message: 'The CometAPI balance is too low for this task',
		advice: 'Top up the account in the CometAPI console, or raise the limit of this key.',
	},
	rateLimit: {
		message: 'CometAPI is receiving too many requests',
		advice: 'Run again later, or lower Max Parallel Requests and set Max Tasks in Progress in the options.',
	},
	wrongUrl: {
		message: 'The base URL of the credential does not lead to CometAPI',
		advice:
			'Open the credential "CometAPI Runway API" and set the base URL to https://api.cometapi.com, without a path.',
	},
	notFound: {
		message: 'CometAPI does not know what was asked for',
		advice: 'Check the task ID, and that the base URL of the credential is https://api.cometapi.com.',
	},
	tooLarge: {
		message: 'The request is too large for CometAPI',
		advice: 'Use a smaller file, or give a public URL and not a file.',
	},
	server: {
		message: 'CometAPI or the provider behind it is unavailable',
		advice: 'Run again later. If it stays so, ask CometAPI with the request ID.',
	},
	unreadable: {
		message: 'CometAPI answered in an unknown form',
		advice: 'Check that the base URL of the credential is https://api.cometapi.com. If it is, run again later.',
	},
	network: {
		message: "CometAPI can't be reached",
		advice: 'Check the network of this n8n, its proxy settings, and the base URL of the credential.',
	},
};

/** Puts a problem into words, with the API's own words and ids as evidence. */
export function explain(problem: Problem): Explanation {
	const { message, advice } = words[problem.reason];
	return { message: `${message}: ${problem.message}`, advice: [advice, evidence(problem)].filter(Boolean).join(' ') };
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
