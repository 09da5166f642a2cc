import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { pages } from './pages';

/** `npm run docs`: brings the parts of the documentation that are made from the code up to date. */
const stale = pages().filter(({ present, wanted }) => present !== wanted);
for (const { file, wanted } of stale) {
	writeFileSync(path.join(__dirname, '../..', file), wanted);
	console.log(`${file} written`);
}
if (stale.length === 0) console.log('The documentation is up to date.');
