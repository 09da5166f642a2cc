import type { ICredentialsDecrypted, ICredentialTestFunctions, INodeCredentialTestResult } from 'n8n-workflow';

import { checkTable } from '../register/check';
import { checkAccountTasks } from './accountTasks';
import { askPlainlyWith, type CredentialCheck } from './check';
import { checkCometApi } from './cometApi';

/** Makes the table if there is none, and tries everything that the key has to be allowed to do, without leaving a row behind. */
const checkRegister: CredentialCheck = async ({ register, n8nUrl, n8nApiKey }, ask) =>
	register === true ? await checkTable(n8nUrl, n8nApiKey, ask) : null;

/** The parts of the credential, in the order in which their faults are reported. */
const checks: readonly CredentialCheck[] = [checkCometApi, checkRegister, checkAccountTasks];

/** The test that n8n runs when somebody saves the credential: says of each part that is used whether it works. */
export async function testCometApiRunwayApi(
	this: ICredentialTestFunctions,
	{ data = {} }: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	const ask = askPlainlyWith(this.helpers);
	const notes: string[] = [];
	const faults = await Promise.all(checks.map(async (check) => await check(data, ask, (words) => notes.push(words))));
	const message = faults.filter((fault) => fault !== null).join(' ');
	if (message !== '') return { status: 'Error', message };
	return { status: 'OK', message: ['Connection tested successfully', ...notes].join('. ') };
}
