import {
	NodeOperationError,
	type IExecuteFunctions,
	type ILoadOptionsFunctions,
	type IPollFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

/** The credential type of this package. */
export const CREDENTIAL = 'cometApiRunwayApi';

/** n8n's ID of the node's credential, which separates accounts in the register of tasks; empty without one. */
export function credentialIdOf(context: Pick<IExecuteFunctions, 'getNode'>): string {
	return context.getNode().credentials?.[CREDENTIAL]?.id ?? '';
}

/** The contexts in which n8n lets a node send requests with a credential. */
export type RequestContext = IExecuteFunctions | ILoadOptionsFunctions | IPollFunctions | IWebhookFunctions;

/** A shorter "key" is a word that answers may hold for other reasons. */
const SHORTEST_SECRET = 8;

/** What the credential holds, checked before anything is sent. */
interface Credential {
	/** Without a slash at its end. */
	baseURL: string;
	apiKey: string;
	/** Of the account, for its list of tasks; empty for none. The sender checks it, because everything else works without it. */
	accessToken: string;
	/** Empty for none. */
	userId: string;
	/** The parts of the credential that nobody may read. */
	secrets: readonly string[];
}

/** The address that somebody has typed, without a slash at its end; null if it is no web address. */
export function baseUrlOf(typed: string): string | null {
	const baseURL = typed.trim().replace(/\/+$/, '');
	return /^https?:\/\//i.test(baseURL) && URL.canParse(baseURL) ? baseURL : null;
}

/** Keys hold no blanks, and nothing that a header can't hold. */
export function isPossibleKey(key: string): boolean {
	return /^[\x21-\x7e]*$/.test(key);
}

/** The headers of the account's own routes, which take no key (fact sheet 8.4). */
export function accountHeaders({ accessToken, userId }: Pick<Credential, 'accessToken' | 'userId'>) {
	return { Authorization: accessToken, ...(userId !== '' && { 'New-Api-User': userId }) };
}

/** @throws NodeOperationError that names the field, before anything is sent */
export async function readCredential(context: RequestContext): Promise<Credential> {
	// n8n's helper, which adds the key, reads the credential for the first item, so its address is that item's, too.
	const { baseUrl, apiKey, n8nApiKey, accessToken, userId } = await (context as IExecuteFunctions).getCredentials<{
		baseUrl: string;
		apiKey: string;
		n8nApiKey?: string;
		accessToken?: string;
		userId?: string | number;
	}>(CREDENTIAL, 0);
	const baseURL = baseUrlOf(baseUrl);
	if (baseURL === null) {
		throw credentialFault(
			context,
			'The base URL of the credential is not a web address',
			'set the base URL to https://api.cometapi.com, with https:// and without a path.',
		);
	}
	const key = apiKey.trim();
	if (!isPossibleKey(key)) {
		throw credentialFault(
			context,
			'The API key of the credential holds characters that no key has',
			'paste the key again from the CometAPI console. Often an invisible character or "…" got in while copying.',
		);
	}
	const secrets = [key, n8nApiKey, accessToken].map((secret) => (secret ?? '').trim());
	return {
		baseURL,
		apiKey: key,
		accessToken: (accessToken ?? '').trim(),
		userId: String(userId ?? '').trim(),
		secrets: secrets.filter(({ length }) => length >= SHORTEST_SECRET),
	};
}

/** The error for a part of the credential that can't be right. */
export function credentialFault(context: RequestContext, message: string, advice: string): NodeOperationError {
	return new NodeOperationError(context.getNode(), message, {
		description: `Open the credential "CometAPI Runway API" and ${advice}`,
	});
}
