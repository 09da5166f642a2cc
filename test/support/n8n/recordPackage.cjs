/*
 * Enters a package into n8n's own list of installed community packages, as n8n's installer does after unpacking:
 * so it stands under "Settings > Community nodes", and n8n checks at every start that its nodes load. Run with the
 * Node.js that runs n8n, which brings SQLite along:
 *
 *   node recordPackage.cjs <database file> <JSON: name, version, author, nodes: [{ name, type, version }]>
 */
'use strict';

const { DatabaseSync } = require('node:sqlite');

const [file, json] = process.argv.slice(2);
const { name, version, author = {}, nodes } = JSON.parse(json);

const database = new DatabaseSync(file);
database.exec('PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON; BEGIN IMMEDIATE');
database.prepare('DELETE FROM installed_packages WHERE packageName = ?').run(name);
database
	.prepare(
		`INSERT INTO installed_packages (packageName, installedVersion, authorName, authorEmail, createdAt, updatedAt)
		VALUES (?, ?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'), strftime('%Y-%m-%d %H:%M:%f', 'now'))`,
	)
	.run(name, version, author.name ?? null, author.email ?? null);
const insertNode = database.prepare(
	'INSERT INTO installed_nodes (name, type, latestVersion, package) VALUES (?, ?, ?, ?)',
);
for (const node of nodes) insertNode.run(node.name, node.type, node.version, name);
database.exec('COMMIT');
database.close();
