/*
 * Prints every value of every table of an SQLite database, each on a line of its own as JSON. Run with the Node.js that
 * runs n8n, since it uses n8n's own SQLite:
 *
 *   node dumpDatabase.cjs <n8n's script> <database file>
 */
'use strict';

const { createRequire } = require('node:module');

const [script, file] = process.argv.slice(2);
const { Database, OPEN_READONLY } = createRequire(script)('sqlite3');

const failOn = (error) => {
	if (error) throw error;
};
const database = new Database(file, OPEN_READONLY, failOn);
database.all("SELECT name FROM sqlite_master WHERE type = 'table'", (error, tables) => {
	failOn(error);
	for (const { name: table } of tables) {
		database.each(`SELECT * FROM "${table.replaceAll('"', '""')}"`, (problem, row) => {
			failOn(problem);
			for (const [column, value] of Object.entries(row)) {
				const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
				process.stdout.write(`${JSON.stringify({ table, column, text })}\n`);
			}
		});
	}
	database.close(failOn);
});
