/*
 * Preloaded into a process of n8n: notes its memory and the delays of its event loop, and writes them every second to
 * the file <RUNWAY_PROBE_FOLDER>/<process id>.json. SIGUSR2 makes it begin anew.
 */
'use strict';

const { renameSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { isMainThread } = require('node:worker_threads');

const RESOLUTION_MS = 10;
const SAMPLE_MS = 100;
const WRITE_MS = 1_000;
const NANOSECONDS = 1e6;

if (isMainThread) {
	const file = path.join(process.env.RUNWAY_PROBE_FOLDER, `${process.pid}.json`);
	const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
	histogram.enable();
	let peakRss = 0;
	let beganCpu = process.cpuUsage();
	const sample = () => {
		peakRss = Math.max(peakRss, process.memoryUsage.rss());
	};
	const delay = (nanoseconds) => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS);
	const write = () => {
		sample();
		const { user, system } = process.cpuUsage(beganCpu);
		const [p50Ms, p99Ms] = [50, 99].map((percent) => delay(histogram.percentile(percent)));
		const found = {
			peakRss,
			p50Ms,
			p99Ms,
			longestMs: delay(histogram.max),
			cpuSeconds: (user + system) / 1e6,
		};
		writeFileSync(`${file}.part`, JSON.stringify(found));
		// Moved into place when it is whole, so that nobody reads half of it.
		renameSync(`${file}.part`, file);
	};
	process.on('SIGUSR2', () => {
		histogram.reset();
		beganCpu = process.cpuUsage();
		peakRss = 0;
		sample();
	});
	setInterval(sample, SAMPLE_MS).unref();
	setInterval(write, WRITE_MS).unref();
}
