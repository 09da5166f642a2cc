/** Milliseconds of this process's CPU that something takes. On a busy machine, the clock on the wall says little. */
export async function cpuMsOf(act: () => unknown): Promise<number> {
	const before = process.cpuUsage();
	await act();
	return process.cpuUsage(before).user / 1_000;
}

/** Far more than anything that reads its input once, and far less than what begins anew at every character. */
export const ONE_PASS_MS = 2_000;
