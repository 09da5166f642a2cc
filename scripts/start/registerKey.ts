import { type N8nClient, REGISTER_SCOPES } from '../../test/support/n8n';

const LABEL = 'Register of Runway tasks';

/**
 * Makes the key for n8n's own API that the register of tasks needs. It goes into the credential and nowhere else; the key of
 * an earlier start ends.
 */
export async function makeRegisterKey(n8n: N8nClient): Promise<string> {
	const { items } = await n8n.request<{ items: Array<{ id: string; label: string }> }>(
		'GET',
		`/rest/api-keys?label=${encodeURIComponent(LABEL)}`,
	);
	for (const { id } of items.filter(({ label }) => label === LABEL))
		await n8n.request('DELETE', `/rest/api-keys/${id}`);
	const key = { label: LABEL, scopes: REGISTER_SCOPES, expiresAt: null };
	return (await n8n.request<{ rawApiKey: string }>('POST', '/rest/api-keys', key)).rawApiKey;
}
