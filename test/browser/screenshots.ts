import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { INode } from 'n8n-workflow';
import type { Browser } from 'playwright-core';

import { operations } from '../../nodes/Runway/operations/index';
import { ensureSample, sampleNames } from '../../scripts/start/samples';
import { type CredentialReference, projectRoot, startN8n, type WorkflowFile } from '../support/n8n';
import { startStandIn } from '../support/standin';
import { type Editor, launch, signIn } from './editor';
import { animated, film } from './film';
import { FirstTrigger } from './firstTrigger';

/**
 * `npm run screenshots`: pictures for the documentation, of every operation's panel in the real editor, of a run as a film, and
 * of the way to a first trigger, which it times; and for a look by a person, of the examples' canvases. A word after it
 * restricts it to what has the word in its name: `npm run screenshots -- upscale`.
 */

interface Clip {
	x: number;
	y: number;
	width: number;
	height: number;
}

const RUNWAY = 'n8n-nodes-cometapi-runway.runway';
/** The longest panel fits in without scrolling. */
const HEIGHT = 2000;
const WIDTH = 1500;
/** Around the fields, in pixels. */
const MARGIN = 12;
const images = path.join(projectRoot, 'docs/images');
const examplesFolder = path.join(projectRoot, 'examples');
const examples = readdirSync(examplesFolder)
	.filter((name) => name.endsWith('.json'))
	.sort()
	.map((name) => JSON.parse(readFileSync(path.join(examplesFolder, name), 'utf8')) as WorkflowFile);

async function main(): Promise<void> {
	const only = process.argv[2] ?? '';
	const api = await startStandIn({ hold: true, renderMs: 3000 });
	const videos = mkdtempSync(path.join(tmpdir(), 'runway-videos-'));
	const n8n = await startN8n({ package: projectRoot, fileAccess: [videos], withEditor: true });
	const browser = await launch();
	try {
		const words = { name: 'CometAPI Runway account', type: 'cometApiRunwayApi' };
		const register = { register: true, n8nUrl: n8n.url, n8nApiKey: await n8n.createApiKey() };
		const id = await n8n.createCredential({ ...words, data: { apiKey: api.apiKey, baseUrl: api.url, ...register } });
		const editor = await signIn(browser, n8n, { width: WIDTH, height: HEIGHT });
		for (const { resource, value } of operations.filter((operation) => operation.value.includes(only))) {
			await panel(editor, resource, value);
		}
		if ('film of a run'.includes(only)) await filmedRun(editor, browser);
		if ('first trigger'.includes(only)) await firstTrigger(editor, browser, { ...words, id }, videos);
		for (const workflow of examples.filter(({ name }) => `canvases: ${name}`.includes(only))) {
			await canvas(editor, workflow);
		}
	} finally {
		await browser.close();
		await n8n.stop();
		await api.close();
		rmSync(videos, { recursive: true });
	}
}

/** The panel of an operation as its example has it, cropped to the fields. */
async function panel(editor: Editor, resource: string, operation: string): Promise<void> {
	const { workflow, node } = exampleOf(
		({ type, parameters }) => type === RUNWAY && parameters.resource === resource && parameters.operation === operation,
	);
	await editor.openWorkflow(await editor.n8n.importWorkflow(workflow));
	await editor.openNode(node.name);
	await leaveAlone(editor, 500);
	const fields = editor.part('node-parameters').locator('div:has(> .parameter-input-list-wrapper)').first();
	const { x, y, width, height } = (await fields.boundingBox()) ?? { x: 0, y: 0, width: 1, height: 1 };
	await save(editor, operation, { x: x - MARGIN, y, width: width + 2 * MARGIN, height });
}

/** A run from the click to the video that plays, as the README shows it. */
async function filmedRun(editor: Editor, browser: Browser): Promise<void> {
	const { workflow, node } = exampleOf(({ parameters }) => parameters.operation === 'imageToVideo');
	await editor.page.setViewportSize({ width: 1200, height: 700 });
	await editor.openWorkflow(await editor.n8n.importWorkflow(workflow));
	await editor.page.keyboard.press('1');
	await editor.page.waitForTimeout(1500);
	const frames = await film(editor.page, async () => {
		await editor.page.waitForTimeout(1000);
		await editor.run();
		await editor.succeeded(node.name);
		await editor.page.waitForTimeout(1000);
		await editor.openNode(node.name);
		await editor.page.waitForTimeout(1000);
		await editor.playFile();
		await leaveAlone(editor, 4000);
	});
	await saveFilm(browser, 'run', frames);
}

/** From the overview to a trigger of one's own that fires for a task of the first sample, as `npm start` leaves n8n. */
async function firstTrigger(
	editor: Editor,
	browser: Browser,
	credential: CredentialReference,
	videos: string,
): Promise<void> {
	const { n8n, page } = editor;
	let forPictures = 0;
	const still = async (name: string) => {
		const at = Date.now();
		await leaveAlone(editor, 5000);
		await saveFilm(browser, name, [{ png: (await page.screenshot()).toString('base64'), duration: 1000 }]);
		forPictures += Date.now() - at;
	};
	await page.setViewportSize({ width: 1200, height: 700 });
	const [sample = ''] = sampleNames();
	const sampleId = await ensureSample(n8n, sample, {}, { videos, credential, cheapest: false });
	const { name, nodes } = await n8n.workflow(sampleId);
	await n8n.runToEnd(sampleId);
	const beganAt = Date.now();
	const way = new FirstTrigger(editor, 'Runway Trigger');
	await way.add();
	await way.test();
	await still('trigger-test');
	await way.publish();
	await way.runOther(name, nodes.at(-1)?.name ?? '', 'My workflow');
	await way.see();
	const seconds = Math.round((Date.now() - beganAt - forPictures) / 1000);
	console.log(`A first trigger: ${way.clicks} clicks, ${seconds} s`);
	await still('trigger-fired');
}

/** Takes the mouse off the fields, which show more while it is over them, and lets what it has stirred up fade away. */
async function leaveAlone({ page }: Editor, milliseconds: number): Promise<void> {
	await page.mouse.move(5, 5);
	await page.waitForTimeout(milliseconds);
}

function exampleOf(isWanted: (node: INode) => boolean): { workflow: WorkflowFile; node: INode } {
	for (const workflow of examples) {
		const node = workflow.nodes.find(isWanted);
		if (node !== undefined) return { workflow, node };
	}
	throw new Error('No example has such a node');
}

/** @param frames one of them makes a picture */
async function saveFilm(browser: Browser, name: string, frames: Parameters<typeof animated>[1]): Promise<void> {
	const file = path.join(images, `${name}.webp`);
	writeFileSync(file, await animated(browser, frames, 900));
	tell(file);
}

async function save({ page }: Editor, name: string, clip?: Clip): Promise<void> {
	const file = path.join(images, `${name}.png`);
	await page.screenshot({ path: file, clip });
	tell(file);
}

function tell(file: string): void {
	console.log(`${path.relative(projectRoot, file)}: ${Math.ceil(statSync(file).size / 1000)} KB`);
}

/** An example as a whole: notes must be easy to read, and lie on no node. */
async function canvas(editor: Editor, workflow: WorkflowFile): Promise<void> {
	await editor.page.setViewportSize({ width: 2200, height: 1300 });
	await editor.openWorkflow(await editor.n8n.importWorkflow(workflow));
	// The editor's shortcut for showing all of it, which takes its time.
	await editor.page.keyboard.press('1');
	await editor.page.waitForTimeout(1500);
	await editor.look(workflow.name.replaceAll(/\W+/g, '-'));
}

void main();
