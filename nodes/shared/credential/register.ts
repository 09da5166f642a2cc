import { checkTable } from '../register/check';
import type { CredentialCheck } from './check';

/** Makes the table if there is none, and tries everything that the key has to be allowed to do, without leaving a row behind. */
export const checkRegister: CredentialCheck = async ({ register, n8nUrl, n8nApiKey }, ask) =>
	register === true ? await checkTable(n8nUrl, n8nApiKey, ask) : null;
