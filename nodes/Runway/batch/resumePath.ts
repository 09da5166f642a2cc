import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';

/** Last path segment of the address that wakes a sleeping execution up; the node's webhook listens to it. */
export const RESUME_PATH = 'runway-resume';

/** An address of this execution that n8n listens to while it sleeps. On n8n 2 it holds a secret. */
export function addressOf(context: IExecuteFunctions | IWebhookFunctions, lastSegment: string): string {
	const url = new URL(String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0)));
	url.pathname = `${url.pathname.replace(/\/$/, '')}/${lastSegment}`;
	return url.toString();
}
