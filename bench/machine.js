'use strict';
// What a figure must be read with: the machine, the versions, the date.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

function installedVersion(name) {
  const file = path.join(__dirname, 'node_modules', name, 'package.json');
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).version : 'not installed';
}

function firstLine(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim().split('\n')[0] : 'not installed';
}

/** @returns {[string, string][]} what and its value */
function describeMachine() {
  const cpus = os.cpus();
  const peers = Object.keys(require('./package.json').dependencies);
  return [
    ['date', new Date().toISOString().slice(0, 10)],
    ['processor', `${cpus.length} × ${cpus[0]?.model.trim() ?? 'unknown'} (${os.arch()})`],
    ['memory', `${Math.round(os.totalmem() / 2 ** 30)} GiB`],
    ['kernel', `${os.type()} ${os.release()}`],
    ['node', process.version],
    ['multiproc', require('../package.json').version],
    ...peers.map((name) => [name, installedVersion(name)]),
    ['python3', firstLine('python3', ['--version'])],
    ['cc', firstLine('cc', ['--version'])],
  ];
}

module.exports = { describeMachine };
