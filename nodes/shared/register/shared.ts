import type { Clock } from '../wait/pause';
import { Health } from './health';
import type { TablePlace } from './table';
import { Writer } from './writer';

/** What all runs of this process share that write with the same credential into the same n8n. */
export interface Shared {
	apiKey: string;
	place: TablePlace;
	writer: Writer;
	reading: Health;
	/** When rows were last removed, in milliseconds since the epoch. */
	cleanedAt: number;
}

const shared = new Map<string, Shared>();
/** Credentials come and go; those that were not used for a long time are forgotten. */
const MOST_SHARED = 50;

/** @param name of the credential and the n8n that it leads to */
export function sharedBy(name: string, apiKey: string, clock: Clock): Shared {
	const known = shared.get(name);
	shared.delete(name);
	const found = known ?? {
		apiKey,
		place: { id: null, search: null },
		writer: new Writer(clock),
		reading: new Health(clock),
		cleanedAt: 0,
	};
	if (found.apiKey !== apiKey) {
		found.apiKey = apiKey;
		found.place = { id: null, search: null };
		found.writer.renew();
		found.reading = new Health(clock);
	}
	shared.set(name, found);
	for (const [other, { writer }] of shared) {
		if (shared.size <= MOST_SHARED) break;
		if (writer.isIdle) shared.delete(other);
	}
	return found;
}
