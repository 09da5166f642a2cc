/** IDs from a text with separators, a list, or a list of a task's items; each once, in order. Errors break long ones by U+200B. */
export function taskIdsOf(value: unknown): string[] {
	const parts = (Array.isArray(value) ? value : [value]).flatMap((entry: unknown) => {
		if (typeof entry === 'object' && entry !== null && 'taskId' in entry) return taskIdsOf(entry.taskId);
		return typeof entry === 'string' || typeof entry === 'number'
			? String(entry)
					.replaceAll('\u200b', '')
					.split(/[\s,]+/)
			: [];
	});
	return [...new Set(parts.filter((id) => id !== ''))];
}
