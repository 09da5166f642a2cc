import { NodeHelpers, type INodeParameters, type INodeProperties, type INodeType } from 'n8n-workflow';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { Runway } from '../../../nodes/Runway/Runway.node';
import { findOperation, isCreate, operations } from '../../../nodes/Runway/operations';

const root = path.join(__dirname, '../../..');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
	name: string;
	n8n: { nodes: string[]; credentials: string[] };
};
const { description, methods } = new Runway();
const { properties } = description;

/** Names that saved workflows hold. Whoever wants to change one of these breaks them. */
const fixedParameters: Record<string, string[]> = {
	'video.generateFromText': ['prompt', 'model', 'ratio', 'duration', 'cameraMotion'],
	'video.generateFromImage': ['imageUrl', 'prompt', 'model', 'ratio', 'duration', 'cameraMotion'],
	'video.imageToVideo': [
		'imageSource',
		'imageUrl',
		'imageBinaryField',
		'prompt',
		'model',
		'ratio',
		'duration',
		'lastImageUrl',
	],
	'video.restyle': ['videoUrl', 'prompt', 'model', 'structureTransformation', 'duration'],
	'video.actOne': ['videoUrl', 'imageUrl'],
	'video.videoToVideo': ['videoUrl', 'prompt', 'model', 'ratio', 'referenceImages'],
	'video.characterPerformance': ['characterUrl', 'characterType', 'referenceUrl', 'ratio'],
	'video.upscale': ['videoUrl', 'model'],
	'image.generate': ['prompt', 'model', 'ratio', 'referenceImages'],
	'task.get': ['taskId', 'options'],
	'task.wait': ['taskId', 'download', 'options'],
	'task.download': ['taskId', 'options'],
	'task.list': ['source', 'status', 'returnAll', 'limit', 'filters'],
	'account.getBalance': [],
};

/** The options that an operation has of its own. */
const fixedOptions: Record<string, Record<string, unknown>> = {
	'video.generateFromText': { style: 'cinematic' },
	'video.generateFromImage': { flip: false, imageAsEndFrame: false, lastImageUrl: '', style: 'cinematic' },
	'video.imageToVideo': { publicFigureThreshold: 'auto', seed: '', watermark: false },
	'video.restyle': { flip: false },
	'video.videoToVideo': { publicFigureThreshold: 'auto', seed: '' },
	'video.characterPerformance': {
		bodyControl: true,
		expressionIntensity: 3,
		model: expect.objectContaining({ value: 'act_two' }),
		publicFigureThreshold: 'auto',
		seed: '',
	},
	'image.generate': { publicFigureThreshold: 'auto', seed: '' },
};

/** More than these and a panel is no longer read at a glance. Without resource, operation and notices, at its defaults. */
const MOST_FIELDS = { create: 9, task: 6, list: 6, account: 6 } as const;

const fixedDefaults: Record<string, unknown> = {
	binaryField: 'data',
	callbackUrl: '',
	timeout: 900,
	pollInterval: 0,
	maxParallel: 5,
	fallbackModels: '',
	maxTasks: 0,
	maxTasksInProgress: 0,
	minBalance: 0,
	retryFailed: 0,
	reuseWithin: 0,
	runwayVersion: '2024-11-06',
	onTimeout: 'error',
	includeRaw: false,
	additionalFields: '{}',
	maxFileSize: 2_000,
	sendAnyway: false,
	fileName: '',
	allFiles: false,
};

/** The options of the operations that look at tasks: none that does nothing. */
const fixedTaskOptions: Record<string, string[]> = {
	get: ['api', 'includeRaw', 'maxParallel', 'runwayVersion', 'timeout'],
	wait: [
		...['allFiles', 'api', 'binaryField', 'fileName', 'includeRaw', 'maxFileSize', 'maxParallel'],
		...['onTimeout', 'pollInterval', 'runwayVersion', 'timeout'],
	],
	download: [
		...['allFiles', 'api', 'binaryField', 'fileName', 'includeRaw', 'maxFileSize', 'maxParallel'],
		...['runwayVersion', 'timeout'],
	],
};

const fixedNodes = ['runway', 'runwayTrigger', 'runwayCallbackTrigger'];

const named = operations.map((operation): [string, (typeof operations)[number]] => [
	`${operation.resource}.${operation.value}`,
	operation,
]);
const namedCreates = operations
	.filter(isCreate)
	.map((operation): [string, typeof operation] => [`${operation.resource}.${operation.value}`, operation]);

const isShown = (property: INodeProperties, values: INodeParameters) =>
	NodeHelpers.displayParameter(values, property, { typeVersion: 1 }, description);

const valuesOf = (property: INodeProperties): unknown[] =>
	property.type === 'boolean'
		? [true, false]
		: (property.options ?? []).flatMap((option) => ('value' in option ? [option.value] : []));

/** Every combination of the settings on which the display of other fields depends, for one operation. */
function situations(resource: string, operation: string): INodeParameters[] {
	const conditions = properties.flatMap(({ displayOptions }) => Object.keys(displayOptions?.show ?? {}));
	const switches = [...new Set(conditions)].filter((name) => name !== 'resource' && name !== 'operation');
	const found = findOperation(resource, operation);
	const models = found !== undefined && isCreate(found) ? Object.keys(found.facts ?? {}) : [];
	let all: INodeParameters[] = [...models, 'unknown', '={{ $json.model }}'].map((value) => ({
		resource,
		operation,
		model: { __rl: true, mode: 'id', value },
	}));
	for (const name of switches) {
		const values = properties
			.filter((property) => property.name === name && isOfOperation(property, resource, operation))
			.flatMap(valuesOf);
		if (values.length === 0) continue;
		all = all.flatMap((one) => [...new Set(values)].map((value) => ({ ...one, [name]: value }) as INodeParameters));
	}
	return all;
}

function isOfOperation({ displayOptions }: INodeProperties, resource: string, operation: string): boolean {
	const { show = {} } = displayOptions ?? {};
	const meets = (wanted: unknown[] | undefined, value: string) => wanted === undefined || wanted.includes(value);
	return meets(show.resource, resource) && meets(show.operation, operation);
}

/** The fields of one operation that are shown in at least one situation. */
function panelOf(resource: string, operation: string): INodeProperties[] {
	const all = situations(resource, operation);
	return properties.filter((property) => all.some((values) => isShown(property, values)));
}

const find = (name: string, within: INodeProperties[]) => within.find((property) => property.name === name);
const optionsOf = (property: INodeProperties | undefined) => property?.options ?? [];

describe('The panel and the table of operations', () => {
	const offered = properties
		.filter(({ name }) => name === 'operation')
		.flatMap((field) =>
			(field.displayOptions?.show?.resource ?? []).flatMap((resource) =>
				optionsOf(field).map((option) => `${String(resource)}.${'value' in option ? String(option.value) : ''}`),
			),
		);

	it('offer the same operations, each once', () => {
		expect([...offered].sort()).toEqual(named.map(([name]) => name).sort());
		expect(new Set(offered).size).toBe(offered.length);
	});

	it('offer what saved workflows may hold', () => {
		expect([...offered].sort()).toEqual(Object.keys(fixedParameters).sort());
	});

	it('offer every resource that has an operation, and no other', () => {
		const resources = optionsOf(find('resource', properties)).map((option) => ('value' in option ? option.value : ''));
		expect([...resources].sort()).toEqual([...new Set(operations.map(({ resource }) => resource))].sort());
	});

	it('know every file that holds an operation', () => {
		const folder = path.join(root, 'nodes/Runway/operations');
		const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
			.filter((file) => file.endsWith('.operation.ts'))
			.map((file) => file.replace(/\.operation\.ts$/, '').replaceAll(path.sep, '.'));
		expect(files.sort()).toEqual(named.map(([name]) => name).sort());
	});

	it.each(named)('lead to the code of %s', (_, operation) => {
		expect(findOperation(operation.resource, operation.value)).toBe(operation);
	});

	it('have a default operation for every resource, among those that it has', () => {
		for (const field of properties.filter(({ name }) => name === 'operation')) {
			expect(valuesOf(field)).toContain(field.default);
		}
		expect(find('resource', properties)?.default).toBe('video');
		const ofVideos = properties.find(
			({ name, displayOptions }) => name === 'operation' && displayOptions?.show?.resource?.includes('video'),
		);
		expect(ofVideos?.default).toBe('imageToVideo');
	});

	it('begin with Video, the main use, in the list of resources and so in the list of actions', () => {
		expect(optionsOf(find('resource', properties)).map(({ name }) => name)).toEqual([
			'Video',
			'Image',
			'Task',
			'Account',
		]);
	});

	it.each(named)(
		'say in the list of actions what %s does, by its name or what the name has in brackets',
		(_, operation) => {
			const { action, name } = operation;
			const [, product = name] = /\((.+)\)$/.exec(name) ?? [];
			expect(action.toLowerCase()).toContain(product.toLowerCase());
			expect(action).toMatch(/^(Animate|Change|Convert|Download|Generate|Get|Restyle|Upscale|Wait) /);
		},
	);

	it.each([
		['image to video', ['imageToVideo', 'generateFromImage']],
		['text to video', ['generateFromText']],
		['camera motion', ['generateFromImage']],
		['aleph', ['videoToVideo']],
		['act-two', ['characterPerformance']],
		['act-one', ['actOne']],
		['upscale video', ['upscale']],
		['restyle video', ['restyle']],
		['generate image', ['generate']],
	])('are found in the list of actions by "%s"', (words, expected) => {
		const found = operations.filter(({ action }) => action.toLowerCase().includes(words));
		expect(found.map(({ value }) => value).sort()).toEqual([...expected].sort());
	});

	it('name no two operations alike', () => {
		for (const of of ['action', 'name'] as const) {
			const names = operations.map((operation) => operation[of]);
			expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
		}
	});

	it('have a list of models only from methods that exist', () => {
		const searches = properties.flatMap(({ modes = [] }) =>
			modes.flatMap(({ typeOptions }) => typeOptions?.searchListMethod ?? []),
		);
		expect(searches.filter((name) => !(name in methods.listSearch))).toEqual([]);
	});
});

describe('The fields of an operation', () => {
	it.each(named)('of %s have the names that saved workflows hold', (name, { resource, value }) => {
		const names = panelOf(resource, value).map((property) => property.name);
		expect(names).toEqual(expect.arrayContaining(fixedParameters[name] ?? []));
	});

	it.each(named)('of %s are never shown twice', (_, { resource, value }) => {
		for (const values of situations(resource, value)) {
			const shown = properties.filter((property) => isShown(property, values)).map(({ name }) => name);
			expect([values, shown.filter((name, index) => shown.indexOf(name) !== index)]).toEqual([values, []]);
		}
	});

	it.each(named)('of %s are those that its file names, and can all be seen', (_, { resource, value, fields }) => {
		const names = panelOf(resource, value).map((property) => property.name);
		expect(fields.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual([]);
	});

	it.each(named)(
		'of %s begin with what only it asks for, after resource and operation',
		(_, { resource, value, fields }) => {
			const shown = panelOf(resource, value)
				.filter(({ type }) => type !== 'notice')
				.map(({ name }) => name);
			expect(shown.slice(0, 2 + fields.length)).toEqual(['resource', 'operation', ...fields.map(({ name }) => name)]);
		},
	);

	it.each(named)('of %s are few enough to be read at a glance', (_, { resource, value, kind }) => {
		const parameters = NodeHelpers.getNodeParameters(
			properties,
			{ resource, operation: value },
			true,
			false,
			{ typeVersion: 1 },
			description,
		);
		const shown = properties
			.filter(({ name, type }) => type !== 'notice' && name !== 'resource' && name !== 'operation')
			.filter((property) => isShown(property, parameters ?? {}))
			.map(({ name }) => name);
		expect(shown.length).toBeGreaterThan(1);
		expect(shown.slice(MOST_FIELDS[kind])).toEqual([]);
	});

	it('have the choices and the filters of a list under their names', () => {
		const panel = panelOf('task', 'list');
		expect(valuesOf(find('source', panel) as INodeProperties).sort()).toEqual(['account', 'register']);
		expect(valuesOf(find('status', panel) as INodeProperties).sort()).toEqual([
			'cancelled',
			'created',
			'failed',
			'notCreated',
			'notSent',
			'sending',
			'succeeded',
			'unknown',
		]);
		const filters = optionsOf(find('filters', panel)).map(({ name }) => name);
		expect(filters.sort()).toEqual(['createdAfter', 'delivered', 'withinDays', 'workflow', 'workflowName']);
	});

	it('have the six movements of the camera under their names', () => {
		for (const value of ['generateFromText', 'generateFromImage']) {
			const motion = find('cameraMotion', panelOf('video', value));
			expect(motion?.type).toBe('collection');
			expect(
				optionsOf(motion)
					.map(({ name }) => name)
					.sort(),
			).toEqual(['bgXPan', 'bgYPan', 'r', 'x', 'y', 'z']);
		}
	});

	it.each([
		['image', 'generate', ['binaryField', 'tag', 'url']],
		['video', 'videoToVideo', ['binaryField', 'url']],
	])('have reference images under their names in %s.%s', (resource, value, expected) => {
		const [image] = optionsOf(find('referenceImages', panelOf(resource, value)));
		expect(image?.name).toBe('image');
		const names = image !== undefined && 'values' in image ? image.values.map(({ name }) => name) : [];
		expect(names.sort()).toEqual(expect.arrayContaining(expected));
	});

	it.each([
		['imageSource', 'imageToVideo', ['binary', 'url']],
		['characterType', 'characterPerformance', ['image', 'video']],
	])('have the choices of %s under their names', (name, value, expected) => {
		expect(valuesOf(find(name, panelOf('video', value)) as INodeProperties).sort()).toEqual(expected);
	});

	it('have the choices of api under their names', () => {
		const api = optionsOf(find('options', panelOf('task', 'get'))).find(
			({ name }) => name === 'api',
		) as INodeProperties;
		expect([valuesOf(api).sort(), api.default]).toEqual([['auto', 'compatibility', 'official'], 'auto']);
	});

	it('find what an earlier Runway node has passed on, without glue', () => {
		const defaults = operations.flatMap(({ fields }) =>
			fields.map(({ name, default: value }) => [name, value] as const),
		);
		for (const [name, expected] of [
			['taskId', '={{ $json.taskId }}'],
			['videoUrl', '={{ $json.videoUrl }}'],
			['imageUrl', '={{ $json.imageUrl }}'],
		]) {
			for (const [, value] of defaults.filter(([field]) => field === name)) expect(value).toBe(expected);
		}
	});
});

describe('Every operation that costs money', () => {
	it.each(namedCreates)('lets the user choose how %s is completed', (_, { resource, value }) => {
		const completion = find('completion', panelOf(resource, value));
		expect(completion?.default).toBe('wait');
		const choices = valuesOf(completion as INodeProperties).sort();
		expect(choices).toEqual(['return', 'suspend', 'wait']);
	});

	it.each(namedCreates)('gives the file of %s by default, and lets it be left out', (_, { resource, value }) => {
		const panel = panelOf(resource, value);
		expect(find('download', panel)?.default).toBe(true);
		const isOffered = (completion: string) =>
			isShown(find('download', panel) as INodeProperties, { resource, operation: value, completion });
		expect(['wait', 'suspend', 'return'].map(isOffered)).toEqual([true, true, false]);
	});

	it.each(namedCreates)('has a time limit and all other options for %s', (name, { resource, value, api }) => {
		const options = find('options', panelOf(resource, value));
		const defaults = Object.fromEntries(
			optionsOf(options).map((option) => [option.name, 'default' in option ? option.default : undefined]),
		);
		const { callbackUrl, ...others } = fixedDefaults;
		// Tasks of the official routes call nobody back.
		expect(defaults).toEqual({
			...others,
			...fixedOptions[name],
			...(api === 'compatibility' ? { callbackUrl } : {}),
		});
		expect(options?.default).toEqual({});
	});

	it.each(namedCreates)('offers for %s no option that would do nothing', (_, { resource, value, api, models }) => {
		const entries = optionsOf(find('options', panelOf(resource, value))) as INodeProperties[];
		const offered = (completion: string, download: boolean) =>
			entries
				.filter((entry) =>
					NodeHelpers.displayParameter({}, entry, { typeVersion: 1 }, description, {
						resource,
						operation: value,
						completion,
						download,
						characterType: 'image',
					}),
				)
				.map(({ name }) => name);
		const ofWaiting = ['onTimeout', 'pollInterval'];
		const ofFiles = ['allFiles', 'binaryField', 'fileName', 'maxFileSize'];
		const ofWaitingHere = ['maxTasksInProgress', 'retryFailed'];
		const callback = api === 'compatibility' ? ['callbackUrl'] : [];
		const modelOptions = models.length > 0 ? [] : ['fallbackModels'];
		const notOffered: Array<[string, boolean, string[]]> = [
			['wait', true, []],
			['wait', false, ofFiles],
			['suspend', true, [...ofWaitingHere, ...callback]],
			['suspend', false, [...ofWaitingHere, ...callback, ...ofFiles]],
			['return', true, [...ofWaitingHere, ...ofWaiting, ...ofFiles]],
		];
		for (const [completion, download, expected] of notOffered) {
			const shown = offered(completion, download);
			const missing = entries.map(({ name }) => name).filter((name) => !shown.includes(name));
			expect([completion, download, missing.sort()]).toEqual([
				completion,
				download,
				[...expected, ...modelOptions].sort(),
			]);
		}
	});

	it.each(namedCreates)('says before that %s is billed', (_, { resource, value }) => {
		expect(
			panelOf(resource, value).some(({ type, displayName }) => type === 'notice' && /bill/i.test(displayName)),
		).toBe(true);
	});

	it('has the choices at the time limit under their names', () => {
		const options = find('options', panelOf('video', 'imageToVideo'));
		const onTimeout = optionsOf(options).find(({ name }) => name === 'onTimeout') as INodeProperties;
		expect(valuesOf(onTimeout).sort()).toEqual(['error', 'returnTask']);
	});
});

describe('The operations that look at tasks', () => {
	it.each(Object.entries(fixedTaskOptions))('offer for %s the options that have an effect', (value, expected) => {
		const shown = properties.filter(
			(property) => property.name === 'options' && isShown(property, { resource: 'task', operation: value }),
		);
		expect(
			shown.map((property) =>
				optionsOf(property)
					.map(({ name }) => name)
					.sort(),
			),
		).toEqual([expected]);
	});
});

interface Text {
	where: string;
	label: string;
	description: string | undefined;
	hint: string | undefined;
	type: string;
	/** A value of a list, which may be a technical name. */
	isChoice: boolean;
}

/** Every text of a description, at every depth. */
function textsOf(fields: readonly INodeProperties[], above = ''): Text[] {
	return fields.flatMap((field) => {
		const where = `${above}${field.name}`;
		const own: Text = {
			where,
			label: field.displayName,
			description: field.description,
			hint: field.hint,
			type: field.type,
			isChoice: false,
		};
		const inner = (field.options ?? []).flatMap((option): Text[] => {
			if ('values' in option) {
				const group = {
					where: `${where}.${option.name}`,
					label: option.displayName,
					description: undefined,
					hint: undefined,
					type: 'group',
					isChoice: false,
				};
				return [group, ...textsOf(option.values, `${where}.${option.name}.`)];
			}
			if ('type' in option) return textsOf([option], `${where}.`);
			return [
				{
					where: `${where}=${String(option.value)}`,
					label: option.name,
					description: option.description,
					hint: undefined,
					type: 'choice',
					isChoice: true,
				},
			];
		});
		return [own, ...inner];
	});
}

const files = (folder: string, ending: string) =>
	readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
		.filter((file) => file.endsWith(ending))
		.map((file) => `${folder}/${file.split(path.sep).join('/')}`)
		.sort();
const nodeFiles = files('nodes', '.node.ts');
const credentialFiles = files('credentials', '.credentials.ts');

type Loaded = Record<
	string,
	new () => INodeType & { name?: string; displayName?: string; properties?: INodeProperties[] }
>;
const load = (file: string): Loaded => jest.requireActual<Loaded>(path.join(root, file));
const classNameOf = (file: string) => path.basename(file).replace(/\.(node|credentials)\.ts$/, '');
function make(file: string) {
	const Class = load(file)[classNameOf(file)];
	if (Class === undefined) throw new Error(`${file} holds no class of its name`);
	return new Class();
}

const allTexts = [
	...nodeFiles.flatMap((file) => textsOf(make(file).description.properties, `${classNameOf(file)}: `)),
	...credentialFiles.flatMap((file) => textsOf(make(file).properties ?? [], `${classNameOf(file)}: `)),
];
const described = allTexts.flatMap(({ where, description: own, hint }) =>
	[own, hint].flatMap((text): Array<[string, string]> => (text === undefined ? [] : [[where, text]])),
);

describe('The texts of the panel', () => {
	const small = new Set(['a', 'an', 'and', 'as', 'at', 'by', 'for', 'in', 'of', 'on', 'or', 'the', 'to']);

	it('have labels in title case', () => {
		const labels = allTexts.filter(({ type, label }) => type !== 'notice' && !/^\d/.test(label));
		const wrong = labels.filter(({ label }) =>
			label
				.split(' ')
				.some((word, index) => /^[a-z]/.test(word) && word !== 'n8n' && (index === 0 || !small.has(word))),
		);
		expect(wrong.map(({ where, label }) => `${where}: ${label}`)).toEqual([]);
	});

	it('write URL, ID, API and JSON in capitals', () => {
		const texts = [...allTexts.map(({ where, label }): [string, string] => [where, label]), ...described];
		expect(
			texts.filter(([, text]) => /\b(Url|url|Id|ids?|Ids|Api|Json)\b/.test(text.replace(/\$json\S*/g, ''))),
		).toEqual([]);
	});

	it('end one sentence without a full stop, and several with one', () => {
		const wrong = described.filter(
			([, text]) => /[.!?]["”)]?\s+(["“(]|[A-Z0-9])/.test(text) !== /[.!?]["”)]?$/.test(text),
		);
		expect(wrong).toEqual([]);
	});

	it('begin with a capital letter and hold no emoji and no double space', () => {
		const texts = [...allTexts.map(({ where, label }): [string, string] => [where, label]), ...described];
		expect(texts.filter(([, text]) => /\p{Extended_Pictographic}/u.test(text) || / {2}|^\s|\s$/.test(text))).toEqual(
			[],
		);
		expect(described.filter(([, text]) => !/^["'“]?[A-Z0-9/]/.test(text))).toEqual([]);
	});

	it('say of every switch whether', () => {
		const switches = allTexts.filter(({ type }) => type === 'boolean');
		expect(switches.filter(({ description: own }) => !own?.startsWith('Whether '))).toEqual([]);
	});

	it('explain every field that is not clear by its name', () => {
		const silent = allTexts.filter(
			({ type, where, description: own, hint }) =>
				['string', 'number', 'json', 'boolean', 'resourceLocator', 'dateTime'].includes(type) &&
				!own &&
				!hint &&
				!where.includes('='),
		);
		expect(silent.map(({ where }) => where)).toEqual([]);
	});

	it('have lists in the order of their names from five entries on', () => {
		// Ratios go by their width, everything else by the alphabet.
		const byName = (a: string, b: string) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1);
		const lists = (fields: INodeProperties[]): INodeProperties[] =>
			fields.flatMap((field) => [
				field,
				...lists((field.options ?? []).filter((option): option is INodeProperties => 'type' in option)),
			]);
		for (const field of lists(properties)) {
			const names = (field.options ?? []).map((option) => ('displayName' in option ? option.displayName : option.name));
			const always = field.name === 'operation' || field.type === 'collection';
			if (names.length >= 5 || always) expect([field.name, names]).toEqual([field.name, [...names].sort(byName)]);
		}
	});
});

describe('The package as n8n loads it', () => {
	const compiled = (file: string) => `dist/${file.replace(/\.ts$/, '.js')}`;

	it('names exactly the nodes and credentials that exist', () => {
		expect([...manifest.n8n.nodes].sort()).toEqual(nodeFiles.map(compiled));
		expect([...manifest.n8n.credentials].sort()).toEqual(credentialFiles.map(compiled));
	});

	it.each(nodeFiles)('finds a node in %s under a name that saved workflows may hold', (file) => {
		const { name } = make(file).description;
		expect(fixedNodes).toContain(name);
		expect(classNameOf(file).toLowerCase()).toBe(name.toLowerCase());
	});

	it.each(nodeFiles)('finds the credential that %s asks for', (file) => {
		const names = credentialFiles.map((credential) => make(credential).name);
		const asked = (make(file).description.credentials ?? []).map(({ name }) => name);
		expect(asked.filter((name) => !names.includes(name))).toEqual([]);
		expect(asked).toContain('cometApiRunwayApi');
	});

	it('finds one credential, under its name, with its fields', () => {
		expect(credentialFiles).toEqual(['credentials/CometApiRunwayApi.credentials.ts']);
		const credential = make('credentials/CometApiRunwayApi.credentials.ts');
		expect([credential.name, credential.displayName]).toEqual(['cometApiRunwayApi', 'CometAPI Runway API']);
		const fields = credential.properties ?? [];
		const names = ['apiKey', 'baseUrl', 'register', 'n8nApiKey', 'n8nUrl', 'accessToken', 'userId'];
		expect(fields.map(({ name }) => name)).toEqual(names);
		const hidden = fields.filter(({ typeOptions }) => typeOptions?.password === true).map(({ name }) => name);
		expect(hidden).toEqual(['apiKey', 'n8nApiKey', 'accessToken']);
		expect(find('baseUrl', fields)?.default).toBe('https://api.cometapi.com');
	});

	it.each(nodeFiles)('finds the icons of %s', (file) => {
		const { icon } = make(file).description;
		const icons = typeof icon === 'string' ? [icon] : [icon?.light, icon?.dark];
		const missing = icons.filter(
			(one) => !existsSync(path.join(root, path.dirname(file), one?.replace(/^file:/, '') ?? '?')),
		);
		expect(missing).toEqual([]);
	});

	it.each(nodeFiles)('finds the codex file of %s, about the very node', (file) => {
		const codex = JSON.parse(readFileSync(path.join(root, file.replace(/\.ts$/, '.json')), 'utf8')) as Record<
			string,
			unknown
		>;
		const { name, version } = make(file).description;
		expect(codex).toMatchObject({
			node: `${manifest.name}.${name}`,
			nodeVersion: `${[version].flat().at(-1)}.0`,
			codexVersion: '1.0',
			categories: expect.arrayContaining([expect.any(String)]),
			resources: {
				primaryDocumentation: [{ url: expect.stringMatching(/^https:\/\//) }],
				credentialDocumentation: [{ url: expect.stringMatching(/^https:\/\//) }],
			},
		});
	});

	it.each(nodeFiles)("tells n8n's AI builder how to use %s, by the names of the panels", (file) => {
		const { searchHint = '', relatedNodes = [] } = make(file).description.builderHint ?? {};
		expect(searchHint).not.toBe('');
		const text = [searchHint, ...relatedNodes.map(({ relationHint }) => relationHint)].join(' ');
		// The builder writes code, in which expressions and connections have other forms.
		expect(text).not.toMatch(/\{\{|\bai_/);
		const names = [...allTexts.map(({ label }) => label), fixedDefaults.binaryField];
		const quoted = [...text.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
		expect(quoted.filter((name) => !names.includes(name))).toEqual([]);
		const types = fixedNodes.map((name) => `${manifest.name}.${name}`);
		expect(relatedNodes.filter(({ nodeType }) => !types.includes(nodeType))).toEqual([]);
	});

	it.each(nodeFiles)('lets agents use %s only if it acts', (file) => {
		const { group, usableAsTool } = make(file).description;
		expect(usableAsTool === true).toBe(!group.includes('trigger'));
	});
});
