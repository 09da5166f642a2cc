/**
 * Whether a process exists, or with a negative number whether anybody is left in that process group.
 */
export function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		// It exists and belongs to someone else. (No instanceof: under jest this error comes from another realm.)
		return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM';
	}
}
