import type { INodeProperties } from 'n8n-workflow';

/** Fields and options about the finished file. */

export const DEFAULT_BINARY_FIELD = 'data';
export const DEFAULT_MAX_FILE_SIZE_MB = 2_000;

const binaryField: INodeProperties = {
	displayName: 'Put Output File in Field',
	name: 'binaryField',
	type: 'string',
	default: DEFAULT_BINARY_FIELD,
	placeholder: 'e.g. data',
	hint: 'The name of the output binary field to put the file in',
};

const maxFileSize: INodeProperties = {
	displayName: 'Max File Size (MB)',
	name: 'maxFileSize',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: DEFAULT_MAX_FILE_SIZE_MB,
	description:
		'Larger files are not downloaded: the item keeps the URL and explains why in downloadError. Enter 0 for no limit.',
};

const fileName: INodeProperties = {
	displayName: 'File Name',
	name: 'fileName',
	type: 'string',
	default: '',
	placeholder: 'e.g. {{ $json.title }}',
	description: 'Name of the file, without its ending. Leave empty for "runway-" and the task ID.',
};

const allFiles: INodeProperties = {
	displayName: 'Download All Files',
	name: 'allFiles',
	type: 'boolean',
	default: false,
	description:
		'Whether to fetch every result, plus the poster and the last frame if CometAPI has them. Further results go to numbered binary fields such as data_1, the stills to "poster" and "last_frame".',
};

export const fileOptions = {
	ofTask: [allFiles, binaryField, maxFileSize],
	/** Expressions see the item, so that each file gets a name of its own. */
	ofItem: [allFiles, binaryField, maxFileSize, fileName],
};

/**
 * The switch for the file, and what to know if there is none.
 * @param show further display conditions
 */
export function downloadFields(show: Record<string, string[]> = {}): INodeProperties[] {
	return [
		{
			displayName: 'Download File',
			name: 'download',
			type: 'boolean',
			default: true,
			description:
				'Whether to fetch the finished file into n8n. Its URL expires after a day or two, so the file is what lasts.',
			...(Object.keys(show).length > 0 ? { displayOptions: { show } } : {}),
		},
		{
			displayName:
				'The URLs in the output expire after a day or two. Fetch what you want to keep before that, or later with Task → Download.',
			name: 'expiryNotice',
			type: 'notice',
			default: '',
			displayOptions: { show: { ...show, download: [false] } },
		},
	];
}
