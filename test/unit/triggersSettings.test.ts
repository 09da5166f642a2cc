import type { IDataObject, IPollFunctions, IWebhookFunctions } from 'n8n-workflow';

import { runOptions } from '../../nodes/shared/panel/options';
import { commonOptions } from '../../nodes/shared/parameters/commonOptions';
import { readSettings } from '../../nodes/RunwayCallbackTrigger/settings';
import { readTriggerSettings } from '../../nodes/shared/trigger/settings';

/** The settings of the triggers, as expressions may leave them. */

function contextOf(parameters: IDataObject): IPollFunctions {
	const context = {
		getNode: () => ({ name: 'Trigger', type: 'runwayTrigger', typeVersion: 1, parameters }),
		getNodeParameter: (name: string, fallback: unknown) => parameters[name] ?? fallback,
	};
	return context as unknown as IPollFunctions;
}

const outputOptionsOf = (parameters: IDataObject) => readTriggerSettings(contextOf(parameters), 'watch').output;
const MEGABYTE = 1_000_000;

describe('The settings of a trigger', () => {
	it.each([undefined, null, '', '  '])('are the defaults if an expression leaves %j', (empty) => {
		const options = { maxFileSize: empty, includeRaw: empty, allFiles: empty, runwayVersion: empty };
		const settings = readTriggerSettings(contextOf({ options, download: true }), 'watch');
		expect(settings.output).toMatchObject({
			maxFileBytes: 2_000 * MEGABYTE,
			includeRaw: false,
			binaryField: 'data',
			allFiles: false,
		});
		expect(settings.runwayVersion).toBe('2024-11-06');
		const callback = contextOf({ options: { maxAge: empty } }) as unknown as IWebhookFunctions;
		expect(readSettings(callback).maxAgeMs).toBe(60 * 60_000);
	});

	it('include every option that the panels of both triggers offer, and no other', () => {
		expect(Object.keys(commonOptions).sort()).toEqual(runOptions.trigger.map(({ name }) => name).sort());
	});

	it('have no limit of the file size only if the number is 0', () => {
		for (const maxFileSize of [0, '0', ' 0 '])
			expect(outputOptionsOf({ options: { maxFileSize } }).maxFileBytes).toBeNull();
		expect(outputOptionsOf({ options: { maxFileSize: '7' } }).maxFileBytes).toBe(7 * MEGABYTE);
	});

	it.each([
		['true', 'data'],
		[true, 'data'],
		['false', null],
		[false, null],
	])('take %j as a switch', (value, binaryField) => {
		expect(outputOptionsOf({ download: value, options: { includeRaw: value, allFiles: value } })).toMatchObject({
			binaryField,
			includeRaw: binaryField !== null,
			allFiles: binaryField !== null,
		});
	});

	it.each([
		[{ maxFileSize: 'big' }, /^Max File Size \(MB\) must be a number/],
		[{ maxFileSize: -1 }, /^Max File Size \(MB\) must be a number/],
		[{ maxFileSize: [] }, /^Max File Size \(MB\) must be a number/],
		[{ allFiles: 'yes' }, /^Download All Files must be true or false/],
		[{ includeRaw: 'yes' }, /^Include Raw Response must be true or false/],
	])('name the field that is wrong in %j', (options, message) => {
		expect(() => outputOptionsOf({ options: options as IDataObject })).toThrow(message);
	});
});
