const { mkdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const packageJson = require('../../package.json');

const root = path.resolve(__dirname, '..', '..');

const string = { type: 'string' };
const number = { type: 'number' };
const boolean = { type: 'boolean' };
const listOf = (items) => ({ type: 'array', items });
const objectOf = (properties) => ({ type: 'object', properties });

/** The item about a task: nodes/shared/item/output.ts. */
const task = objectOf({
	taskId: string,
	operation: string,
	api: string,
	model: string,
	attempts: number,
	status: string,
	progress: number,
	videoUrl: string,
	imageUrl: string,
	posterUrl: string,
	lastFrameUrl: string,
	assetUrls: listOf(string),
	ratio: string,
	failure: objectOf({ code: string, message: string, retryable: boolean }),
	cost: objectOf({ amount: number, unit: string, refunded: boolean }),
	submittedAt: string,
	startedAt: string,
	finishedAt: string,
});

/** The item of a list of tasks: nodes/Runway/batch/list.ts. */
const listedTask = objectOf({
	taskId: string,
	api: string,
	status: string,
	operation: string,
	model: string,
	prompt: string,
	workflowId: string,
	workflowName: string,
	executionId: string,
	createdTime: string,
	endedTime: string,
	cost: string,
	failure: string,
	delivered: boolean,
});

/** The item about an account: nodes/Runway/batch/balance.ts. */
const balance = objectOf({
	username: string,
	remaining: number,
	used: number,
	requestCount: number,
	keys: listOf(objectOf({ name: string, remaining: number, used: number })),
	daily: listOf(objectOf({ date: string, key: string, used: number, requestCount: number })),
	key: objectOf({ name: string, expired: boolean, expiresAt: string, usedUp: boolean, onlyModels: listOf(string) }),
});

/**
 * Writes what every node puts out beside the built nodes, where n8n looks for it: so its editor offers the fields to the next
 * node before anything has run.
 */
function writeSchemas() {
	for (const file of packageJson.n8n.nodes.map((name) => path.join(root, name))) {
		const { description } = new (require(file)[path.basename(file, '.node.js')])();
		const versions = path.join(path.dirname(file), '__schema__');
		for (const [name, schema] of schemasOf(description)) {
			const target = path.join(versions, `v${description.version}.0.0${name}.json`);
			mkdirSync(path.dirname(target), { recursive: true });
			writeFileSync(target, JSON.stringify({ ...schema, version: 1 }));
		}
	}
}

/** Schemas by the paths below the version: one for each operation, or one for the whole node. */
function schemasOf({ properties }) {
	const operations = properties.filter(({ name }) => name === 'operation');
	if (operations.length === 0) return [['', task]];
	return operations.flatMap(({ displayOptions, options }) =>
		options.map(({ value }) => {
			const [resource] = displayOptions.show.resource;
			return [`/${resource}/${value}`, resource === 'account' ? balance : value === 'list' ? listedTask : task];
		}),
	);
}

module.exports = { writeSchemas, task, listedTask, balance };
