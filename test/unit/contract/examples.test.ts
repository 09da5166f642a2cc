import {
	NodeHelpers,
	type INode,
	type INodeParameters,
	type INodeProperties,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { Runway } from '../../../nodes/Runway/Runway.node';
import { RunwayCallbackTrigger } from '../../../nodes/RunwayCallbackTrigger/RunwayCallbackTrigger.node';
import { RunwayTrigger } from '../../../nodes/RunwayTrigger/RunwayTrigger.node';
import type { WorkflowFile } from '../../support/n8n/workflows';

/** The examples against the nodes as they are now. That they run is what the end-to-end tests show. */

const folder = path.join(__dirname, '../../../examples');
const readme = readFileSync(path.join(folder, 'README.md'), 'utf8');
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
const textOf = (file: string) => readFileSync(path.join(folder, file), 'utf8');
const examples = files.map((file): [string, WorkflowFile] => [file, JSON.parse(textOf(file)) as WorkflowFile]);

/** From this number on, examples are for real jobs; the ones before are small, one for each operation. */
const FIRST_REAL_JOB = 14;
const numberOf = (file: string) => Number.parseInt(file, 10);
const realJobs = examples.filter(([file]) => numberOf(file) >= FIRST_REAL_JOB);

const PACKAGE = 'n8n-nodes-cometapi-runway.';
const STICKY = 'n8n-nodes-base.stickyNote';

/** What n8n adds to the panel of a node that is used as a tool. */
const toolFields: INodeProperties[] = [
	{
		displayName: 'Tool Description',
		name: 'descriptionType',
		type: 'options',
		options: [
			{ name: 'Set Automatically', value: 'auto' },
			{ name: 'Set Manually', value: 'manual' },
		],
		default: 'auto',
	},
	{ displayName: 'Description', name: 'toolDescription', type: 'string', default: '' },
];
/** What n8n adds to the panel of a node that polls. */
const pollFields: INodeProperties[] = [
	{
		displayName: 'Poll Times',
		name: 'pollTimes',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true },
		default: {},
		options: [
			{
				displayName: 'Item',
				name: 'item',
				values: [
					{
						displayName: 'Mode',
						name: 'mode',
						type: 'options',
						options: [{ name: 'Every Minute', value: 'everyMinute' }],
						default: 'everyMinute',
					},
				],
			},
		],
	},
];

const described = (type: INodeType, more: INodeProperties[] = []): INodeTypeDescription => ({
	...type.description,
	properties: [...more, ...type.description.properties],
});
const ours: Record<string, INodeTypeDescription> = {
	runway: described(new Runway()),
	runwayTool: described(new Runway(), toolFields),
	runwayTrigger: described(new RunwayTrigger(), pollFields),
	runwayCallbackTrigger: described(new RunwayCallbackTrigger()),
};

/** The newest version of each of n8n's nodes that n8n 1.115, the oldest supported one, has. */
const newestIn1115: Record<string, number> = {
	'@n8n/n8n-nodes-langchain.agent': 2.2,
	'@n8n/n8n-nodes-langchain.chatTrigger': 1.3,
	'@n8n/n8n-nodes-langchain.lmChatOpenAi': 1.2,
	'@n8n/n8n-nodes-langchain.memoryBufferWindow': 1.3,
	'@n8n/n8n-nodes-langchain.toolWorkflow': 2.2,
	'n8n-nodes-base.aggregate': 1,
	'n8n-nodes-base.convertToFile': 1.1,
	'n8n-nodes-base.errorTrigger': 1,
	'n8n-nodes-base.executeWorkflow': 1.3,
	'n8n-nodes-base.executeWorkflowTrigger': 1.1,
	'n8n-nodes-base.filter': 2.2,
	'n8n-nodes-base.form': 2.3,
	'n8n-nodes-base.formTrigger': 2.3,
	'n8n-nodes-base.googleDrive': 3,
	'n8n-nodes-base.googleSheets': 4.7,
	'n8n-nodes-base.if': 2.2,
	'n8n-nodes-base.manualTrigger': 1,
	'n8n-nodes-base.readWriteFile': 1,
	'n8n-nodes-base.scheduleTrigger': 1.2,
	'n8n-nodes-base.set': 3.4,
	'n8n-nodes-base.splitInBatches': 3,
	'n8n-nodes-base.splitOut': 1,
	'n8n-nodes-base.summarize': 1.1,
	[STICKY]: 1,
	'n8n-nodes-base.switch': 3.3,
};
/** What an example may use besides if its note says that it needs n8n 2.41. */
const newestIn241: Record<string, number> = { ...newestIn1115, '@n8n/n8n-nodes-langchain.agent': 3.1 };

const oursIn = ({ nodes }: WorkflowFile): Array<[INode, INodeTypeDescription]> =>
	nodes.flatMap((node): Array<[INode, INodeTypeDescription]> => {
		if (!node.type.startsWith(PACKAGE)) return [];
		const description = ours[node.type.slice(PACKAGE.length)];
		if (description === undefined) throw new Error(`This package has no ${node.type}`);
		return [[node, description]];
	});

/** All values that n8n shows for a node, as far as it knows them. */
const withDefaults = (node: INode, description: INodeTypeDescription) =>
	NodeHelpers.getNodeParameters(
		description.properties,
		node.parameters,
		true,
		false,
		node,
		description,
	) as INodeParameters;

const notesOf = ({ nodes }: WorkflowFile) =>
	nodes.filter(({ type }) => type === STICKY).map(({ parameters }) => String(parameters.content));

/** What each node covers of the canvas, in its pixels. */
const boxesOf = ({ nodes }: WorkflowFile) =>
	nodes.map(({ name, type, position: [x, y], parameters }) => {
		const isNote = type === STICKY;
		// Below a node stand its name and what it does.
		const width = isNote ? Number(parameters.width) : 96;
		const height = isNote ? Number(parameters.height) : 150;
		return { name, isNote, left: x, top: y, right: x + width, bottom: y + height };
	});

/** n8n's editor shows this much at a zoom at which notes can be read, on a screen of 1920 × 1080. */
const SCREEN = { width: 1600, height: 900 };

describe.each(examples)('The example %s', (file, workflow) => {
	it('has the number of its file in its name', () => {
		expect(workflow.name).toMatch(new RegExp(`^${file.slice(0, 2)} \\S`));
	});

	it('is linked in the list of examples', () => {
		expect(readme.split(`| [${file}](${file}) |`)).toHaveLength(2);
	});

	it('explains itself in a sticky note', () => {
		expect(notesOf(workflow).length).toBeGreaterThan(0);
		for (const note of notesOf(workflow)) expect(note).toMatch(/^## .+\n.+/);
	});

	it('fits a screen', () => {
		const boxes = boxesOf(workflow);
		const width = Math.max(...boxes.map(({ right }) => right)) - Math.min(...boxes.map(({ left }) => left));
		const height = Math.max(...boxes.map(({ bottom }) => bottom)) - Math.min(...boxes.map(({ top }) => top));
		expect(width).toBeLessThanOrEqual(SCREEN.width);
		expect(height).toBeLessThanOrEqual(SCREEN.height);
	});

	it('speaks to somebody who installed the package, and not to its developers', () => {
		expect(notesOf(workflow).join('\n')).not.toMatch(/npm |stand-in|n8n's log|log file/);
	});

	it('uses only nodes that n8n 1.115 has, too, unless its note names a newer one', () => {
		const newest = notesOf(workflow).join().includes('Needs n8n 2.41 or newer') ? newestIn241 : newestIn1115;
		const unknown = workflow.nodes
			.filter(({ type }) => !type.startsWith(PACKAGE))
			.filter(({ type, typeVersion }) => typeVersion > (newest[type] ?? 0));
		expect(unknown.map(({ type, typeVersion }) => `${type} ${typeVersion}`)).toEqual([]);
	});

	it('sets nothing in the nodes of this package that they do not show', () => {
		for (const [node, description] of oursIn(workflow)) {
			expect(node.typeVersion).toBe(description.version);
			const known = withDefaults(node, description);
			expect([node.name, known]).toEqual([node.name, expect.objectContaining(node.parameters)]);
		}
	});

	it('chooses in the nodes of this package only what they offer', () => {
		for (const [node, description] of oursIn(workflow)) {
			const values = withDefaults(node, description);
			const wrong = description.properties
				.filter(({ type, allowArbitraryValues }) => type === 'options' && allowArbitraryValues !== true)
				.filter((field) => NodeHelpers.displayParameter(values, field, node, description))
				.filter(
					({ name, options = [] }) => !options.some((option) => 'value' in option && option.value === values[name]),
				);
			expect([node.name, wrong.map(({ name }) => `${name}: ${String(values[name])}`)]).toEqual([node.name, []]);
		}
	});

	it('gives the nodes of this package all that they need', () => {
		for (const [node, description] of oursIn(workflow)) {
			const filled = { ...node, parameters: withDefaults(node, description) };
			const issues = NodeHelpers.getNodeParametersIssues(description.properties, filled, description);
			const found = Object.keys(issues?.parameters ?? {});
			expect([node.name, found]).toEqual([node.name, []]);
		}
	});

	it('names the credential and holds none', () => {
		for (const [{ credentials }] of oursIn(workflow)) {
			expect(credentials).toEqual({ cometApiRunwayApi: { id: '', name: 'CometAPI Runway account' } });
		}
		const ids = workflow.nodes.flatMap(({ credentials = {} }) => Object.values(credentials).map(({ id }) => id));
		expect(ids.filter((id) => id !== '')).toEqual([]);
	});

	it('holds nothing but the workflow: no runs, no pinned data, no addresses of anybody', () => {
		expect(Object.keys(workflow)).toEqual(['name', 'nodes', 'connections', 'settings']);
		expect(workflow.settings).toEqual({ executionOrder: 'v1' });
		expect(textOf(file)).not.toMatch(/[\w.]+@[\w-]+\.\w{2,}|sk-\w{8,}|Bearer/);
		const hosts = [...textOf(file).matchAll(/https?:\/\/([\w.:-]+)/g)].map(([, host]) => host);
		expect(hosts.filter((host) => host !== 'example.com' && host !== 'api.cometapi.com')).toEqual([]);
	});

	it('has a name and an id of its own for each node, and connects nodes that exist', () => {
		const names = workflow.nodes.map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
		const ids = workflow.nodes.map(({ id }) => id);
		expect(new Set(ids).size).toBe(ids.length);
		expect(ids.filter((id) => !/^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id))).toEqual(
			[],
		);
		const targets = Object.values(workflow.connections).flatMap((outputs) =>
			Object.values(outputs).flatMap((lists) => lists.flatMap((list) => (list ?? []).map(({ node }) => node))),
		);
		expect([...Object.keys(workflow.connections), ...targets].filter((name) => !names.includes(name))).toEqual([]);
		const connected = new Set([...Object.keys(workflow.connections), ...targets]);
		const loose = workflow.nodes.filter(({ type, name }) => type !== STICKY && !connected.has(name));
		expect(loose.map(({ name }) => name)).toEqual([]);
	});
});

describe.each(realJobs)('The example for a real job, %s,', (file, workflow) => {
	it('is named like its file', () => {
		const slug = workflow.name.toLowerCase().replace(/\W+/g, '-');
		expect(`${slug}.json`).toBe(file);
	});

	it('says what it costs and what to change first', () => {
		const notes = notesOf(workflow).join('\n');
		expect(notes).toMatch(/\*\*Cost:\*\* .*billed by CometAPI/s);
		expect(notes).toContain('**Change first:** ');
	});

	it('has notes that lie on no node', () => {
		const boxes = boxesOf(workflow);
		const overlaps = boxes.flatMap((one, index) =>
			boxes
				.slice(index + 1)
				.filter((other) => one.isNote || other.isNote)
				.filter((other) => one.left < other.right && other.left < one.right)
				.filter((other) => one.top < other.bottom && other.top < one.bottom)
				.map((other) => `${one.name} and ${other.name}`),
		);
		expect(overlaps).toEqual([]);
	});
});

describe('The examples', () => {
	it('are numbered without a gap', () => {
		expect(files.map(numberOf)).toEqual(files.map((_, index) => index + 1));
	});

	it('are at least eight for real jobs', () => {
		expect(realJobs.length).toBeGreaterThanOrEqual(8);
	});

	it('are all that the list of examples links to', () => {
		const linked = [...readme.matchAll(/\]\(([^)]+\.json)\)/g)].map(([, file]) => file);
		expect([...linked].sort()).toEqual(files);
	});

	it('have addresses of their own for everything that is called from outside', () => {
		const ids = examples.flatMap(([, { nodes }]) => nodes.flatMap(({ webhookId }) => webhookId ?? []));
		expect(new Set(ids).size).toBe(ids.length);
	});
});
