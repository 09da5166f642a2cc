import 'reflect-metadata';

import { SsrfProtectionConfig } from '@n8n/config';
import { Container } from '@n8n/di';

import { freePort } from '../support/n8n';
import { bench, closeBench, imageToVideo, topic } from './bench';

/** The protection that n8n offers and leaves off by default: `N8N_SSRF_PROTECTION_ENABLED`. */
beforeAll(() => {
	const config = Container.get(SsrfProtectionConfig);
	config.enabled = true;
	config.allowedHostnames = ['localhost'];
});

afterAll(closeBench);

topic("n8n's protection against requests into its own network", (test) => {
	test(
		'lets no create through to a gateway there, and says that nothing was sent',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo());
			expect(error.message).toMatch(/can't be reached: The request was blocked/);
			expect(error.description).toContain('nothing was billed');
			expect(error.context.data).toMatchObject({ created: false });
			expect(api.creates).toEqual([]);
		}),
	);

	for (const assetHost of ['http://127.0.0.1:1', 'http://169.254.169.254', 'http://10.0.0.7', 'http://[::1]:1']) {
		test(
			`holds for a file at ${assetHost}, whose task is delivered without it`,
			bench(
				async ({ api, credential, run }) => {
					const baseUrl = credential.baseUrl.replace('127.0.0.1', 'localhost');
					const { items } = await run(imageToVideo(), { credential: { ...credential, baseUrl } });
					expect(items[0]?.json.status).toBe('succeeded');
					expect(items[0]?.binary).toBeUndefined();
					expect(items[0]?.json.downloadError).toMatch(/block|restrict|not allowed/i);
					expect(api.downloads).toEqual([]);
				},
				{ publicUrl: assetHost },
			),
		);

		test(`holds for a file that redirects to ${assetHost}`, async () => {
			const port = await freePort();
			const baseUrl = `http://localhost:${port}`;
			await bench(
				async ({ api, credential, run }) => {
					const fault = api.fault({ on: 'asset', kind: 'redirect', location: `${assetHost}/x.mp4`, times: 99 });
					const { items } = await run(imageToVideo(), { credential: { ...credential, baseUrl } });
					expect(fault.used).toBeGreaterThan(0);
					expect(items[0]?.binary).toBeUndefined();
					expect(items[0]?.json.downloadError).toMatch(/block|restrict|not allowed/i);
				},
				{ port, publicUrl: baseUrl },
			)();
		});
	}
});
