/*
 * Prints every value of every table of an SQLite database, each on a line of its own as JSON. Run with the Node.js that
 * runs n8n, which brings SQLite along:
 *
 *   node dumpDatabase.cjs <database file>
 */
'use strict';

const { DatabaseSync } = require('node:sqlite');

const database = new DatabaseSync(process.argv[2], { readOnly: true });
const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
for (const { name: table } of tables) {
	for (const row of database.prepare(`SELECT * FROM "${table.replaceAll('"', '""')}"`).iterate()) {
		for (const [column, value] of Object.entries(row)) {
			const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
			process.stdout.write(`${JSON.stringify({ table, column, text })}\n`);
		}
	}
}
database.close();
