/**
 * Remarks on values that the documentation neither promises nor rules out: said, not refused. The panel says them before
 * anything is paid for, as far as it knows the values; the error of a refused item repeats them.
 */

/** A remark that the panel shows while a condition holds. */
export interface PanelRemark {
	message: string;
	/** A JavaScript expression over n8n's `$parameter`. */
	when: string;
}

const ratioSentence = (model: string, listed: readonly string[]) =>
	`Runway lists the ratios ${listed.join(', ')} for ${model}. If CometAPI refuses another one, use one of those.`;
const durationSentence = (usual: readonly number[]) =>
	`Not every model takes every duration. If CometAPI refuses yours, use ${usual.join(' or ')} seconds.`;
const promptSentence = 'Current Runway models require a prompt. If CometAPI refuses the request, add one.';
const UNREACHABLE =
	"CometAPI downloads inputs from the internet and can't reach addresses of your own network. Use a public URL, or a file if the operation offers it.";

/** Says that a length is unusual for the route. */
export function unusualDuration(seconds: number, usual: readonly number[]): string[] {
	return usual.includes(seconds) ? [] : [durationSentence(usual)];
}

/** Says that Runway does not list a ratio for the model. */
export function unlistedRatio(model: string, chosen: string, listed: readonly string[] | undefined): string[] {
	return listed === undefined || listed.includes(chosen) ? [] : [ratioSentence(model, listed)];
}

/** Says that most models want a prompt. */
export function missingPrompt(prompt: string | undefined): string[] {
	return prompt === undefined ? [promptSentence] : [];
}

/** What {@link unlistedRatio}, {@link unusualDuration} and {@link missingPrompt} say, for the panel. */
export const panelRemarks = {
	ratios: (ratiosByModel: Readonly<Record<string, readonly string[]>>): PanelRemark[] =>
		Object.entries(ratiosByModel).map(([model, listed]) => ({
			message: ratioSentence(model, listed),
			when: `$parameter["model"] === ${JSON.stringify(model)} && !${JSON.stringify(listed)}.includes($parameter["ratio"])`,
		})),
	duration: (usual: readonly number[], condition = 'true'): PanelRemark => ({
		message: durationSentence(usual),
		when: `${condition} && !${JSON.stringify(usual)}.includes(Number($parameter["duration"]))`,
	}),
	prompt: { message: promptSentence, when: '!$parameter["prompt"]' } satisfies PanelRemark,
	url: (parameter: string): PanelRemark => ({
		message: UNREACHABLE,
		when: String.raw`/^https?:\/\/(localhost|127\.|10\.|192\.168\.|\[?::1|[^/.:]+([/:]|$))/i.test($parameter["${parameter}"] || "")`,
	}),
};

/** Says that CometAPI will not be able to download an input, which it does from its own servers. */
export function unreachableUrl(url: string | undefined): string[] {
	if (url === undefined || !URL.canParse(url)) return [];
	const { hostname } = new URL(url);
	if (!isPrivateHost(hostname)) return [];
	return [
		`CometAPI downloads inputs from the internet and can't reach "${hostname}". Use a public URL, or a binary field where the operation offers one.`,
	];
}

/** Says that a sleeping execution will not be called back. */
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
