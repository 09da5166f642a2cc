import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

/** Fields about cost and waiting. The same for all operations; what few people need is in options.ts. */

export const noticeFields: INodeProperties[] = [
	{
		displayName:
			'CometAPI bills one task for each item. All items are checked before the first one is sent. Stopping the execution cancels nothing at CometAPI.',
		name: 'costNotice',
		type: 'notice',
		default: '',
	},
];

const whenFinished: INodePropertyOptions = {
	name: 'When Finished',
	value: 'wait',
	description: 'Wait until all tasks have ended, then output their results',
};
const atOnce: INodePropertyOptions = {
	name: 'At Once',
	value: 'return',
	description: 'Output the task IDs without waiting. A Runway Trigger or the Task resource delivers the results.',
};
const whenCalledBack: INodePropertyOptions = {
	name: 'When CometAPI Calls Back',
	value: 'suspend',
	description: 'Put the execution to sleep, which survives a restart, until CometAPI reports that all tasks have ended',
};
const whenTriggerCalls: INodePropertyOptions = {
	name: 'When a Runway Trigger Reports the End',
	value: 'suspend',
	description:
		'Put the execution to sleep, which survives a restart, until a Runway Trigger sees that all tasks have ended',
};
const calledBackNotice =
	'CometAPI must be able to reach this n8n from the internet, or a published Runway Trigger must watch the register of tasks. If neither reports the end, the execution resumes at the time limit and outputs its items with their task IDs; fetch the results with Task → Wait. Failed tasks come out as items with the status "failed".';
const triggerNotice =
	'Two things are needed: "Keep a Register of Tasks" switched on in the credential, and a published workflow with a Runway Trigger that watches "Tasks of This n8n". Without the trigger, the execution sleeps until the time limit and outputs its items with their task IDs; fetch the results with Task → Wait. Failed tasks come out as items with the status "failed".';

/**
 * What the panels of the node and of the next one say while the execution sleeps.
 * @param callsBack as for {@link completionFields}
 */
export function asleepSentences(callsBack: boolean): string {
	const reporter = callsBack
		? 'CometAPI, or a Runway Trigger that watches the register of tasks,'
		: 'a Runway Trigger that watches the register of tasks';
	return `The execution is asleep. It continues when ${reporter} reports that all tasks have ended, and at the time limit at the latest. Stopping it cancels nothing at CometAPI.`;
}

/** @param callsBack whether CometAPI reports the end of the operation's tasks; if not, a Runway Trigger does */
export function completionFields(callsBack: boolean): INodeProperties[] {
	const field: INodeProperties = {
		displayName: 'When to Continue',
		name: 'completion',
		type: 'options',
		noDataExpression: true,
		options: [whenFinished, callsBack ? whenCalledBack : whenTriggerCalls, atOnce],
		default: 'wait',
		description: 'Whether the next node receives the finished result or the task that has just been created',
	};
	const notice: INodeProperties = {
		displayName: callsBack ? calledBackNotice : triggerNotice,
		name: 'suspendNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { completion: ['suspend'] } },
	};
	return [field, notice];
}
