import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import importX from 'eslint-plugin-import-x';
import n8nNodesBase from 'eslint-plugin-n8n-nodes-base';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Which folders may not import which others: descriptions know no HTTP, waiting knows no n8n node, and so on. */
const rooms = (target, from, message) => ({
	target: `./nodes/${target}`,
	from: from.map((folder) => `./nodes/${folder}`),
	message,
});
const nodes = ['Runway', 'RunwayTrigger', 'RunwayCallbackTrigger'];
const shared = [
	'api',
	'credential',
	'files',
	'item',
	'judgement',
	'panel',
	'parameters',
	'register',
	'task',
	'trigger',
	'wait',
	'wake',
];
const sharedBut = (...allowed) => shared.filter((name) => !allowed.includes(name)).map((name) => `shared/${name}`);
const arrows = [
	rooms('shared/task', [...sharedBut('task'), ...nodes], 'The task model depends on nothing.'),
	rooms('shared/wait', [...sharedBut('wait'), ...nodes], 'Waiting knows neither tasks nor HTTP.'),
	rooms('shared/judgement', [...sharedBut('judgement', 'task'), ...nodes], 'The judgement of answers is data.'),
	rooms('shared/panel', [...sharedBut('panel'), ...nodes], 'Fields are data.'),
	rooms('shared/parameters', [...sharedBut('parameters', 'panel', 'task'), ...nodes], 'Checks of fields know no node.'),
	rooms('shared/api', [...sharedBut('api', 'judgement', 'task'), ...nodes], 'The API client knows no node.'),
	rooms('shared/files', [...sharedBut('files', 'api', 'judgement', 'task', 'wait'), ...nodes], 'Files know no node.'),
	rooms(
		'shared/item',
		[...sharedBut('item', 'api', 'judgement', 'task', 'wait', 'files'), ...nodes],
		'Items know no node.',
	),
	rooms(
		'shared/register',
		[...sharedBut('register', 'api', 'judgement', 'task', 'wait'), ...nodes],
		'The register knows no node.',
	),
	rooms(
		'shared/credential',
		[...sharedBut('credential', 'api', 'judgement', 'register'), ...nodes],
		'The test of the credential knows no node.',
	),
	rooms(
		'shared/wake',
		[...sharedBut('wake', 'api', 'judgement', 'task', 'wait'), ...nodes],
		'Reading back after a callback knows no node.',
	),
	rooms('shared/trigger', nodes, 'What triggers share knows no single one.'),
	rooms(
		'Runway/operations',
		[...sharedBut('files', 'panel', 'parameters', 'task'), 'Runway/batch'],
		'Operations are data: no HTTP, no waiting.',
	),
	rooms('Runway', ['RunwayTrigger', 'RunwayCallbackTrigger'], 'Nodes share what is in shared.'),
	rooms('RunwayTrigger', ['Runway', 'RunwayCallbackTrigger'], 'Nodes share what is in shared.'),
	rooms('RunwayCallbackTrigger', ['Runway', 'RunwayTrigger'], 'Nodes share what is in shared.'),
];

export default defineConfig(
	globalIgnores(['dist', '.cache', '**/node_modules', 'coverage']),

	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.recommended],
		languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
		plugins: { 'import-x': importX },
		rules: {
			'@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
			// A name with an underscore is taken out of an object to leave it out of the rest.
			'@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_' }],
			'@typescript-eslint/no-floating-promises': 'error',
			'@typescript-eslint/no-misused-promises': 'error',
			'@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
			// Packages don't import this one.
			'import-x/no-cycle': ['error', { ignoreExternal: true }],
			'import-x/no-restricted-paths': ['error', { zones: arrows }],
		},
		settings: { 'import-x/resolver': { node: { extensions: ['.ts', '.js', '.mjs', '.json'] } } },
	},

	// What ships, as n8n's own verification lints it: every rule, cloud rules included, none switched off.
	{
		files: ['nodes/**/*.ts', 'credentials/**/*.ts', 'package.json'],
		extends: [n8nCommunityNodesPlugin.configs.recommended],
		rules: { 'no-console': 'error' },
	},
	{
		files: ['credentials/**/*.ts'],
		plugins: { 'n8n-nodes-base': n8nNodesBase },
		rules: {
			...n8nNodesBase.configs.credentials.rules,
			// Asks for n8n's own documentation; community packages link to theirs. n8n's gate turns it off, too.
			'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
			// The community plugin's rule is the more exact one; n8n's gate uses that one alone.
			'n8n-nodes-base/cred-class-field-type-options-password-missing': 'off',
		},
	},
	{
		files: ['nodes/**/*.ts'],
		plugins: { 'n8n-nodes-base': n8nNodesBase },
		rules: {
			...n8nNodesBase.configs.nodes.rules,
			// Both want the text "main"; n8n's newer rule wants the constant. n8n's gate turns them off, too.
			'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
			'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
		},
	},
	{
		files: ['package.json'],
		plugins: { 'n8n-nodes-base': n8nNodesBase },
		languageOptions: { parser: tseslint.parser, parserOptions: { extraFileExtensions: ['.json'] } },
		rules: { ...n8nNodesBase.configs.community.rules },
	},

	{
		files: ['**/*.{js,mjs,cjs}'],
		rules: { 'no-undef': 'off', 'no-unused-vars': 'error' },
	},
);
