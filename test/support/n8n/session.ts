const LOGIN_COOKIE = 'n8n-auth';

/** An answer of n8n's that was no success. */
export class N8nHttpError extends Error {
	constructor(
		readonly method: string,
		readonly path: string,
		readonly status: number,
		readonly text: string,
	) {
		super(`n8n answered ${method} ${path} with ${status}: ${text.slice(0, 500)}`);
		this.name = 'N8nHttpError';
	}
}

/** The owner that every n8n started here has. */
export interface Owner {
	email: string;
	password: string;
	firstName: string;
	lastName: string;
}

/** A signed-in browser, as far as n8n's HTTP API can tell. */
export class Session {
	/**
	 * @param cookie that of a session that has begun elsewhere
	 */
	constructor(
		private readonly url: string,
		private readonly owner: Owner,
		private cookie?: string,
	) {}

	/** What goes on with the session elsewhere. */
	get pass(): string {
		if (this.cookie === undefined) throw new Error('Nobody has signed in yet');
		return this.cookie;
	}

	/** Signs in as the owner, who is created first if this n8n is new. */
	async signIn(): Promise<void> {
		const settings = await this.json<{ userManagement?: { showSetupOnFirstLoad?: boolean } }>('GET', '/rest/settings');
		const { email, password } = this.owner;
		const response =
			settings.userManagement?.showSetupOnFirstLoad === true
				? await this.send('POST', '/rest/owner/setup', this.owner)
				: await this.send('POST', '/rest/login', { emailOrLdapLoginId: email, password });
		const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
		this.cookie = cookies.find((cookie) => cookie.startsWith(`${LOGIN_COOKIE}=`));
		if (this.cookie === undefined) throw new Error('n8n accepted the login and sent no session cookie');
	}

	/** Sends a request and returns the answer, whose body nobody has read yet. */
	async send(method: string, path: string, body?: unknown): Promise<Response> {
		const response = await fetch(new URL(path, this.url), {
			method,
			headers: {
				// A connection that is kept may be closed by n8n in the moment in which it is used again.
				connection: 'close',
				...(this.cookie === undefined ? {} : { cookie: this.cookie }),
				...(body === undefined ? {} : { 'content-type': 'application/json' }),
			},
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		if (!response.ok) throw new N8nHttpError(method, path, response.status, await response.text());
		return response;
	}

	/** Sends a request and returns the `data` that n8n wraps its answers in, or the whole answer where it doesn't. */
	async json<T>(method: string, path: string, body?: unknown): Promise<T> {
		const response = await this.send(method, path, body);
		const text = await response.text();
		if (text === '') return undefined as T;
		const answer: unknown = JSON.parse(text);
		return (isWrapped(answer) ? answer.data : answer) as T;
	}
}

function isWrapped(answer: unknown): answer is { data: unknown } {
	return typeof answer === 'object' && answer !== null && Object.keys(answer).length === 1 && 'data' in answer;
}
