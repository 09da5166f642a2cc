import { tryToParseDateTime, type IExecuteFunctions } from 'n8n-workflow';

import { checkParameters, type Checked, type Fault } from '../../shared/parameters/check';
import { decimal, flag, integer, oneOf, optionalText } from '../../shared/parameters/checks';
import * as z from '../../shared/parameters/zod';
import type { RowStatus, TaskRow } from '../../shared/register/row';
import type { TaskStatus } from '../../shared/task/task';
import { list } from '../operations/task/list.operation';

/** What one item asks of a list of tasks. */
export interface ListQuery {
	source: 'register' | 'account';
	/** Empty for all that have a task ID. */
	status: RowStatus[];
	/** ISO 8601; null for any age. */
	since: string | null;
	delivered: boolean | null;
	/** Any of these is enough; empty for all workflows. */
	workflows: Array<Partial<TaskRow>>;
	/** Infinity for all. */
	limit: number;
}

/** What the states of the register are at CometAPI, which keeps no list of requests that made no task. */
export const statusesOfTask: Readonly<Record<RowStatus, readonly TaskStatus[]>> = {
	notSent: [],
	sending: [],
	cancelled: ['cancelled'],
	failed: ['failed'],
	created: ['queued', 'running', 'unknown'],
	notCreated: [],
	unknown: [],
	succeeded: ['succeeded'],
};
const statuses = Object.keys(statusesOfTask) as [RowStatus, ...RowStatus[]];
/** The states of requests that have a task ID. */
export const withTask = statuses.filter((status) => statusesOfTask[status].length > 0);

const DAY_MS = 86_400_000;

const schema = z.object({
	source: oneOf(['register', 'account']),
	status: z.pipe(
		z.transform((value: unknown) => (typeof value === 'string' ? value.split(/[\s,]+/).filter(Boolean) : value)),
		z.array(oneOf(statuses), 'must be a list of states'),
	),
	returnAll: flag(),
	limit: z.optional(integer(1, 1_000_000)),
	filters: z.object(
		{
			createdAfter: z.optional(z.unknown()),
			withinDays: z.optional(decimal(0, 36_500)),
			delivered: z.optional(oneOf(['any', 'no', 'yes'])),
			workflow: z.optional(oneOf(['all', 'named', 'this'])),
			workflowName: optionalText(),
		},
		'must be a collection of filters',
	),
});

type Filters = z.output<typeof schema>['filters'];

/** Reads and checks what an item asks for. */
export function readQuery(context: IExecuteFunctions, itemIndex: number, now: number): Checked<ListQuery> {
	const returnAll: unknown = context.getNodeParameter('returnAll', itemIndex, false);
	const checked = checkParameters(schema, list.fields, {
		source: context.getNodeParameter('source', itemIndex, 'register'),
		status: context.getNodeParameter('status', itemIndex, []),
		returnAll,
		limit: returnAll === true ? undefined : context.getNodeParameter('limit', itemIndex, 50),
		filters: context.getNodeParameter('filters', itemIndex, {}),
	});
	if (!checked.ok) return checked;
	const { source, status, filters, limit = Number.POSITIVE_INFINITY } = checked.data;
	const { createdAfter, withinDays, delivered } = filters;
	const after = momentOf(createdAfter, context.getTimezone());
	const faults = faultsOf(filters, after);
	if (faults.length > 0) return { ok: false, faults };
	const since = Math.max(after ?? 0, withinDays === undefined ? 0 : now - withinDays * DAY_MS);
	const data: ListQuery = {
		source,
		status: [...new Set(status)],
		since: since > 0 ? new Date(since).toISOString() : null,
		delivered: delivered === 'yes' ? true : delivered === 'no' ? false : null,
		workflows: workflowsOf(context, filters),
		limit,
	};
	return { ok: true, data };
}

/** What the schema can't check. */
function faultsOf({ createdAfter, workflow, workflowName }: Filters, after: number | null): Fault[] {
	const faults: Fault[] = [];
	if (after === null) {
		faults.push({
			parameter: 'filters.createdAfter',
			label: 'Filters → Created After',
			found: { value: createdAfter },
			expected: 'must be a date such as 2026-05-04',
		});
	}
	if (workflow === 'named' && workflowName === undefined) {
		faults.push({
			parameter: 'filters.workflowName',
			label: 'Filters → Workflow Name or ID',
			found: null,
			expected: 'must not be empty if "Workflow" is "By Name or ID"',
		});
	}
	return faults;
}

function workflowsOf(context: IExecuteFunctions, { workflow, workflowName }: Filters): Array<Partial<TaskRow>> {
	if (workflow === 'this') return [{ workflowId: String(context.getWorkflow().id ?? '') }];
	return workflow === 'named' && workflowName !== undefined ? [{ workflowName }, { workflowId: workflowName }] : [];
}

/**
 * Returns milliseconds since the epoch, 0 for nothing, or null if the value is no date. Expressions give texts, n8n's dates and JavaScript's.
 * @param timeZone of the workflow, which a text without one means
 */
function momentOf(value: unknown, timeZone: string): number | null {
	if (value === undefined || value === null || value === '') return 0;
	try {
		return tryToParseDateTime(value, timeZone).toMillis();
	} catch {
		return null;
	}
}
