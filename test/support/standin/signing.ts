import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Signs asset paths for a while, as an object store does. */
export class UrlSigner {
	private readonly secret = randomBytes(32);
	private signed = 0;
	private revoked = 0;

	/** The query that opens `path` until `expiresAt` (milliseconds). No two are alike. */
	sign(path: string, expiresAt: number): string {
		this.signed += 1;
		const claims = { exp: Math.floor(expiresAt / 1000), expMs: expiresAt, no: this.signed };
		const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
		return `_jwt=${payload}.${this.seal(path, payload)}&exp=${claims.exp}`;
	}

	/** Why `token` doesn't open `path` now, or undefined. */
	refusal(path: string, token: string | undefined, now: number): string | undefined {
		const [payload = '', seal = ''] = token?.split('.') ?? [];
		const wanted = Buffer.from(this.seal(path, payload));
		const given = Buffer.from(seal);
		if (wanted.length !== given.length || !timingSafeEqual(wanted, given)) return 'The signature does not match';
		const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { expMs: number; no: number };
		return claims.expMs <= now || claims.no <= this.revoked ? 'Request has expired' : undefined;
	}

	/** Nothing signed so far opens anything any more. */
	revokeAll(): void {
		this.revoked = this.signed;
	}

	private seal(path: string, payload: string): string {
		return createHmac('sha256', this.secret).update(`${path}\n${payload}`).digest('base64url');
	}
}
