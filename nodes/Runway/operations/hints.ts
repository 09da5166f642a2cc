/** Remarks on values that the documentation neither promises nor rules out: said, not refused. */

/** Tells where a length is unusual for the route. */
export function unusualDuration(seconds: number, usual: readonly number[]): string[] {
	if (usual.includes(seconds)) return [];
	return [
		`A duration of ${seconds} s is not documented for every model. If CometAPI refuses it, use ${usual.join(' or ')}.`,
	];
}

/** Tells where CometAPI will not be able to download an input, which it does from its own servers. */
export function unreachableUrl(url: string | undefined): string[] {
	if (url === undefined || !URL.canParse(url)) return [];
	const { hostname } = new URL(url);
	if (!isPrivateHost(hostname)) return [];
	return [
		`CometAPI downloads inputs from the internet and can't reach "${hostname}". Use a public URL, or a binary field where the operation offers one.`,
	];
}

/** Tells where a sleeping execution will not be called back. */
export function unreachableCallback(url: string): string[] {
	const { hostname } = new URL(url);
	if (!isPrivateHost(hostname)) return [];
	return [
		`CometAPI can't call back to "${hostname}", so the execution will sleep until the time limit. Give n8n a public address (WEBHOOK_URL), or choose to continue When Finished.`,
	];
}

function isPrivateHost(host: string): boolean {
	const name = host.toLowerCase().replace(/^\[|\]$/g, '');
	if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) {
		return /^(127|10|0)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\./.test(name);
	}
	if (name.includes(':')) return name === '::1' || /^f[cd][0-9a-f]{2}:|^fe80:/.test(name);
	// A name without a dot is one of the own network, such as a container's.
	return !name.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(name);
}

/** Tells where a ratio is not among those that Runway lists for the model. */
export function unlistedRatio(model: string, chosen: string, listed: readonly string[] | undefined): string[] {
	if (listed === undefined || listed.includes(chosen)) return [];
	return [`Runway lists the ratios ${listed.join(', ')} for ${model}. If ${chosen} is refused, use one of those.`];
}
