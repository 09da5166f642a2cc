/*
 * Runs another program in the process group of this script, which parentWatch.cjs ends with the process that started it:
 *
 *   node --require parentWatch.cjs guarded.cjs <JSON: command, args, uid, gid>
 */
'use strict';

const { spawn } = require('node:child_process');

const { command, args, uid, gid } = JSON.parse(process.argv[2]);
const child = spawn(command, args, { uid, gid, stdio: ['ignore', 'inherit', 'inherit'] });
child.once('error', (error) => {
	console.error(error.message);
	process.exit(1);
});
child.once('exit', (code) => process.exit(code ?? 1));
// SIGINT is what PostgreSQL and Redis end at quickly and in an orderly way.
process.on('SIGTERM', () => child.kill('SIGINT'));
