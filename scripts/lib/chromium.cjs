const { accessSync, constants, statSync } = require('node:fs');
const path = require('node:path');

/** What Chrome and its relatives are called on Linux; Ubuntu's Chromium, a snap, comes last, as it can't be remote-controlled everywhere. */
const COMMANDS = ['google-chrome', 'google-chrome-stable', 'chromium', 'microsoft-edge', 'chromium-browser'];
/** Where the other systems keep them. */
const MAC = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
	(name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
);
const WINDOWS = ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'];

/**
 * The Chrome or Chromium of this machine: the one that CHROME_PATH names, else the first one in the usual places.
 *
 * @returns {string | undefined} an absolute path; undefined where there is none
 */
function findChromium() {
	const { CHROME_PATH, PATH = '' } = process.env;
	if (CHROME_PATH) return isProgram(CHROME_PATH) ? path.resolve(CHROME_PATH) : undefined;
	return candidates(PATH).find(isProgram);
}

function candidates(searchPath) {
	if (process.platform === 'darwin') return MAC;
	if (process.platform === 'win32') {
		const roots = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => process.env[name] ?? []);
		return roots.flatMap((root) => WINDOWS.map((file) => path.join(root, file)));
	}
	const folders = [...searchPath.split(path.delimiter).filter(path.isAbsolute), '/usr/bin'];
	return COMMANDS.flatMap((command) => folders.map((folder) => path.join(folder, command)));
}

function isProgram(file) {
	try {
		accessSync(file, constants.X_OK);
		return statSync(file).isFile();
	} catch {
		return false;
	}
}

module.exports = { findChromium };
