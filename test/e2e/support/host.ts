import { installedN8n, isVersionAtLeast } from '../../support/n8n';

/** Whether the n8n under test is this version or a later one. What differs between versions says so by this alone. */
export function n8nIsAtLeast(version: string): boolean {
	return isVersionAtLeast(installedN8n().version, version);
}

/** `it` where the n8n under test is this version or a later one; on earlier ones the test is skipped. */
export function itSince(version: string): jest.It {
	return n8nIsAtLeast(version) ? it : it.skip;
}

/** `describe` where the n8n under test is this version or a later one; on earlier ones its tests are skipped. */
export function describeSince(version: string): jest.Describe {
	return n8nIsAtLeast(version) ? describe : describe.skip;
}

/** Rows for a table of tests that hold from this version of n8n on. */
export function rowsSince<T>(version: string, ...rows: T[]): T[] {
	return n8nIsAtLeast(version) ? rows : [];
}
