import { readFileSync } from 'node:fs';
import path from 'node:path';

import { errorMessage, refusedFields } from '../../nodes/shared/task/refusal';

/** Which fields a refusal names, in every form in which it can arrive. */

const runway = JSON.parse(
	readFileSync(path.join(__dirname, '../payloads/error-runway-400-issues.json'), 'utf8'),
) as Record<string, unknown>;
const packed = JSON.stringify(runway);
const ratio = { path: 'ratio', message: 'Invalid option: expected one of "1280:720"|"720:1280"|"960:960"' };

describe('The fields that a refusal names', () => {
	it.each<[form: string, body: unknown]>([
		["Runway's own answer", runway],
		['a body that is JSON text', packed],
		['message', { code: 'fail_to_fetch_task', message: packed, data: null }],
		['message, after other words', { message: `upstream error: ${packed}` }],
		['message, before the request ID', { message: `status 400 {bad}: ${packed} (request id: 2026AbC)` }],
		['msg', { code: 400, msg: packed }],
		['error', { error: packed }],
		['error as an object', { error: runway }],
		['error.message', { error: { message: packed, type: 'comet_api_error', code: '' } }],
		['JSON text in JSON text', { message: JSON.stringify({ error: { message: packed } }) }],
		['data', { code: 400, msg: 'refused', data: runway }],
	])('are read from %s', (_form, body) => {
		expect(refusedFields(body)).toEqual([ratio]);
	});

	it('are read from the details of FastAPI', () => {
		const detail = [
			{ type: 'missing', loc: ['body', 'promptText'], msg: 'Field required' },
			{ type: 'int', loc: ['body', 'referenceImages', 0, 'uri'], msg: 'Input should be a valid URL' },
		];
		const fields = [
			{ path: 'promptText', message: 'Field required' },
			{ path: 'referenceImages.0.uri', message: 'Input should be a valid URL' },
		];
		expect(refusedFields({ detail })).toEqual(fields);
		expect(refusedFields({ error: { message: `400: ${JSON.stringify({ detail })}` } })).toEqual(fields);
	});

	it('stay few and short, and each comes once', () => {
		const issues = Array.from({ length: 50 }, (_, index) => ({
			path: [`field${index % 30}`],
			message: 'x'.repeat(9_000),
		}));
		const fields = refusedFields({ issues, message: JSON.stringify({ issues }) });
		expect(fields).toHaveLength(10);
		expect(new Set(fields.map(({ path: at }) => at)).size).toBe(10);
		for (const { message } of fields) expect(message.length).toBeLessThanOrEqual(500);
	});

	it('have an empty path if the whole body is refused, and are left out without words', () => {
		expect(
			refusedFields({
				issues: [{ path: [], message: 'Unrecognized key: "style"' }, { path: ['ratio'] }, 'text', null],
			}),
		).toEqual([{ path: '', message: 'Unrecognized key: "style"' }]);
	});

	it.each([
		null,
		undefined,
		7,
		'',
		'text',
		'{',
		[],
		{},
		{ issues: 'none' },
		{ detail: 'Not Found' },
		{ message: '{{{{' },
	])('are none in %p', (body) => {
		expect(refusedFields(body)).toEqual([]);
	});

	it('leave the outer words to the message', () => {
		const words = 'Validation of body failed';
		expect(errorMessage(runway)).toBe(words);
		expect(errorMessage({ message: packed })).toBe(words);
		expect(errorMessage({ message: `upstream error: ${packed} (request id: 2026AbC)` })).toBe(
			`upstream error: ${words} (request id: 2026AbC)`,
		);
		expect(errorMessage({ detail: 'Not Found' })).toBe('Not Found');
	});
});
