import { problemOfList, TASK_LIST_PATH } from '../api/accountTasks';
import { explain } from '../api/explain';
import { accountHeaders, baseUrlOf, isPossibleKey } from '../api/credential';
import { sendWith, type CredentialCheck } from './check';

const TIMEOUT_MS = 15_000;
const NOT_A_TOKEN =
	'The access token of the CometAPI account holds characters that no token has. Paste it again, or leave the field empty.';

/** Asks for the newest task of the account, if there is an access token. The base URL has a check of its own. */
export const checkAccountTasks: CredentialCheck = async ({ baseUrl, accessToken, userId }, ask) => {
	const base = baseUrlOf(String(baseUrl ?? ''));
	const token = String(accessToken ?? '').trim();
	const user = String(userId ?? '').trim();
	if (token === '' || base === null) return null;
	if (!isPossibleKey(token) || !isPossibleKey(user)) return NOT_A_TOKEN;
	const send = sendWith(ask, base, accountHeaders({ accessToken: token, userId: user }));
	const answer = await send({ method: 'GET', path: `${TASK_LIST_PATH}?p=1&page_size=1`, timeoutMs: TIMEOUT_MS });
	// If there is none, the check of the key says why the host can't be reached.
	const problem = answer.kind === 'response' ? problemOfList(answer) : null;
	if (problem === null) return null;
	const { message, advice } = explain(problem, 'accountTasks');
	return `${message}. ${advice}`.replaceAll(token, '…');
};
