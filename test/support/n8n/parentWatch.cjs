/*
 * Preloaded into n8n: ends n8n, with the task runners that it started, as soon as the process that started it is
 * gone, even if that one was killed and could clean up nothing. The sign is the end of standard input, a pipe whose
 * other end only that process holds. And writes what Node.js has compiled to its cache, since an n8n that is killed can't.
 */
'use strict';

const { flushCompileCache } = require('node:module');
const { isMainThread } = require('node:worker_threads');

/** By then n8n has loaded all it needs to start. */
const LOADED_MS = 30_000;

function end() {
	try {
		// n8n was started as the leader of a process group of its own.
		if (process.platform !== 'win32') process.kill(-process.pid, 'SIGKILL');
	} finally {
		process.kill(process.pid, 'SIGKILL');
	}
}

// n8n's worker threads preload this file as well, and their standard input ends at once.
if (isMainThread) {
	process.stdin.on('end', end);
	process.stdin.on('close', end);
	process.stdin.on('error', end);
	process.stdin.resume();
	if (typeof process.stdin.unref === 'function') process.stdin.unref();
	setTimeout(() => flushCompileCache?.(), LOADED_MS).unref();
}
