import { installedN8n, isQueueMode, isVersionAtLeast } from '../../support/n8n';

/*
 * The end-to-end tests run on several versions of n8n: the newest one, and those under test/hosts/ (`npm run test:hosts`).
 * To add a version, copy a folder of test/hosts/, set `n8n` and `engines` in its package.json, delete its lock file and run
 * `node scripts/setup.mjs --ahead --all` with the version. Each test is for all versions. If n8n itself differs, the
 * functions below say since which version something holds, with the reason beside it. To run one file on one version:
 * `N8N_HOST_VERSION=1.115.4 npm run test:e2e -- --testPathPatterns e2e/paid`.
 */

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

/**
 * `describe` for tests that take minutes and belong to `npm run test:hosts`, which names the version, and to
 * `npm run test:queue`. Elsewhere they are skipped.
 */
export const describeInFull: jest.Describe =
	process.env.N8N_HOST_VERSION === undefined && !isQueueMode() ? describe.skip : describe;

/** Rows for a table of tests that hold from this version of n8n on. */
export function rowsSince<T>(version: string, ...rows: T[]): T[] {
	return n8nIsAtLeast(version) ? rows : [];
}
