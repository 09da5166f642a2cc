/*
 * Enters a package into n8n's own list of installed community packages, as n8n's installer does after unpacking:
 * so it stands under "Settings > Community nodes", and n8n checks at every start that its nodes load. Run with the
 * Node.js that runs n8n, since it uses n8n's own SQLite:
 *
 *   node recordPackage.cjs <n8n's script> <database file> <JSON: name, version, author, nodes: [{ name, type, version }]>
 */
'use strict';

const { createRequire } = require('node:module');

const [script, file, json] = process.argv.slice(2);
const { name, version, author = {}, nodes } = JSON.parse(json);
const { Database } = createRequire(script)('sqlite3');

const database = new Database(file);
database.on('error', (error) => {
	throw error;
});
database.configure('busyTimeout', 10_000);
database.serialize(() => {
	database.run('PRAGMA foreign_keys = ON');
	database.run('BEGIN IMMEDIATE');
	database.run('DELETE FROM installed_packages WHERE packageName = ?', name);
	database.run(
		`INSERT INTO installed_packages (packageName, installedVersion, authorName, authorEmail, createdAt, updatedAt)
		VALUES (?, ?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'), strftime('%Y-%m-%d %H:%M:%f', 'now'))`,
		[name, version, author.name ?? null, author.email ?? null],
	);
	for (const node of nodes) {
		database.run('INSERT INTO installed_nodes (name, type, latestVersion, package) VALUES (?, ?, ?, ?)', [
			node.name,
			node.type,
			node.version,
			name,
		]);
	}
	database.run('COMMIT');
});
database.close();
