import type {
	ExecutionError,
	ExecutionStatus,
	IBinaryData,
	IDataObject,
	INodeExecutionData,
	IRunData,
	IWorkflowBase,
} from 'n8n-workflow';

/** An execution as n8n's API tells of it, with its data readable. */
export interface Execution {
	id: string;
	status: ExecutionStatus;
	mode: string;
	finished: boolean;
	startedAt: string;
	stoppedAt: string | null;
	waitTill: string | null;
	retryOf: string | null;
	retrySuccessId: string | null;
	customData?: Record<string, string>;
	workflowId: string;
	workflowData: IWorkflowBase;
	data: {
		resultData?: {
			runData: IRunData;
			error?: ExecutionError;
			lastNodeExecuted?: string;
			metadata?: Record<string, string>;
		};
		executionData?: { contextData?: Record<string, IDataObject> };
	};
}

const ENDED: readonly ExecutionStatus[] = ['success', 'error', 'canceled', 'crashed'];

/** Whether the execution has come to an end. One that sleeps until a callback comes (`waiting`) has not. */
export function isEnded(execution: Execution): boolean {
	return ENDED.includes(execution.status);
}

/**
 * The items that a node put out.
 *
 * @param output which of its outputs; an error output is the last one. @default 0
 * @param run which of its runs, counted from 0; negative counts from the end. @default -1
 */
export function outputOf(execution: Execution, nodeName: string, output = 0, run = -1): INodeExecutionData[] {
	const runs = execution.data.resultData?.runData[nodeName];
	if (runs === undefined) throw new Error(`The node ${nodeName} has not run. ${describe(execution)}`);
	return runs.at(run)?.data?.main?.[output] ?? [];
}

/** The error of one node, or without a name the one that ended the execution; undefined where there was none. */
export function errorOf(execution: Execution, nodeName?: string): ExecutionError | undefined {
	const result = execution.data.resultData;
	return nodeName === undefined ? result?.error : result?.runData[nodeName]?.at(-1)?.error;
}

/** The file that an item carries. */
export function binaryOf(item: INodeExecutionData | undefined, field = 'data'): IBinaryData {
	const binary = item?.binary?.[field];
	if (binary === undefined) throw new Error(`The item carries no file in the field ${field}`);
	return binary;
}

/** One line about how an execution went, for error messages. */
export function describe(execution: Execution): string {
	const error = execution.data.resultData?.error;
	const reason = error === undefined ? '' : `: ${error.message}`;
	const node = execution.data.resultData?.lastNodeExecuted;
	return `Execution ${execution.id} is ${execution.status}${node === undefined ? '' : ` at ${node}`}${reason}`;
}
