import { bench, closeBench, imageToVideo } from './bench';

afterAll(closeBench);

describe('Image to Video', () => {
	it(
		'passes on the finished file',
		bench(async ({ api, engine, run }) => {
			const { items } = await run(imageToVideo());

			expect(items).toHaveLength(1);
			const [item] = items;
			expect(item?.json).toMatchObject({
				operation: 'imageToVideo',
				api: 'official',
				status: 'succeeded',
				progress: 100,
				failure: null,
			});
			expect(await engine.bytesOf(item)).toEqual(api.assetBytes('video'));
			expect(item?.binary?.data).toMatchObject({ mimeType: 'video/mp4', fileExtension: 'mp4', fileType: 'video' });
		}),
		20_000,
	);
});
