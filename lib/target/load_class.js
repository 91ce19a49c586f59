'use strict';
// From the description of a class to the class, in the process that runs it.

const { MultiprocError } = require('../errors');
const { importModule, requireModule } = require('./import_module');

/** @param {{ url: string, name: string }} description from describeClass() @returns {Promise<Function>} */
async function loadClass({ url, name }) {
  const namespace = requireModule(url) ?? (await importModule(url));
  const whole = namespace.default;
  for (const candidate of [namespace[name], whole, whole?.[name], whole?.default]) {
    if (typeof candidate === 'function' && candidate.name === name) return candidate;
  }
  throw new MultiprocError(
    'ERR_MULTIPROC_TARGET',
    `${url} exports no class ${name}; export it under its name, or name the file that does: static module = import.meta.url`,
  );
}

module.exports = { loadClass };
