import type { INodeProperties, NodeHint } from 'n8n-workflow';

import { isCreate, operations } from './index';
import type { Operation, Resource } from './operation';
import { downloadFields } from '../../shared/panel/fileFields';
import { optionsField, runOptions } from '../../shared/panel/options';
import { asleepSentences, completionFields, noticeFields } from '../../shared/panel/runFields';

/** The node's panel, derived from the table of operations. */

/** In the order of the panel and of n8n's list of actions: the main use comes first. */
const resourceNames: Readonly<Record<Resource, string>> = {
	video: 'Video',
	image: 'Image',
	task: 'Task',
	account: 'Account',
};
const defaultOperations: Readonly<Record<Resource, string>> = {
	video: 'imageToVideo',
	image: 'generate',
	task: 'wait',
	account: 'getBalance',
};

const offered = (Object.keys(resourceNames) as Resource[]).filter((resource) =>
	operations.some((operation) => operation.resource === resource),
);

const resourceField: INodeProperties = {
	displayName: 'Resource',
	name: 'resource',
	type: 'options',
	noDataExpression: true,
	options: offered.map((resource) => ({ name: resourceNames[resource], value: resource })),
	default: 'video',
};

function operationField(resource: Resource): INodeProperties {
	const options = operations
		.filter((operation) => operation.resource === resource)
		.map(({ name, value, action, description }) => ({ name, value, action, description }))
		.sort((a, b) => (a.name < b.name ? -1 : 1));
	const defaultValue = defaultOperations[resource];
	return {
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: [resource] } },
		options,
		default: defaultValue,
	};
}

/** Adds conditions to fields that may have their own. n8n's helper for this costs milliseconds at every start. */
function shownFor(show: { resource: string[]; operation: string[] }, fields: INodeProperties[]): INodeProperties[] {
	return fields.map((field) => ({
		...field,
		displayOptions: { ...field.displayOptions, show: { ...show, ...field.displayOptions?.show } },
	}));
}

/** Shows fields for one operation. */
function fieldsOf({ resource, value }: Operation, fields: INodeProperties[]): INodeProperties[] {
	return shownFor({ resource: [resource], operation: [value] }, fields);
}

/** Shows fields for every operation that meets a condition. */
function fieldsFor(condition: (operation: Operation) => boolean, fields: INodeProperties[]): INodeProperties[] {
	const shown = operations.filter(condition);
	if (shown.length === 0) return [];
	const unique = <T>(values: T[]) => [...new Set(values)];
	return shownFor(
		{
			resource: unique(shown.map((operation) => operation.resource)),
			operation: unique(shown.map((operation) => operation.value)),
		},
		fields,
	);
}

/**
 * The line below the node's name on the canvas: the operation as the panel calls it, with its resource if
 * the name does not say it. `operation` alone would show the stored value, such as generateFromText.
 */
const subtitles = Object.fromEntries(
	operations.map(({ resource, value, name }) => {
		const named = resourceNames[resource];
		return [value, name.includes(named) ? name : `${named}: ${name}`];
	}),
);
export const subtitle = `={{ (${JSON.stringify(subtitles)})[$parameter["operation"]] }}`;

const callsBack = (operation: Operation) => operation.kind === 'create' && operation.api === 'compatibility';

/** What n8n shows while the execution sleeps at this node. */
export const waitingTooltip = `={{ ${JSON.stringify(
	operations.filter(callsBack).map(({ value }) => value),
)}.includes($parameter["operation"]) ? ${JSON.stringify(asleepSentences(true))} : ${JSON.stringify(asleepSentences(false))} }}`;

/** What stands under Options: what the operation has of its own, and what it shares with others. None without an effect. */
function optionsOf(operation: Operation): readonly INodeProperties[] {
	if (operation.kind === 'create') {
		const { create, callback } = runOptions;
		return [...create, ...(callsBack(operation) ? callback : []), ...(operation.options ?? [])];
	}
	if (operation.kind !== 'task') return [];
	if (operation.waits) return runOptions.wait;
	return operation.file === 'never' ? runOptions.look : runOptions.download;
}

function optionsFieldOf(operation: Operation): INodeProperties[] {
	const options = optionsOf(operation);
	return options.length === 0 ? [] : fieldsOf(operation, [optionsField(options)]);
}

export const properties: INodeProperties[] = [
	resourceField,
	...offered.map(operationField),
	...fieldsFor(isCreate, noticeFields),
	...operations.flatMap((operation) => fieldsOf(operation, operation.fields)),
	...fieldsFor(callsBack, completionFields(true)),
	...fieldsFor((operation) => isCreate(operation) && !callsBack(operation), completionFields(false)),
	...fieldsFor(isCreate, downloadFields({ completion: ['wait', 'suspend'] })),
	...fieldsFor((operation) => operation.kind === 'task' && operation.file === 'optional', downloadFields()),
	...operations.flatMap(optionsFieldOf),
];

/** Doubts about values, shown before anything is paid for. */
export const hints: NodeHint[] = operations.filter(isCreate).flatMap(({ resource, value, panelRemarks = [] }) =>
	panelRemarks.map(({ message, when, whenToDisplay }) => ({
		message,
		type: 'warning',
		location: 'outputPane',
		whenToDisplay,
		displayCondition: `={{ $parameter["resource"] === "${resource}" && $parameter["operation"] === "${value}" && ${when} }}`,
	})),
);
