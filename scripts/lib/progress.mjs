const HEARTBEAT_MS = 15_000;
const REDRAW_MS = 500;

/**
 * Does a piece of work under one line that says what is going on: redrawn with the time it takes on a terminal, and
 * repeated every 15 seconds where the output goes to a file.
 *
 * @param {string} title what is being done, for example `Installing n8n 2.41.1`
 * @param {(say: (note: string) => void) => Promise<T>} work may say what it is at
 * @returns {Promise<T>}
 * @template T
 */
export async function step(title, work) {
	const started = Date.now();
	const seconds = () => Math.round((Date.now() - started) / 1000);
	const terminal = process.stdout.isTTY === true;
	let note = '';
	const line = () => `${title}${note === '' ? '' : ` (${note})`} ... ${seconds()} s`;
	const draw = () => process.stdout.write(`\r\x1b[K${line()}`);
	if (terminal) draw();
	else console.log(`${title} ...`);
	const timer = setInterval(() => (terminal ? draw() : console.log(line())), terminal ? REDRAW_MS : HEARTBEAT_MS);
	const end = (result) => {
		clearInterval(timer);
		if (terminal) process.stdout.write('\r\x1b[K');
		console.log(`${title}: ${result}`);
	};
	try {
		const value = await work((text) => {
			note = text;
		});
		end(`done in ${formatSeconds((Date.now() - started) / 1000)}`);
		return value;
	} catch (error) {
		end('failed');
		throw error;
	}
}

/** `0.4 s`, `12 s`, `3 min 5 s`. */
export function formatSeconds(seconds) {
	if (seconds < 10) return `${seconds.toFixed(1)} s`;
	if (seconds < 120) return `${Math.round(seconds)} s`;
	return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
