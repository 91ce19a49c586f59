'use strict';
// The 'class' form: an exported class, which the child imports by module and name.
//
// A class does not say where it was defined. `static module` names the file; otherwise a CommonJS module that exports this
// very class is looked for among those that are loaded, and then the calling file is taken to be it.

const Module = require('node:module');
const { pathToFileURL } = require('node:url');
const { callerFile } = require('./caller');
const { describeModule } = require('./describe_module');
const { targetError } = require('./function_source');

const described = new WeakMap();

/** @returns {{ form: 'class', key: string, url: string, name: string }} */
function describeClass(call, Class, options) {
  const known = described.get(Class);
  if (known !== undefined) return known;
  const { name } = Class;
  if (name === '') throw targetError(call, 'a subclass of Process needs a name, by which its module exports it');
  const url = moduleOf(call, Class, options);
  const description = Object.freeze({ form: 'class', key: `class:${url}#${name}`, url, name });
  described.set(Class, description);
  return description;
}

function moduleOf(call, Class, options) {
  if (Object.hasOwn(Class, 'module')) return describeModule(call, { module: Class.module }, options).url;
  for (const [file, { exports }] of Object.entries(Module._cache)) {
    if (exports === Class || ownValue(exports, Class.name) === Class || ownValue(exports, 'default') === Class) {
      return pathToFileURL(file).href;
    }
  }
  const caller = options?.callerFile ?? callerFile();
  if (caller.startsWith('file:')) return caller;
  throw targetError(
    call,
    `the class ${Class.name} is exported by no module that is loaded; export it under its name, or name its file: static module = __filename`,
  );
}

/** No getter of somebody's module runs because of us. */
function ownValue(object, name) {
  const isObject = object !== null && (typeof object === 'object' || typeof object === 'function');
  return isObject ? Object.getOwnPropertyDescriptor(object, name)?.value : undefined;
}

module.exports = { describeClass };
