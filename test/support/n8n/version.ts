/** Whether a version is the other one or later, for example `1.123.81` at least `1.123`. */
export function isVersionAtLeast(version: string, least: string): boolean {
	return version.localeCompare(least, 'en', { numeric: true }) >= 0;
}
