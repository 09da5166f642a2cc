import { addressFault, keyFault, type Result } from './faults';

/** The address of the public API, and the key for it. */
export interface N8nAddress {
	/** With the version, without a slash at its end. */
	api: string;
	/** Of n8n itself, without a slash at its end. */
	root: string;
	host: string;
	apiKey: string;
}

/**
 * Reads what people type: an address with or without N8N_PATH, a slash at its end or the path of the API.
 * @returns the fault if it can't be one
 */
export function readAddress(n8nUrl: unknown, n8nApiKey: unknown): Result<N8nAddress> {
	const typed = typeof n8nUrl === 'string' ? n8nUrl.trim() : '';
	const apiKey = typeof n8nApiKey === 'string' ? n8nApiKey.trim() : '';
	if (!/^https?:\/\//i.test(typed) || !URL.canParse(typed)) return { value: null, fault: addressFault };
	if (!/^[\x21-\x7e]+$/.test(apiKey)) return { value: null, fault: keyFault };
	const { origin, host, pathname } = new URL(typed);
	// Some paste what the browser shows in the editor.
	const path = pathname.replace(/\/(home|workflow|projects|settings|signin)(\/.*)?$/, '').replace(/\/+$/, '');
	const [, root = path, api = '/api/v1'] = /^(.*?)(\/[^/]+\/v1)(?:\/.*)?$/.exec(path) ?? [];
	return { value: { api: `${origin}${root}${api}`, root: `${origin}${root}`, host, apiKey }, fault: null };
}
