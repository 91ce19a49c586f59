'use strict';
// Errors; see scripts/values_table.js.

const { registerError, MultiprocError } = require('../..');
const { equal, ofClass, property, reading } = require('./kept');

const CLASSES = [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError];
const all = (check) => (found, original) => original.every((one, i) => check(found[i], one));
const TEXTS = { name: reading('name'), message: reading('message'), stack: reading('stack') };

class KnownError extends RangeError {
  constructor(detail) {
    super('known');
    this.detail = detail;
  }
}
registerError(KnownError);

class UnknownError extends RangeError {
  name = 'UnknownError';
  detail = { a: 1 };
}

const ofOurClass = { 'the class': ofClass, ...TEXTS, 'own properties': property('detail') };

module.exports = [
  {
    name: '`Error`, `TypeError` and the other classes of the language',
    make: () => CLASSES.map((Class) => new Class('message')),
    keeps: { 'the class': all(ofClass), message: all(property('message')), stack: all(reading('stack')) },
  },
  {
    name: 'error with a `cause`',
    make: () => new Error('m', { cause: { why: [1] } }),
    keeps: { message: property('message'), cause: property('cause') },
  },
  {
    name: 'error with a `code` and own properties',
    make: () => Object.assign(new Error('m'), { code: 'E_CODE', rows: [1, 2] }),
    keeps: { message: property('message'), code: property('code'), 'own properties': property('rows') },
  },
  {
    name: '`AggregateError`',
    make: () => new AggregateError([new RangeError('a'), 'b'], 'many'),
    keeps: {
      message: property('message'),
      'the class': ofClass,
      errors: (found) => found.errors[0] instanceof RangeError && found.errors[1] === 'b',
    },
  },
  {
    name: '`SuppressedError`',
    make: () => new SuppressedError(new RangeError('a'), new Error('b'), 'm'),
    keeps: {
      message: property('message'),
      'the class': ofClass,
      'both errors': (found) => found.error instanceof RangeError && found.suppressed.message === 'b',
    },
    exists: typeof SuppressedError === 'function',
  },
  {
    name: 'error of Node.js or the system',
    make: () => {
      try {
        return require('node:fs').readFileSync('/does/not/exist');
      } catch (error) {
        return error;
      }
    },
    keeps: {
      ...TEXTS,
      code: property('code'),
      'errno, syscall, path': (found, original) => equal({ ...found }, { ...original }),
    },
  },
  {
    name: 'error class of multiproc',
    make: () => new MultiprocError('ERR_MULTIPROC_CLOSED', 'm', { detail: 1 }),
    keeps: { ...ofOurClass, code: property('code') },
  },
  { name: 'error class given to `registerError()`', make: () => new KnownError({ a: 1 }), keeps: ofOurClass },
  { name: 'error class that the receiver does not know', make: () => new UnknownError('m'), keeps: ofOurClass },
  {
    name: '`DOMException`',
    make: () => new DOMException('late', 'TimeoutError'),
    keeps: { 'the class': ofClass, ...TEXTS, code: reading('code') },
    varies: ['arrives, or lost without a word', 'carried by multiproc'],
  },
];
