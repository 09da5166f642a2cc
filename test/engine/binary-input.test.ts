import type { IBinaryKeyData, IDataObject } from 'n8n-workflow';

import { type Bench, bench, closeBench, CONTINUE, imageToVideo, topic, until } from './bench';

afterAll(closeBench);

const fromFile = imageToVideo({}, { imageSource: 'binary', imageUrl: '', completion: 'return' });

type Item = { json: IDataObject; binary: IBinaryKeyData };

async function itemWith({ engine }: Bench, bytes: Buffer, name = 'a.png', type = 'image/png'): Promise<Item> {
	return { json: {}, binary: await engine.storeFile(bytes, name, type) };
}

const dataUri = (bytes: Buffer, type = 'image/png') => `data:${type};base64,${bytes.toString('base64')}`;

/** The smallest headers that say type and size; the pictures themselves are noise. */
function jpeg(width: number, height: number, size = 400): Buffer {
	const bytes = Buffer.alloc(size, 1);
	bytes.writeUInt32BE(0xffd8ffe0, 0);
	bytes.writeUInt16BE(16, 4);
	bytes.writeUInt32BE(0xffc00011, 20);
	bytes.writeUInt8(8, 24);
	bytes.writeUInt16BE(height, 25);
	bytes.writeUInt16BE(width, 27);
	return bytes;
}

topic('A picture from a file of the item', (test) => {
	test(
		'is sent as a data URI with exactly its bytes, for each item its own',
		bench(async (place) => {
			const { api, run } = place;
			const png = api.assetBytes('image');
			const photo = jpeg(1280, 768);
			const items = [
				await itemWith(place, png),
				// The type that an earlier node guessed does not count; what the file says does.
				await itemWith(place, photo, 'photo', 'application/octet-stream'),
			];
			const output = await run({ ...fromFile, options: { maxParallel: 1 } }, { items });

			expect(output.items.map(({ json }) => json.status)).toEqual(['queued', 'queued']);
			const sent = api.creates.map(({ body }) => (body as IDataObject).promptImage);
			expect(sent).toEqual([dataUri(png), dataUri(photo, 'image/jpeg')]);
		}),
	);

	test(
		'is not sent once another one was refused, even if it was being read by then',
		bench(async (place) => {
			const { api, fail } = place;
			const items = await Promise.all([0, 1, 2].map(async () => await itemWith(place, api.assetBytes('image'))));
			api.fault({ on: 'create', kind: 'status', status: 400, times: 3 });
			let reads = 0;
			let isRefused = false;
			await fail(fromFile, {
				items,
				prepare(context) {
					const { helpers } = context;
					const send = helpers.httpRequestWithAuthentication;
					helpers.httpRequestWithAuthentication = async function (this: never, ...args) {
						const answer = (await send.apply(this, args)) as unknown;
						// By then the node has taken note of the answer.
						setTimeout(() => (isRefused = true), 50);
						return answer;
					} as typeof send;
					const read = helpers.getBinaryDataBuffer;
					helpers.getBinaryDataBuffer = async (...args) => {
						const bytes = await read(...args);
						reads += 1;
						// The first read of each item checks it. Of the reads for sending, all but one take until the refusal.
						if (reads > items.length + 1) await until(() => isRefused);
						return bytes;
					};
				},
			});
			expect(reads).toBe(6);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'that can no longer be read ends the run before anything more is sent',
		bench(async (place) => {
			const { api, fail } = place;
			const items = await Promise.all([0, 1, 2].map(async () => await itemWith(place, api.assetBytes('image'))));
			let reads = 0;
			const error = await fail(
				{ ...fromFile, options: { maxParallel: 1 } },
				{
					items,
					prepare({ helpers }) {
						const read = helpers.getBinaryDataBuffer;
						helpers.getBinaryDataBuffer = async (...args) => {
							reads += 1;
							if (reads > items.length) throw new Error('the store is gone');
							return await read(...args);
						};
					},
				},
			);
			expect(error.message).toContain('the store is gone');
			expect(api.creates).toHaveLength(0);
		}),
	);

	test(
		'may be in any field',
		bench(async (place) => {
			const png = place.api.assetBytes('image');
			const { binary } = await itemWith(place, png);
			const items = [{ json: {}, binary: { still: binary.data } as IBinaryKeyData }];
			await place.run({ ...fromFile, imageBinaryField: 'still' }, { items });
			expect(place.api.creates[0]?.body).toMatchObject({ promptImage: dataUri(png) });
		}),
	);

	test(
		'is named before any create if it is something else',
		bench(async (place) => {
			const { api, fail } = place;
			const good = await itemWith(place, api.assetBytes('image'));
			const wrong: Array<[bytes: Buffer, name: string, type: string, says: RegExp]> = [
				[Buffer.from('hello'), 'a.txt', 'text/plain', /text\/plain/],
				[Buffer.from('GIF89a--------------------------------'), 'a.gif', 'image/gif', /image\/gif/],
				[Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'a.svg', 'image/svg+xml', /image\/svg\+xml/],
			];
			for (const [bytes, name, type, says] of wrong) {
				const error = await fail(fromFile, { items: [good, await itemWith(place, bytes, name, type)] });
				expect(error.context.itemIndex).toBe(1);
				expect(error.message).toContain('JPEG, PNG or WebP');
				expect(error.message).toMatch(says);
				expect(error.description).toContain('nothing was billed');
			}
			expect(api.creates).toHaveLength(0);
		}),
	);

	test(
		'that only claims to be a PNG is not said to be "of type image/png"',
		bench(async (place) => {
			const item = await itemWith(place, Buffer.from('not a picture at all'), 'a.png', 'image/png');
			const error = await place.fail(fromFile, { items: [item] });
			expect(error.message).not.toMatch(/but the file is of type image\/png/);
		}),
	);

	test(
		'is named before any create if it is too large',
		bench(async (place) => {
			const good = await itemWith(place, place.api.assetBytes('image'));
			const large = await itemWith(place, jpeg(1280, 768, 4 * 1024 * 1024), 'a.jpg', 'image/jpeg');
			const error = await place.fail(fromFile, { items: [good, large] });
			expect(error.context.itemIndex).toBe(1);
			expect(error.message).toContain('4.0 MB');
			expect(error.message).toContain('3.7 MB');
			expect(place.api.creates).toHaveLength(0);
		}),
	);

	for (const inMemory of [false, true]) {
		test(
			`is not even read if it is far too large (${inMemory ? 'in the item' : 'in the store'})`,
			bench(async (place) => {
				const bytes = Buffer.alloc(30_000_000, 1);
				const { binary } = await itemWith(place, bytes, 'a.mp4', 'video/mp4');
				if (inMemory) binary.data = { mimeType: 'video/mp4', data: bytes.toString('base64') };
				const upscale = { resource: 'video', operation: 'upscale', videoSource: 'binary', completion: 'return' };
				for (const parameters of [fromFile, upscale]) {
					let reads = 0;
					const error = await place.fail(parameters, {
						items: [{ json: {}, binary }],
						prepare({ helpers }) {
							helpers.getBinaryDataBuffer = async () => {
								reads += 1;
								return bytes;
							};
						},
					});
					expect(error.message).toContain('at most 3.7 MB');
					expect(error.message).toContain('the file has 28.6 MB');
					expect(reads).toBe(0);
				}
				expect(place.api.creates).toHaveLength(0);
			}),
		);
	}

	test(
		'just below the limit is taken by CometAPI',
		bench(async (place) => {
			const most = Math.floor(((5 * 1024 * 1024 - 'data:image/jpeg;base64,'.length) / 4) * 3) - 3;
			const item = await itemWith(place, jpeg(1280, 768, most), 'a.jpg', 'image/jpeg');
			const { items } = await place.run(fromFile, { items: [item] });
			expect(items[0]?.json.status).toBe('queued');
		}),
	);

	test(
		'that is missing is named with its item and field before any create',
		bench(async (place) => {
			const good = await itemWith(place, place.api.assetBytes('image'));
			for (const bad of [{ json: {} }, { json: {}, binary: { other: good.binary.data } as IBinaryKeyData }]) {
				const error = await place.fail(fromFile, { items: [good, bad] });
				expect(error.context.itemIndex).toBe(1);
				expect(error.message).toContain("'data'");
			}
			expect(place.api.creates).toHaveLength(0);
		}),
	);

	test(
		'that is wrong costs only its own item if the node is set to continue',
		bench(async (place) => {
			const good = await itemWith(place, place.api.assetBytes('image'));
			const bad = await itemWith(place, Buffer.from('hello'), 'a.txt', 'text/plain');
			const { items } = await place.run(fromFile, { items: [bad, { json: {} }, good], onError: CONTINUE });
			expect(items.map(({ json }) => json.status)).toEqual([undefined, undefined, 'queued']);
			expect(items[0]?.json.error).toContain('JPEG, PNG or WebP');
			for (const { json } of items.slice(0, 2)) {
				expect(Object.keys(json).sort()).toEqual(['details', 'error', 'message']);
			}
			expect(place.api.creates).toHaveLength(1);
		}),
	);
});
