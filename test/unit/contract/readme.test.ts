import { readFileSync } from 'node:fs';
import path from 'node:path';

import { operations } from '../../../nodes/Runway/operations/index';

const root = path.join(__dirname, '../../..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

describe('The README', () => {
	it.each(operations.map(({ name, value }) => [name, value]))('has a row for %s', (name, value) => {
		expect(readme).toContain(`| **${name}** (\`${value}\`) |`);
	});

	it('names no operation that does not exist', () => {
		const named = [...readme.matchAll(/^\| \*\*[^*]+\*\* \(`(\w+)`\)/gm)].map(([, value]) => value);
		expect(named.sort()).toEqual(operations.map(({ value }) => value).sort());
	});

	it('has the headings that n8n links to as the documentation of node and credential', () => {
		const codexFiles = ['Runway', 'RunwayTrigger', 'RunwayCallbackTrigger'].map(
			(name) => `nodes/${name}/${name}.node.json`,
		);
		const sources = [...codexFiles, 'credentials/CometApiRunwayApi.credentials.ts'].map((file) =>
			readFileSync(path.join(root, file), 'utf8'),
		);
		const linked = sources.flatMap((text) =>
			[...text.matchAll(/n8n-nodes-cometapi-runway#([\w-]+)/g)].map(([, id]) => id),
		);
		expect(linked).toContain('credential');
		const headings = [...readme.matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
			heading.toLowerCase().replaceAll(' ', '-'),
		);
		expect(linked.filter((id) => id !== 'readme' && !headings.includes(id ?? ''))).toEqual([]);
	});
});
