import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

// By this, the test files of one run find what they share; all of them inherit it.
process.env.JEST_RUN_PID = String(process.pid);

const project = (name, extra = {}) => ({
	displayName: name,
	rootDir: root,
	testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
	testEnvironment: 'node',
	modulePathIgnorePatterns: [
		'<rootDir>/dist',
		'<rootDir>/test/(e2e|queue|registry)/node_modules',
		'<rootDir>/test/hosts',
		'<rootDir>/.cache',
	],
	transform: { '\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/test/tsconfig.json' }] },
	...extra,
});

export default {
	rootDir: root,
	// Engine tests wait for renders most of the time, so many of a file run side by side.
	maxConcurrency: 20,
	// For tests that hang. On a busy machine, five seconds are soon over.
	testTimeout: 120_000,
	testSequencer: path.join(root, 'test', 'longestFirst.mjs'),
	projects: [project('unit'), project('engine'), project('e2e'), project('browser'), project('queue')],
};
