'use strict';
// Rebuilds a function from its source text, as if it stood in its caller's file.
//
// Compiled by Module.prototype._compile and not by vm.compileFunction: it alone gives the text `require`, `module`,
// `__filename`, `__dirname` and an import() relative to the file without a flag or an experimental warning
// (measured on Node 20.20, 22.23, 24.21, 26.10; vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER warns on all four).

const Module = require('node:module');
const path = require('node:path');
const { toolHelpers } = require('./tool_helpers');

/**
 * @param {{ source: string, file: string, line: number, strict: boolean, scopeNames: string[] }} description
 * @returns {(scope: Record<string, unknown> | undefined) => Function} makes the function, with the constants of `scope`
 */
function compileSource({ source, file, line, strict, scopeNames }) {
  const module = new Module(file);
  module.filename = file;
  module.paths = Module._nodeModulePaths(path.dirname(file));
  const constants = scopeNames.length > 0 ? `const{${scopeNames.join(',')}}=arguments[0];` : '';
  const helpers = [...toolHelpers(source)].filter(([name]) => !scopeNames.includes(name));
  const helper = helpers.map(([name, definition]) => `const ${name}=${definition};`).join('');
  // All on the line where the function begins in its file. No name is added that the function could see.
  const text = `${'\n'.repeat(line - 1)}module.exports=function(){${strict ? '"use strict";' : ''}${helper}${constants}return(${source}\n)}`;
  module._compile(text, file, 'commonjs');
  module.loaded = true;
  const make = module.exports;
  module.exports = {};
  return (scope) => make.call(undefined, scope);
}

module.exports = { compileSource };
