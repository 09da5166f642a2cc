import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { modelTableSource, TABLE_FILE } from './table';

/** `npm run models`: writes the table of models anew from Runway's installed typings. */
writeFileSync(path.join(__dirname, '../..', TABLE_FILE), modelTableSource());
console.log(`${TABLE_FILE} written`);
