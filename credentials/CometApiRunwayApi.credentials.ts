import type { IAuthenticateGeneric, ICredentialType, Icon, INodeProperties } from 'n8n-workflow';

/** The key for CometAPI and where to send it. */
export class CometApiRunwayApi implements ICredentialType {
	name = 'cometApiRunwayApi';

	displayName = 'CometAPI Runway API';

	icon: Icon = { light: 'file:../nodes/Runway/runway.svg', dark: 'file:../nodes/Runway/runway.dark.svg' };

	documentationUrl = 'https://github.com/n8n-nodes-cometapi-runway/n8n-nodes-cometapi-runway#credential';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			placeholder: 'e.g. sk-…',
			description:
				'Get one in the <a href="https://www.cometapi.com/console/token" target="_blank">CometAPI console</a>, under API keys',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.cometapi.com',
			required: true,
			description:
				'Address of CometAPI, without a path. The key is sent only to this host, and by Get Balance to query.cometapi.com.',
		},
		{
			displayName: 'Keep a Register of Tasks',
			name: 'register',
			type: 'boolean',
			default: false,
			description:
				'Whether to record all tasks in a data table of this n8n, "Runway tasks". With it, a retry after a crash finds its tasks, and Runway Trigger finds all tasks by itself. Needs n8n 2.8 or newer.',
		},
		{
			displayName: 'n8n API Key',
			name: 'n8nApiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			displayOptions: { show: { register: [true] } },
			description:
				'Create it in n8n under Settings → n8n API. If n8n offers scopes, select all for data tables, their rows and columns, and the one for reading executions (dataTable:*, dataTableRow:*, dataTableColumn:*, execution:read). It is sent only to the n8n URL.',
		},
		{
			displayName: 'n8n URL',
			name: 'n8nUrl',
			type: 'string',
			default: 'http://127.0.0.1:5678',
			displayOptions: { show: { register: [true] } },
			description:
				'The address at which n8n reaches itself. The default is usually right. In queue mode, enter the address of the main instance, which workers can reach too.',
		},
		{
			displayName: 'CometAPI Access Token (Optional)',
			name: 'accessToken',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description:
				'Experimental. You need it only to list all tasks of the CometAPI account, including those that other programs have created.',
		},
		{
			displayName: 'CometAPI User ID',
			name: 'userId',
			type: 'string',
			default: '',
			displayOptions: { hide: { accessToken: [''] } },
			description: 'The number of the account that the access token belongs to, if CometAPI asks for it',
		},
	];

	authenticate: IAuthenticateGeneric = {
		type: 'generic',
		properties: { headers: { Authorization: '=Bearer {{ $credentials.apiKey.trim() }}' } },
	};
}
