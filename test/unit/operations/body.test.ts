import type { INodeProperties } from 'n8n-workflow';

import type { BuildInput } from '../../../nodes/Runway/operations/operation';
import { STAND_IN_KEY, startStandIn, type StandIn } from '../../support/standin';
import { bodyOf, build, creates, defaultOf, input, isShown, named, nameOf, operationOf, parametersOf } from './build';
import { actor, night, OF_CAMERA_MOTION, pier, table, tall, type Values, type Rows } from './rows';

describe('The rows of this suite', () => {
	it('are there for every operation that creates a task, and for no other', () => {
		expect(Object.keys(table).sort()).toEqual(creates.map(nameOf).sort());
	});

	it.each(named)('are whole for %s', (name) => {
		expect(table[name]?.refused.length).toBeGreaterThan(0);
		expect(table[name]?.doubts.length).toBeGreaterThan(0);
	});
});

const eachBody = Object.entries(table).flatMap(([name, rows]) =>
	(['minimal', 'typical', 'full'] as const).map((extent): [string, string, Values, Values] => [
		name,
		extent,
		...rows[extent],
	]),
);

describe('The request body', () => {
	it.each(eachBody)('of %s with %s parameters is exactly as documented', async (name, _, given, body) => {
		expect(await bodyOf(operationOf(name), given)).toStrictEqual(body);
	});

	it.each(eachBody)('of %s with %s parameters holds nothing empty at any depth', async (name, _, given) => {
		const text = JSON.stringify(await bodyOf(operationOf(name), given), (_key, value: unknown) =>
			value === undefined ? 'UNSET' : value,
		);
		expect(text).not.toMatch(/"UNSET"|:null|:\{\}|:\[\]|:""/);
	});

	it.each(eachBody)(
		'of %s with %s parameters is the same when it is built again, as it is for a file',
		async (name, _, given, body) => {
			const operation = operationOf(name);
			await build(operation, given);
			expect(await bodyOf(operation, given)).toStrictEqual(body);
		},
	);

	it.each(eachBody)(
		'of %s with %s parameters is the same if numbers and switches come as text',
		async (name, _, given, body) => {
			const operation = operationOf(name);
			const asText = (value: unknown): unknown => {
				if (typeof value === 'number' || typeof value === 'boolean')
					return ` ${value}`.slice(typeof value === 'number' ? 0 : 1);
				if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
				return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asText(inner)]));
			};
			const parameters = asText(parametersOf(operation, given)) as Values;
			const result = await operation.build(parameters, input);
			expect(result.ok && result.body).toStrictEqual(body);
		},
	);

	it.each(named)('of %s is the same once options are added and left at their defaults', async (name, operation) => {
		const [given] = table[name]?.minimal ?? [{}];
		const leftOut = operation.value === 'generateFromImage' ? OF_CAMERA_MOTION : [];
		const added = (operation.options ?? []).filter(({ name: option }) => !leftOut.includes(option));
		const defaults = Object.fromEntries(added.map((option) => [option.name, defaultOf(option)]));
		expect(await bodyOf(operation, { ...given, ...defaults })).toStrictEqual(await bodyOf(operation, given));
	});

	it.each(eachBody)(
		'of %s with %s parameters does not stumble over empty optional fields',
		async (name, _, given, body) => {
			const operation = operationOf(name);
			const optional = [...operation.fields, ...(operation.options ?? [])].filter(
				(field) => !(field.name in given) && defaultOf(field) === '',
			);
			for (const empty of ['', '  ', null]) {
				const parameters = {
					...parametersOf(operation, given),
					...Object.fromEntries(optional.map((field) => [field.name, empty])),
				};
				const result = await operation.build(parameters, input);
				expect(result.ok && result.body).toStrictEqual(body);
			}
		},
	);
});

describe('A model that is offered', () => {
	const offered = creates.flatMap((operation) =>
		operation.models.map((model): [string, string] => [nameOf(operation), model]),
	);
	const needed: Values = { prompt: 'slow push-in' };

	it.each(offered)("of %s works with the panel's other defaults: %s", async (name, model) => {
		const operation = operationOf(name);
		const { minimal } = table[name] as Rows;
		const { body, faults } = {
			body: undefined,
			faults: [],
			...(await build(operation, { ...needed, ...minimal[0], model })),
		};
		expect(faults).toEqual([]);
		const { ratios = [], durations = [] } = operation.facts?.[model] ?? {};
		const { ratio, duration } = body as unknown as { ratio?: string; duration?: number };
		if (ratio !== undefined && ratios.length > 0) expect(ratios).toContain(ratio);
		if (duration !== undefined && durations.length > 0) expect(durations).toContain(duration);
	});

	it('gets the value that is nearest to a default that it does not take, and the user is told', async () => {
		const video = await build(operationOf('video.imageToVideo'), { imageUrl: pier, model: 'veo3.1' });
		expect(video).toMatchObject({ ok: true, body: { ratio: '1280:720', duration: 4 } });
		expect(video.ok && video.hints).toEqual([expect.stringMatching(/veo3\.1 doesn't take .* duration 5, .* sends 4/)]);
		const [minimal] = table['image.generate']?.minimal ?? [];
		const image = await build(operationOf('image.generate'), {
			...minimal,
			model: 'gemini_2.5_flash',
			ratio: '1280:720',
		});
		expect(image).toMatchObject({ ok: true, body: { ratio: '1344:768' } });
		expect(image.ok && image.hints).toEqual([expect.stringMatching(/ratio 1280:720, .* sends 1344:768/)]);
	});
});

describe('The ratio that matches the image', () => {
	const sent = async (name: string, given: Values, more: Partial<BuildInput> = {}) => {
		const operation = operationOf(name);
		const result = await operation.build(parametersOf(operation, given), { ...input, ...more });
		return result.ok ? { ratio: result.body.ratio, matched: result.matchedRatio, hints: result.hints } : result.faults;
	};
	const shaped = (width: number, height: number) => ({ shapeAt: async () => ({ width, height }) });

	it.each([
		['video.imageToVideo', { imageUrl: tall }],
		['video.generateFromImage', { imageUrl: tall, prompt: 'waves' }],
		['video.characterPerformance', { characterUrl: tall, referenceUrl: actor }],
	])('is what %s starts with', async (name, given) => {
		expect(await sent(name, given)).toEqual({ ratio: '720:1280', matched: '720:1280', hints: [] });
	});

	it.each([
		[4000, 3000, 'gen4_turbo', '1104:832'],
		[3000, 4000, 'gen4.5', '832:1104'],
		[100, 101, 'gen4_turbo', '960:960'],
		[2520, 1080, 'gen4_turbo', '1584:672'],
		[1170, 2532, 'gen4_turbo', '720:1280'],
		[1170, 2532, 'veo3.1', '720:1280'],
		[4000, 3000, 'veo3.1', '1280:720'],
		[9000, 16_000, 'gen3a_turbo', '768:1280'],
		[100, 100, 'gen9', '960:960'],
	])('of %p x %p is, for %s: %s', async (width, height, model, ratio) => {
		const given = { imageUrl: pier, prompt: 'x', model, duration: model === 'veo3.1' ? 8 : 5 };
		expect(await sent('video.imageToVideo', given, shaped(width, height))).toMatchObject({ ratio, hints: [] });
	});

	it('is read from the header of a file, without asking the web', async () => {
		const shapeAt = jest.fn(async () => null);
		const given = { imageSource: 'binary', imageBinaryField: 'picture' };
		expect(await sent('video.imageToVideo', given, { shapeAt })).toMatchObject({ ratio: '1280:720', hints: [] });
		expect(shapeAt).not.toHaveBeenCalled();
	});

	it("is the model's default, with a remark, if the shape can't be read", async () => {
		const words = [expect.stringMatching(/can't be read.*1280:768/)];
		expect(await sent('video.imageToVideo', { imageUrl: night, prompt: 'x', model: 'gen3a_turbo' })).toEqual({
			ratio: '1280:768',
			matched: '1280:768',
			hints: words,
		});
	});

	it('is not looked for at an address that is doubtful, nor if a ratio is chosen', async () => {
		const shapeAt = jest.fn(async () => null);
		await sent('video.imageToVideo', { imageUrl: 'http://10.0.0.1/a.png' }, { shapeAt, sendAnyway: true });
		await sent('video.imageToVideo', { imageUrl: pier, ratio: '960:960' }, { shapeAt });
		expect(shapeAt).not.toHaveBeenCalled();
	});

	it('is no choice for an operation without an image', async () => {
		expect(await sent('video.generateFromText', { prompt: 'x', ratio: 'auto' })).toMatchObject([{ label: 'Ratio' }]);
	});
});

describe('The list of ratios', () => {
	const listed = (name: string, model: string) => {
		const operation = operationOf(name);
		const shown = operation.fields.filter(
			(field) => field.name === 'ratio' && isShown(field, { model: { __rl: true, mode: 'id', value: model } }),
		);
		expect(shown).toHaveLength(1);
		const [{ options = [], default: start } = {} as INodeProperties] = shown;
		return { values: options.map((option) => ('value' in option ? option.value : '')), start };
	};
	const withFacts = creates.flatMap((operation) =>
		Object.entries(operation.facts ?? {})
			.filter(([, { ratios }]) => ratios.length > 0)
			.map(([model, { ratios }]): [string, string, readonly string[]] => [nameOf(operation), model, ratios]),
	);

	it.each(withFacts)('of %s is what the chosen model takes: %s', (name, model, ratios) => {
		const { values, start } = listed(name, model);
		expect(values.filter((value) => value !== 'auto' && value !== '').sort()).toEqual([...ratios].sort());
		expect(values).toContain(start);
	});

	it.each(['gen9', '', '={{ $json.model }}'])('has all ratios for a model that is not known: %j', (model) => {
		const { values } = listed('video.imageToVideo', model);
		expect(values).toEqual(expect.arrayContaining(['auto', '1584:672', '1920:1080']));
		expect(new Set(values).size).toBe(values.length);
	});
});

describe('The API as it is documented', () => {
	let api: StandIn;

	beforeAll(async () => {
		api = await startStandIn({ alsoServes: ['gen5', 'act_three', 'upscale_v2'] });
	});
	afterAll(async () => await api.close());

	it.each(eachBody)('takes the body of %s with %s parameters, for the right operation', async (name, _, given) => {
		const operation = operationOf(name);
		const response = await fetch(api.url + operation.path, {
			method: 'POST',
			headers: {
				Authorization: `Bearer ${STAND_IN_KEY}`,
				'X-Runway-Version': '2024-11-06',
				'Content-Type': 'application/json',
			},
			body: JSON.stringify(await bodyOf(operation, given)),
		});
		expect([response.status, await response.text()]).toEqual([200, expect.stringMatching(/"(task_)?id":/)]);

		const task = [...api.tasks.values()].at(-1);
		expect(task?.operation).toBe(name === 'image.generate' ? 'textToImage' : operation.value);
		expect(task?.family).toBe(operation.api);
		expect(task?.asset).toBe(operation.produces);
		expect(task?.unknownFields).toEqual([]);
	});
});
