import type { TaskRow } from '../../nodes/shared/register/row';

/** The register removes old rows. */
const createdTime = new Date().toISOString();

/** A row of the register as it is before its create, with what a test changes. */
export function taskRow(changes: Partial<TaskRow> & { requestId: string }): TaskRow {
	return {
		taskId: null,
		status: 'sending',
		delivered: false,
		operation: 'imageToVideo',
		api: 'official',
		model: 'gen4_turbo',
		prompt: 'A fox runs through snow',
		workflowId: 'w1',
		workflowName: 'Foxes',
		executionId: '42',
		nodeName: 'Runway',
		runIndex: 0,
		itemIndex: 0,
		fingerprint: 'f1',
		credentialId: 'c1',
		createdTime,
		endedTime: null,
		cost: null,
		failure: null,
		resumeUrl: null,
		...changes,
	};
}
