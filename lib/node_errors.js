'use strict';
// Errors that look like those which Node.js throws from its inside, for what is said in its name: the code stands in the
// stack and in the text, and not in the name.

const { inspect } = require('node:util');

/** @type {Map<ErrorConstructor, ErrorConstructor>} */
const classes = new Map();

/**
 * @param {ErrorConstructor} Type
 * @param {string} code
 * @param {string} message
 * @returns {Error & { code: string }}
 */
function nodeError(Type, code, message) {
  if (!classes.has(Type)) classes.set(Type, withCode(Type));
  const error = Object.assign(new (classes.get(Type))(message), { code });
  error.stack = error.stack.replace(Type.name, `${Type.name} [${code}]`);
  return error;
}

function withCode(Type) {
  const Told = class extends Type {
    toString() {
      return `${this.name} [${this.code}]: ${this.message}`;
    }
  };
  // What is shown of it is the class of the language.
  Object.defineProperty(Told.prototype, 'constructor', { value: Type });
  return Told;
}

/** `types`: as Node.js words them, `of type object`. */
function argumentType(name, types, found) {
  return nodeError(
    TypeError,
    'ERR_INVALID_ARG_TYPE',
    `The "${name}" argument must be ${types}. Received ${described(found)}`,
  );
}

/** As Node.js names what it did not expect. */
function described(value) {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value !== 'object') return `type ${typeof value} (${inspect(value)})`;
  const name = value.constructor?.name;
  return name ? `an instance of ${name}` : inspect(value, { depth: -1 });
}

module.exports = { argumentType, nodeError };
