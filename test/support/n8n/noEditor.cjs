/*
 * Preloaded into an n8n that no browser opens. At every start, n8n copies the thousand files of its editor and searches
 * each for what it has to fill in, which takes a third of the time; this way it finds an editor without files.
 */
'use strict';

const Module = require('node:module');

const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => (request === 'n8n-editor-ui' ? __filename : resolve(request, ...rest));
