'use strict';
// The modules of a page in Node.js.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

// Imports a module of the page in `folder`/page by its name. Its imports find those that all pages share, as in the
// server, where all are in one folder.
function modulesOf(folder) {
  const all = fs.mkdtempSync(path.join(process.env.TEST_TMPDIR || os.tmpdir(), 'page-'));
  for (const from of [__dirname, folder]) {
    for (const name of fs.readdirSync(path.join(from, 'page'))) fs.copyFileSync(path.join(from, 'page', name), path.join(all, name));
  }
  process.on('exit', () => fs.rmSync(all, {recursive: true, force: true}));
  return (name) => import(path.join(all, name));
}

module.exports = {modulesOf};
