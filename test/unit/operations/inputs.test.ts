import type { BuildInput } from '../../../nodes/Runway/operations/operation';
import { build, faultsOf, input, operationOf, parametersOf } from './build';
import { notEmpty, pier, table, type Values } from './rows';

describe('A file of the item', () => {
	const withFiles = Object.entries(table).filter(
		([, rows]) =>
			Object.values(rows.full[0]).includes('binary') || /"binaryField":"\w/.test(JSON.stringify(rows.full[0])),
	);

	it.each(withFiles)('that is something else is refused by %s with the label of its field', async (name, rows) => {
		const operation = operationOf(name);
		const wrong: BuildInput = {
			...input,
			readFile: async () => ({
				mimeType: 'application/pdf',
				size: 23,
				read: async () => Buffer.from('%PDF-1.7 and more of it'),
			}),
		};
		const result = await operation.build(parametersOf(operation, rows.full[0]), wrong);
		const faults = result.ok ? [] : result.faults;
		expect(faults.length).toBeGreaterThan(0);
		for (const fault of faults) {
			expect(fault.label).toMatch(/File Field$/);
			expect(fault.expected).toMatch(/^must name .*application\/pdf/);
		}
	});

	it.each(withFiles)(
		'makes %s say that its body holds files, so that it need not stay in memory',
		async (name, rows) => {
			const operation = operationOf(name);
			expect(await build(operation, rows.full[0])).toMatchObject({ ok: true, usesFiles: true });
			expect(await build(operation, rows.minimal[0])).toMatchObject({ ok: true, usesFiles: false });
		},
	);
});

describe('An input URL', () => {
	const doubtOf = async (operation: string, given: Values, more: Partial<BuildInput> = {}) => {
		const found = operationOf(operation);
		const result = await found.build(parametersOf(found, given), { ...input, ...more });
		return result.ok ? null : result.faults.map(({ expected }) => expected).join('\n');
	};
	const video = async (videoUrl: string, more?: Partial<BuildInput>) =>
		await doubtOf('video.upscale', { videoUrl }, more);
	const image = async (imageUrl: string) => await doubtOf('video.imageToVideo', { imageUrl });

	it.each([
		'http://localhost/a.mp4',
		'https://LOCALHOST:8080/a.mp4',
		'http://app.localhost/a.mp4',
		'http://127.0.0.1/a.mp4',
		'http://127.1/a.mp4',
		'http://2130706433/a.mp4',
		'http://0.0.0.0/a.mp4',
		'http://10.1.2.3/a.mp4',
		'http://172.31.255.1/a.mp4',
		'https://192.168.0.1/a.mp4',
		'http://[::1]/a.mp4',
		'http://[fe80::1]/a.mp4',
		'http://host.docker.internal:9000/a.mp4',
		'http://minio:9000/bucket/a.mp4',
	])('of the own network is refused: %s', async (url) => {
		expect(await video(url)).toMatch(/must be a public address.*give the file/);
	});

	it.each([
		['http://cdn.example.com/a.mp4', /https:\/\//],
		['https://8.8.8.8/a.mp4', /IP address/],
		['https://[2001:db8::1]/a.mp4', /IP address/],
		['https://172.32.0.1/a.mp4', /IP address/],
		['https://cdn.example.com/a.gif', /MP4, MOV or WebM/],
		['https://cdn.example.com/undefined', /broken expression/],
		['https://cdn.example.com/null/a.mp4', /broken expression/],
		['https://cdn.example.com/[object Object]', /broken expression/],
		['https://drive.google.com/file/d/1aB/view?usp=sharing', /Google Drive node/],
		['https://docs.google.com/uc?id=1aB&export=download', /Google Drive node/],
		['https://www.dropbox.com/scl/fi/x/a.mp4?rlkey=y&dl=0', /Dropbox node.*raw=1/],
		['https://1drv.ms/v/s!abc', /OneDrive node/],
		['https://contoso-my.sharepoint.com/:v:/g/personal/x', /OneDrive node/],
		['https://www.icloud.com/iclouddrive/0abc#a', /public web server/],
		['https://app.box.com/s/abc', /Box node/],
		['https://we.tl/t-abc', /public web server/],
		['https://www.youtube.com/watch?v=abc', /address of the video file/],
	])("that Runway's rules exclude is refused with what to do: %s", async (url, words) => {
		expect(await video(url)).toMatch(words);
	});

	it('of a picture that Runway does not take is refused', async () => {
		expect(await image('https://img.example.com/a.GIF?x=1')).toMatch(/JPEG, PNG or WebP/);
		expect(await image('https://imgur.com/abc')).toMatch(/i\.imgur\.com/);
	});

	it.each([
		'https://cdn.example.com/a.mp4',
		'https://cdn.example.com/download?file=a.gif',
		'https://cdn.example.com/undefined-shapes.mp4',
		'https://172.example.com/a.mp4',
		'https://0.gravatar.com/a.mp4',
		'https://10.example.com/a.mp4',
		'https://localhost.example.com/a.mp4',
		'https://fd00.example.com/a.mp4',
		'https://notdropbox.com/s/a.mp4',
		'https://www.dropbox.com/scl/fi/x/a.mp4?rlkey=y&raw=1',
		'https://dl.dropboxusercontent.com/s/x/a.mp4',
		'https://app.box.com/shared/static/abc.mp4',
		'https://cdn.example.com/100%.mp4',
	])('that may well work passes: %s', async (url) => {
		expect(await video(url)).toBeNull();
	});

	it("passes if it is the gateway's own, wherever that is", async () => {
		const url = 'http://127.0.0.1:3000/assets/a.mp4';
		expect(await video(url, { apiHost: '127.0.0.1' })).toBeNull();
		expect(await video(url, { apiHost: 'localhost' })).toMatch(/public/);
	});
});

describe('A word that a broken expression has left in a prompt', () => {
	const faults = async (prompt: string, expression: string | null) => {
		const operation = operationOf('video.generateFromText');
		const result = await operation.build(parametersOf(operation, { prompt }), {
			...input,
			expressionOf: (path) => (path === 'prompt' ? expression : null),
		});
		return result.ok ? '' : result.faults.map(({ expected }) => expected).join('\n');
	};

	it.each([
		['undefined', '={{ $json.text + "" }}', 'undefined'],
		['null', '={{ $json.prompt }}', 'null'],
		['NaN', '={{ $json.prompt }}', 'NaN'],
		['[object Object]', '={{ $json }} ', '[object Object]'],
		['[object Object], cinematic', null, '[object Object]'],
		['A cat.\nundefined\nIn Paris.', '={{ $json.prompt }}', 'undefined'],
		['Mood: undefined', '={{ $json.prompt }}', 'undefined'],
		['a portrait of undefined', "={{ 'a portrait of ' + $json.name }}", 'undefined'],
		['a portrait of undefined in Paris', '={{ `a portrait of ${$json.name} in Paris` }}', 'undefined'],
		['undefined, cinematic', "={{ $json.subject + ', cinematic' }}", 'undefined'],
		['a cat, null, at dusk', '={{ $json.prompt }}', 'null'],
		['5 cats, NaN dogs', '=5 cats, {{ $json.dogs * 2 }} dogs', 'NaN'],
	])('is refused: %s', async (prompt, expression, word) => {
		expect(await faults(prompt, expression)).toContain(`must not contain "${word}"`);
	});

	it.each([
		['undefined', null],
		['an undefined shape in fog', '={{ $json.prompt }}'],
		['soft, undefined, dreamy shapes', '={{ $json.prompt }}'],
		['A scene: undefined shapes in fog', '=A scene: {{ $json.prompt }}'],
		['the edges stay undefined', '={{ $json.prompt }}'],
		['the edges stay undefined', '=the edges stay undefined{{ $json.more }}'],
		['the edges stay undefined', "={{ $json.more ?? 'the edges stay undefined' }}"],
		['a null pointer, painted', '={{ $json.prompt }}'],
		['warm nan bread', '={{ $json.prompt }}'],
		['nullified, undefinedly', '={{ $json.prompt }}'],
	])('is not seen in prose: %s', async (prompt, expression) => {
		expect(await faults(prompt, expression)).toBe('');
	});
});

describe('A field that looks filled in and is empty', () => {
	it.each([
		['imageUrl', /^Image URL contains the expression \{\{ \$json\.x \}\}, which is empty for this item/],
		['duration', /^Duration \(Seconds\) contains the expression \{\{ \$json\.x \}\}/],
		['model', /^Model contains the expression/],
	])('is named as an expression that came out empty: %s', async (name, words) => {
		const operation = operationOf('video.imageToVideo');
		const expressionOf = (path: string) => (path === name ? '={{ $json.x }}' : null);
		for (const nothing of [undefined, null, '', '  ']) {
			const given = parametersOf(operation, { imageUrl: pier, [name]: nothing });
			const result = await operation.build(given, { ...input, expressionOf });
			expect(result.ok ? [] : result.faults.map(({ label, expected }) => `${label} ${expected}`)).toEqual([
				expect.stringMatching(words),
			]);
		}
	});

	it('is just empty if nothing was entered', async () => {
		const [fault] = await faultsOf(operationOf('video.imageToVideo'), { imageUrl: '' });
		expect(fault).toMatchObject({ label: 'Image URL', expected: notEmpty });
	});
});
