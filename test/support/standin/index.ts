import { StandInServer } from './server';
import type { StandIn, StandInOptions } from './types';

export { MAX_DATA_URI_CHARACTERS } from './checks';
export { STAND_IN_KEY } from './server';
export type * from './types';

/**
 * Starts a stand-in for CometAPI: real HTTP on this machine, the Runway routes with the checks, envelopes, delays and
 * errors of CometAPI's documentation, the assets that finished tasks point to, and callbacks. Close it when done.
 */
export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
	const server = new StandInServer(options);
	await server.listen();
	return server;
}
