/**
 * Reads the format that n8n stores and sends execution data in ("flatted"): a JSON array in which every string and
 * every object stands once, and a string in place of a value is the index of that value.
 */
export function parseFlatted(text: string): unknown {
	const entries = JSON.parse(text) as unknown[];
	const read = new Map<number, unknown>();
	const valueAt = (index: number): unknown => {
		if (read.has(index)) return read.get(index);
		const entry = entries[index];
		if (typeof entry !== 'object' || entry === null) return entry;
		// Entered before its members are read, so that circular references end.
		const target: unknown[] | Record<string, unknown> = Array.isArray(entry) ? [] : {};
		read.set(index, target);
		for (const [key, member] of Object.entries(entry)) {
			Reflect.set(target, key, typeof member === 'string' ? valueAt(Number(member)) : member);
		}
		return target;
	};
	return valueAt(0);
}
