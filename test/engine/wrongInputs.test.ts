import type { IBinaryKeyData, IDataObject, INodeParameters } from 'n8n-workflow';

import { bench, closeBench, CONTINUE, imageToVideo, prompts, textOf, textToVideo, topic } from './bench';

afterAll(closeBench);

const url = (imageUrl: string): INodeParameters => imageToVideo({}, { imageUrl });
const upscale = (videoUrl: string): INodeParameters => ({ resource: 'video', operation: 'upscale', videoUrl });

/** What people send by mistake, with the field that the error must name and what it must say. */
const wrong: Array<[what: string, parameters: INodeParameters, field: string, words: RegExp]> = [
	['a shape in place of pixels', imageToVideo({}, { ratio: '16:9' }), 'Ratio', /1280:720 is|nearest is 1280:720/],
	['a shape on the other API', textToVideo({}, { ratio: '9:16' }), 'Ratio', /nearest is 720:1280.*Send Anyway/s],
	["another model's ratio", imageToVideo({}, { ratio: '1280:768' }), 'Ratio', /1280:720, 720:1280.*gen4_turbo/],
	['a ratio of no known model', imageToVideo({}, { model: 'gen9', ratio: '16:9' }), 'Ratio', /Send Anyway/],
	['a size with an x', imageToVideo({}, { ratio: '1280x720' }), 'Ratio', /with a colon/],
	['a duration that the model does not take', imageToVideo({}, { duration: 11 }), 'Duration', /2, 3, .* seconds/],
	['a duration that is not documented', textToVideo({}, { duration: 7 }), 'Duration', /5 or 10 seconds.*Send Anyway/s],
	['an empty prompt', textToVideo({}, { prompt: '' }), 'Prompt', /empty/],
	['an empty prompt of a model that needs one', imageToVideo({}, { model: 'gen4.5', prompt: '' }), 'Prompt', /gen4\.5/],
	[
		'a prompt that came out empty, though the model needs none',
		imageToVideo({}, { prompt: '={{ $json.nobody }}' }),
		'Prompt',
		/\{\{ \$json\.nobody \}\}.*empty.*Send Anyway/s,
	],
	['an object as the prompt', textToVideo({}, { prompt: '=A {{ {} }}' }), 'Prompt', /\[object Object\]/],
	['a prompt of nothing', textToVideo({}, { prompt: '={{ "a portrait of " + $json.nobody }}' }), 'Prompt', /undefined/],
	['a prompt of null', textToVideo({}, { prompt: '={{ $json.name + ", cinematic" }}' }), 'Prompt', /null/],
	['a prompt that is no number', textToVideo({}, { prompt: '={{ 1 * "x" + " cats" }}' }), 'Prompt', /NaN/],
	['an expression that came out empty', url('={{ $json.imageUrl }}'), 'Image URL', /\{\{ \$json\.imageUrl \}\}.*empty/],
	['an http address', url('http://img.example.com/a.jpg'), 'Image URL', /https:\/\/.*Send Anyway/s],
	['an IP address', url('https://93.184.216.34/a.jpg'), 'Image URL', /IP address/],
	['an address of this machine', url('http://localhost:5678/a.jpg'), 'Image URL', /public address/],
	["an address of the container's network", url('http://minio:9000/a.jpg'), 'Image URL', /public address/],
	['a GIF', url('https://img.example.com/a.gif'), 'Image URL', /JPEG, PNG or WebP/],
	['a data URI', url('data:image/png;base64,AAAA'), 'Image URL', /https:\/\//],
	['a share link of Google Drive', url('https://drive.google.com/file/d/1/view'), 'Image URL', /Google Drive node/],
	['a share link of Dropbox', upscale('https://www.dropbox.com/s/1/a.mp4?dl=0'), 'Video URL', /raw=1/],
	['a share link of OneDrive', upscale('https://1drv.ms/v/s!1'), 'Video URL', /OneDrive node/],
	['a share link of iCloud', upscale('https://www.icloud.com/iclouddrive/1'), 'Video URL', /web server/],
	['a page with a video', upscale('https://youtu.be/abc'), 'Video URL', /address of the video file/],
	['an address with a hole', upscale('=https://cdn.example.com/{{ $json.name + "" }}/a.mp4'), 'Video URL', /broken/],
	[
		'a tag that no image has',
		{
			resource: 'image',
			operation: 'generate',
			prompt: '@table in a studio',
			referenceImages: { image: [{ url: 'https://img.example.com/a.png', tag: 'chair' }] },
		},
		'Prompt',
		/tag table/,
	],
];

topic('Before anything is paid for,', (test) => {
	for (const [what, parameters, field, words] of wrong) {
		test(
			`${what} is refused with the name of the field and what to do`,
			bench(async ({ api, fail }) => {
				const items = [{ name: null, imageUrl: '' }];
				const error = await fail(parameters, { items });
				expect(error.message).toMatch(new RegExp(`"${field}[^"]*" `));
				expect(textOf(error)).toMatch(words);
				expect(textOf(error)).toMatch(/nothing was billed/);
				expect(error.context.itemIndex).toBe(0);
				expect(api.creates).toHaveLength(0);
			}),
		);
	}

	for (const [kind, parameters, bytes] of [
		['image', imageToVideo({}, { imageSource: 'binary' }), Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')],
		['video', { ...upscale(''), videoSource: 'binary' }, Buffer.from('\0\0\0\x18ftypisom', 'latin1')],
	] as const) {
		test(
			`a file with a ${kind} of more than 5 MB after encoding is refused, and not even read`,
			bench(async (place) => {
				const file = Buffer.concat([bytes, Buffer.alloc(4_000_000)]);
				const binary: IBinaryKeyData = await place.engine.storeFile(file, 'a', 'application/octet-stream');
				let reads = 0;
				const error = await place.fail(parameters, {
					items: [{ json: {}, binary }],
					prepare({ helpers }) {
						const read = helpers.getBinaryDataBuffer;
						helpers.getBinaryDataBuffer = async (...args) => {
							reads += 1;
							return await read(...args);
						};
					},
				});
				expect(textOf(error)).toMatch(/"(Image|Video) File Field" must name .* at most 3\.7 MB.*3\.8 MB.*URL/);
				expect(reads).toBe(0);
				expect(place.api.creates).toHaveLength(0);
			}),
		);
	}

	test(
		'one wrong item keeps all the others from being sent',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo({}, { ratio: '={{ $json.ratio }}' }), {
				items: [{ ratio: '1280:720' }, { ratio: '16:9' }, { ratio: '4:3' }],
			});
			expect(error.context.itemIndex).toBe(1);
			expect(textOf(error)).toMatch(/4:3/);
			expect(api.creates).toHaveLength(0);
		}),
	);

	test(
		'only the wrong item stays behind if the node is set to continue',
		bench(async ({ api, run }) => {
			const items = prompts('a', '[object Object]', 'c');
			const output = await run(imageToVideo(), { items, onError: CONTINUE });
			expect(output.items.map(({ json }) => json.status ?? json.error)).toEqual([
				'succeeded',
				expect.stringContaining('"Prompt" must not contain "[object Object]"'),
				'succeeded',
			]);
			expect(api.creates).toHaveLength(2);
		}),
	);
});

topic('Send Anyway', (test) => {
	test(
		'sends what is doubtful, as it is',
		bench(
			async ({ api, run }) => {
				const doubtful = { imageUrl: 'http://img.example.com/a.gif', model: 'gen9', ratio: '16:9', duration: 1 };
				await run(imageToVideo({ sendAnyway: true }, { ...doubtful, completion: 'return' }));
				expect(api.creates.map(({ body }) => body as IDataObject)).toEqual([
					expect.objectContaining({ promptImage: doubtful.imageUrl, model: 'gen9', ratio: '16:9', duration: 1 }),
				]);
			},
			{ alsoServes: ['gen9'] },
		),
	);

	test(
		'leaves the doubts to the error of a request that is then refused',
		bench(async ({ api, fail }) => {
			api.fault({ on: 'create', kind: 'status', status: 400 });
			const error = await fail(textToVideo({ sendAnyway: true }, { duration: 7 }));
			expect(textOf(error)).toMatch(/"Duration \(Seconds\)" must be 5 or 10 seconds/);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'does not send what is certainly wrong',
		bench(async ({ api, fail }) => {
			await fail(imageToVideo({ sendAnyway: true }, { ratio: '16:9' }));
			await fail(imageToVideo({ sendAnyway: true }, { imageUrl: 'pier.jpg' }));
			expect(api.creates).toHaveLength(0);
		}),
	);
});
