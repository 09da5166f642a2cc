import type { INodeProperties } from 'n8n-workflow';

import type { ImageShape } from '../../shared/files/imageShape';
import type { Fault } from '../../shared/parameters/check';
import type { ApiFamily } from '../../shared/task/task';
import type { FactsByModel } from '../modelTable';
import type { Encoded } from './files';
import type { PanelRemark } from './hints';

/**
 * What an operation is: its place in the panel, its fields, and for those that create a task the route
 * and how fields become a request body. No HTTP and no waiting in here.
 */
export type Operation = BatchOperation | ListOperation | AccountOperation;

/** The operations that are about tasks. */
export type BatchOperation = CreateOperation | TaskOperation;

export type Resource = 'account' | 'image' | 'task' | 'video';

interface InThePanel {
	resource: Resource;
	/** Stored in saved workflows: never rename. */
	value: string;
	name: string;
	/** For n8n's list of actions, and the first name of a new node: a verb, with the words that people search by. */
	action: string;
	description: string;
	/** The operation's own fields, without display conditions: the table adds them. */
	fields: INodeProperties[];
	/** The operation's own options, which few people need. The table adds those of all operations. */
	options?: INodeProperties[];
}

/** Creates a task at CometAPI, which costs money. */
export interface CreateOperation extends InThePanel {
	kind: 'create';
	api: ApiFamily;
	path: string;
	produces: 'video' | 'image';
	/** Model names to offer, best known first; empty if the route takes no model. */
	models: readonly string[];
	/** What Runway's typings say of the models, retired ones included. */
	facts?: FactsByModel;
	/** Doubts about values that the panel shows before anything is paid for. */
	panelRemarks?: readonly PanelRemark[];
	/**
	 * Checks the item's parameters and makes the request body.
	 * @param parameters values of `fields` and `options` by name; an option that was not added is undefined
	 */
	build(parameters: Record<string, unknown>, input: BuildInput): Promise<BuildResult>;
}

/** Reads existing tasks, which is free. */
export interface TaskOperation extends InThePanel {
	kind: 'task';
	/** Whether to wait until the task has ended. */
	waits: boolean;
	/** Whether the finished file comes along: always, when the user asks for it, or never. */
	file: 'always' | 'optional' | 'never';
	/** Whether a task that failed, or is not finished, is an error or just data. */
	unfinishedIsError: boolean;
}

/** Lists tasks, which is free. */
export interface ListOperation extends InThePanel {
	kind: 'list';
}

/** Asks about the account, which is free. */
export interface AccountOperation extends InThePanel {
	kind: 'account';
}

/** What a body needs beside the parameters. */
export interface BuildInput {
	/** The address for CometAPI's callback, for the routes that require it. */
	callbackUrl: string;
	/** Host of the credential's base URL. */
	apiHost: string;
	/** Whether the user wants doubtful values sent as they are. */
	sendAnyway: boolean;
	/**
	 * The expression that a parameter holds, or null if its value was typed.
	 * @param path such as `referenceImages.image.0.url`
	 */
	expressionOf(path: string): string | null;
	/** The shape of the image at a public URL, or null if it can't be read. */
	shapeAt(url: string): Promise<ImageShape | null>;
	/** Finds the file in a binary field of the item. */
	readFile(field: string): Promise<InputFile>;
}

export interface InputFile {
	mimeType: string;
	/** Bytes. Known before the file is read, so that a huge one never is. */
	size: number;
	read(): Promise<Buffer>;
}

export type BuildResult =
	| {
			ok: true;
			body: Record<string, unknown>;
			usesFiles: boolean;
			/** The ratio that was found for the input image, if that was asked for. */
			matchedRatio: string | null;
			/** Doubts about values that the user has chosen to send anyway. They matter only if the API refuses the request. */
			remarks: string[];
			/** What the user should know about the result. */
			hints: string[];
	  }
	| { ok: false; faults: Fault[] };

/**
 * A value that is most likely wrong and can't be known to be, because documentation contradicts itself, the model is unknown
 * or rules may have changed: refused before anything is sent, unless the user switches on Send Anyway.
 */
export interface Doubt {
	/** Path of the parameter. */
	parameter: string;
	/** What it must be, continuing the sentence "Label …". */
	expected: string;
	/** Whether the sentence says all about the value, so that errors don't show it. */
	isWhole?: boolean;
}

/** An image that the user gives: as a URL, or as a file by the parameter that names its field. */
export interface InputImage {
	parameter: string;
	/** Undefined for a file. */
	url: string | undefined;
}

export interface BodyInput {
	callbackUrl: string;
	/** URI of a file that `files` named, by its parameter. */
	uri(parameter: string): string;
}

/** A binary field of the item to send as a data URI. */
export interface FileInput {
	/** Parameter that holds the field's name. */
	parameter: string;
	field: string;
	/** Turns the file into a URI, or says what it must be. */
	encode(file: InputFile): Promise<Encoded>;
}
