import { type QueueMode, startQueueMode } from '../support/n8n';
import { LONGEST_TEST_MS, place } from '../e2e/support/place';
import { expectCursorsToLast } from '../e2e/support/restarts';
import { DURABLE_CURSORS } from '../e2e/support/triggers';

/** The polling trigger in an n8n in queue mode that keeps durable poll cursors. */

let mode: QueueMode;
beforeAll(async () => {
	mode = await startQueueMode({ env: DURABLE_CURSORS });
}, LONGEST_TEST_MS);
afterAll(async () => await mode?.stop(), LONGEST_TEST_MS);

describe('A polling trigger with durable cursors', () => {
	it(
		'tells each task once, also over a kill of the main process',
		place(
			async (here) => await expectCursorsToLast(here, mode.main),
			undefined,
			async () => mode.main,
		),
		LONGEST_TEST_MS,
	);
});
