import { Workflow, type INode, type INodeType, type INodeTypes } from 'n8n-workflow';

import { unreachableCallback } from '../../nodes/Runway/operations/hints';
import { isCreate, operations } from '../../nodes/Runway/operations';
import { hints } from '../../nodes/Runway/operations/panel';
import { Runway } from '../../nodes/Runway/Runway.node';

const runway = new Runway() as INodeType;
const nodeTypes = {
	getByName: () => runway,
	getByNameAndVersion: () => runway,
	getKnownTypes: () => ({}),
} as unknown as INodeTypes;

/** What n8n's editor makes of an expression of the description, for these parameters. */
function evaluated(expression: string, parameters: Record<string, unknown>): unknown {
	const node = {
		id: '1',
		name: 'Runway',
		type: 'runway',
		typeVersion: 1,
		position: [0, 0],
		parameters,
	} as unknown as INode;
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
	const own = workflow.getNode('Runway') ?? node;
	return workflow.expression.getSimpleParameterValue(own, expression, 'internal', {});
}

/** The remarks that n8n's own expressions choose to show for these parameters. */
function shown(parameters: Record<string, unknown>, hasRun = false): string[] {
	return hints
		.filter(({ whenToDisplay }) => whenToDisplay === 'always' || !hasRun)
		.filter(({ displayCondition = '' }) => {
			const shows = evaluated(displayCondition, parameters);
			expect(typeof shows).toBe('boolean');
			return shows === true;
		})
		.map(({ message }) => message);
}

const model = (value: string) => ({ __rl: true, mode: 'list', value });
const imageToVideo = {
	resource: 'video',
	operation: 'imageToVideo',
	imageUrl: 'https://img.example.com/pier.jpg',
	prompt: 'waves',
	model: model('gen4_turbo'),
	ratio: '1280:720',
	duration: 5,
};

describe('Before anything is paid for, the panel', () => {
	it('says nothing about values that are known to work', () => {
		expect(shown(imageToVideo)).toEqual([]);
		expect(shown({ ...imageToVideo, model: model('veo3.1'), duration: 8 })).toEqual([]);
	});

	it.each([
		['a model that Runway has retired', { model: model('gen3a_turbo'), ratio: '1280:768' }, /retired gen3a_turbo/],
		['a default that the model does not take', { model: model('veo3.1') }, /veo3\.1 .* duration 5, .* sends 4/],
	])('warns about %s', (_, changed, expected) => {
		expect(shown({ ...imageToVideo, ...changed })).toEqual([expect.stringMatching(expected)]);
	});

	it('still warns about a retired model after a run, and leaves to the run what the run says itself', () => {
		expect(shown({ ...imageToVideo, model: model('gen3a_turbo') }, true)).toEqual([
			expect.stringMatching(/retired gen3a_turbo/),
		]);
		expect(shown({ ...imageToVideo, model: model('veo3.1') }, true)).toEqual([]);
	});

	it('says nothing about an operation that is not chosen', () => {
		expect(
			shown({ ...imageToVideo, operation: 'generateFromText', ratio: '16:9', imageUrl: 'http://localhost/a' }),
		).toEqual([]);
	});
});

describe('Before an execution sleeps, a hint', () => {
	it('names the setting that the n8n reads whose address nobody can call, and is silent otherwise', () => {
		expect(unreachableCallback('http://n8n:5678/webhook-waiting/1/runway')).toEqual([
			expect.stringMatching(/"n8n".*\(N8N_WEBHOOK_URL, or WEBHOOK_URL before n8n 2\.30\)/),
		]);
		expect(unreachableCallback('https://n8n.example.com/webhook-waiting/1/runway')).toEqual([]);
	});
});

describe('While an execution sleeps, the panels', () => {
	const creates = operations.filter(isCreate).map(({ value, api }) => [value, api] as const);

	it.each(creates)('say for %s what wakes it, when at the latest, and what a stop leaves', (operation, api) => {
		const text = String(evaluated(runway.description.waitingNodeTooltip ?? '', { ...imageToVideo, operation }));
		const reporter = api === 'compatibility' ? 'CometAPI, or a Runway Trigger' : 'a Runway Trigger';
		expect(text).toContain(`It continues when ${reporter} that watches the register of tasks`);
		expect(text).toMatch(/at the time limit at the latest\. Stopping it cancels nothing at CometAPI\.$/);
	});
});
