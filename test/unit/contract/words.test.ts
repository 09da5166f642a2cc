import { Workflow, type INode, type INodeProperties, type INodePropertyOptions, type INodeTypes } from 'n8n-workflow';

import { Runway } from '../../../nodes/Runway/Runway.node';
import { RunwayTrigger } from '../../../nodes/RunwayTrigger/RunwayTrigger.node';
import { familyNames } from '../../../nodes/shared/panel/families';
import { isCreate, operations } from '../../../nodes/Runway/operations/index';

/** Words that have to agree with the table of operations, which n8n itself can't check. */

const { description } = new Runway();
const creates = operations.filter(isCreate);

/** What n8n shows below the node's name on the canvas. */
function subtitleOf(resource: string, operation: string): unknown {
	const type = new Runway();
	const nodeTypes = { getByName: () => type, getByNameAndVersion: () => type, getKnownTypes: () => ({}) };
	const node: INode = {
		id: '1',
		name: 'Runway',
		type: 'runway',
		typeVersion: 1,
		position: [0, 0],
		parameters: { resource, operation },
	};
	const workflow = new Workflow({
		nodes: [node],
		connections: {},
		active: false,
		nodeTypes: nodeTypes as unknown as INodeTypes,
	});
	return workflow.expression.getSimpleParameterValue(node, description.subtitle, 'internal', {});
}

describe('The line below the name of the node on the canvas', () => {
	it.each(operations.map(({ resource, value, name }) => [resource, value, name]))(
		'tells of %s.%s what it does, by the name that the panel shows',
		(resource, value, name) => {
			const shown = String(subtitleOf(resource, value));
			expect(shown).toContain(name);
			expect(shown.toLowerCase()).toContain(resource);
			expect(shown).not.toContain('undefined');
		},
	);

	it('can tell operations apart by what is stored, whatever the resource', () => {
		expect(new Set(operations.map(({ value }) => value)).size).toBe(operations.length);
	});
});

describe('The names of the operations', () => {
	it.each(['compatibility', 'official'] as const)('are complete in the text about the API "%s"', (api) => {
		const named = familyNames[api].split(/, | and /).sort();
		const expected = creates
			.filter((operation) => operation.api === api)
			.map(({ resource, name }) => (resource === 'image' ? `${name} (Image)` : name))
			.sort();
		expect(named).toEqual(expected);
	});

	it.each([
		['actOne', 'Act-One'],
		['characterPerformance', 'Act-Two'],
		['videoToVideo', 'Aleph'],
	])('hold the name of the product where Runway has one: %s is %s', (value, product) => {
		const operation = operations.find((candidate) => candidate.value === value);
		expect([operation?.name, operation?.action]).toEqual([
			expect.stringContaining(product),
			expect.stringContaining(product),
		]);
	});

	it('are complete in the filter of the trigger', () => {
		const { properties } = new RunwayTrigger().description;
		const filters = properties.find(({ name }) => name === 'filters')?.options as INodeProperties[];
		const offered = filters.find(({ name }) => name === 'operations')?.options as INodePropertyOptions[];
		const expected = creates.map(({ resource, value, name }) => [value, resource === 'image' ? `${name} Image` : name]);
		expect(offered.map(({ name, value }) => [value, name]).sort()).toEqual(expected.sort());
	});

	it('have actions without articles and without a full stop, as n8n wants them', () => {
		const wrong = operations.filter(({ action }) => /\b(a|an|the)\b/i.test(action) || action.endsWith('.'));
		expect(wrong.map(({ action }) => action)).toEqual([]);
	});
});
