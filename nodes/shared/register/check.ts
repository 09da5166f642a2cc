import { readAddress } from './address';
import { N8nApi, query, type AskHost } from './api';
import { scopeFault, type TableFault } from './faults';
import { TaskTable } from './table';

/**
 * Checks whether a register with these settings would work.
 * @returns what is wrong and what to do, or null
 */
export async function checkTable(n8nUrl: unknown, n8nApiKey: unknown, ask: AskHost): Promise<string | null> {
	const { value: address, fault } = readAddress(n8nUrl, n8nApiKey);
	if (fault !== null) return fault.words;
	return (await findFault(new N8nApi(address, ask)))?.words ?? null;
}

/**
 * Tries everything that the register does, and leaves nothing behind except the table, which it creates if there is none.
 * @returns what is wrong, or null
 */
async function findFault(api: N8nApi): Promise<TableFault | null> {
	const { value: id, fault } = await new TaskTable(api, { id: null, search: null }).find();
	if (fault !== null) return fault;
	const rows = `/data-tables/${id}/rows`;
	const filter = { type: 'and', filters: [{ columnName: 'requestId', condition: 'eq', value: 'none' }] };
	const change = { filter, data: { requestId: 'none' }, dryRun: true };
	const tried = [
		{ scope: 'dataTableRow:read', ...(await api.send('GET', `${rows}${query({ limit: 1 })}`, undefined, 'data')) },
		// n8n checks the key before the row.
		{ scope: 'dataTableRow:create', ...(await api.send('POST', rows, { data: [{ noSuchColumn: '' }] }, null)) },
		{ scope: 'dataTableRow:update', ...(await api.send('PATCH', `${rows}/update`, change, null)) },
		{ scope: 'dataTableRow:upsert', ...(await api.send('POST', `${rows}/upsert`, change, null)) },
		{
			scope: 'dataTableRow:delete',
			...(await api.send('DELETE', `${rows}/delete${query({ filter, dryRun: true })}`, undefined, null)),
		},
		{ scope: 'execution:read', ...(await api.execution('0')) },
	];
	const missing = tried.filter((answer) => answer.fault?.isForbidden).map(({ scope }) => scope);
	if (missing.length > 0) return scopeFault(missing);
	const faults = tried.map((answer) => answer.fault).filter((found) => found !== null);
	return faults.find(({ isRefused, isMissing }) => !isRefused && !isMissing) ?? null;
}
