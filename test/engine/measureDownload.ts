import { createHash } from 'node:crypto';

import { Container } from '@n8n/di';
import { BinaryDataService } from 'n8n-core';

import { startEngine, type RunInput } from '../support/engine';

/**
 * A program of its own, so that its memory is that of the node and the engine alone: runs Image to Video
 * and says what arrived, by how much the process grew meanwhile, and whether Node.js warned of anything.
 */
async function measure(credential: RunInput['credential']): Promise<object> {
	const warnings: string[] = [];
	process.on('warning', ({ name, message }) => {
		if (name !== 'DeprecationWarning' && name !== 'ExperimentalWarning') warnings.push(`${name}: ${message}`);
	});
	const engine = await startEngine();
	const parameters = { imageUrl: 'https://img.example.com/a.jpg', prompt: 'x', options: { pollInterval: 0.2 } };
	const run = async (more: RunInput['parameters'], count: number) =>
		await engine.run({ credential, parameters: { ...parameters, ...more }, items: Array(count).fill({}) });

	// Once without the file, so that code and connections are there before anything is measured; and with
	// enough tasks at once to show listeners that pile up.
	await run({ download: false }, 30);
	global.gc?.();
	const before = process.memoryUsage().rss;
	let most = before;
	const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
	const { items } = await run({}, 1);
	clearInterval(timer);

	const file = items[0]?.binary?.data;
	const hash = createHash('sha256');
	if (file?.id !== undefined) {
		for await (const chunk of await Container.get(BinaryDataService).getAsStream(file.id)) hash.update(chunk as Buffer);
	}
	engine.close();
	return { digest: hash.digest('hex'), grownMegabytes: Math.round((most - before) / 1024 / 1024), warnings };
}

void measure(JSON.parse(process.argv[2] ?? '') as RunInput['credential']).then((seen) => {
	process.stdout.write(JSON.stringify(seen));
	process.exit();
});
