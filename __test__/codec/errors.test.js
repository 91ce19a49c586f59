'use strict';
// Errors arrive as what they were: class, name, message, stack, code, cause and their own properties.

const test = require('ava').default ?? require('ava');
const { types } = require('node:util');
const { encode, decode, registerError } = require('../../lib/codec');
const errorClasses = require('../../lib/errors');

const travel = (value) => decode(Buffer.from(encode(value)));

test('errors_of_the_language_keep_class_message_and_stack', (t) => {
  for (const Class of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError]) {
    const error = new Class('message');
    const found = travel(error);
    t.is(Object.getPrototypeOf(found), Class.prototype);
    t.true(types.isNativeError(found));
    t.is(found.message, 'message');
    t.is(found.stack, error.stack);
    t.deepEqual(Object.keys(found), []);
    t.false(Object.hasOwn(found, 'name'));
    t.false(Object.hasOwn(found, 'code'));
  }
});

test('code_cause_and_own_properties_arrive_as_they_were', (t) => {
  const error = Object.assign(new Error('m', { cause: { why: new TypeError('inner') } }), {
    code: 'E_CODE',
    rows: [1, 2],
    when: new Date(0),
  });
  const found = travel(error);
  t.is(found.code, 'E_CODE');
  t.true(found.cause.why instanceof TypeError);
  t.deepEqual(found.rows, [1, 2]);
  t.deepEqual(Object.keys(found), ['code', 'rows', 'when']);
});

test('a_cause_that_is_undefined_is_told_from_none', (t) => {
  t.true(Object.hasOwn(travel(new Error('m', { cause: undefined })), 'cause'));
  t.false(Object.hasOwn(travel(new Error('m')), 'cause'));
});

test('an_aggregate_error_keeps_its_errors', (t) => {
  const found = travel(new AggregateError([new RangeError('a'), 'b'], 'many'));
  t.true(found instanceof AggregateError);
  t.true(found.errors[0] instanceof RangeError);
  t.is(found.errors[1], 'b');
  t.false(Object.keys(found).includes('errors'));
});

test('a_suppressed_error_keeps_both_errors', (t) => {
  if (typeof SuppressedError !== 'function') return t.pass('not in this version of Node.js');
  const found = travel(new SuppressedError(new RangeError('a'), new TypeError('b'), 'm'));
  t.true(found instanceof SuppressedError);
  t.true(found.error instanceof RangeError && found.suppressed instanceof TypeError);
  t.deepEqual(Object.keys(found), []);
});

test('errors_of_node_keep_class_code_and_details', (t) => {
  let error = t.throws(() => Buffer.alloc('x'));
  let found = travel(error);
  t.true(found instanceof TypeError);
  t.is(found.code, 'ERR_INVALID_ARG_TYPE');
  t.is(found.stack, error.stack);
  error = t.throws(() => require('node:fs').readFileSync('/does/not/exist'));
  found = travel(error);
  t.deepEqual({ ...found }, { errno: error.errno, code: 'ENOENT', syscall: 'open', path: '/does/not/exist' });
});

test('errors_of_multiproc_keep_their_class', (t) => {
  const errors = [
    new errorClasses.MultiprocError('ERR_MULTIPROC_CLOSED', 'm'),
    new errorClasses.ProcessDiedError('m', { pid: 5, signalCode: 'SIGKILL' }),
    new errorClasses.SerializationError('m', { path: 'args[0]' }),
    new errorClasses.RemoteError('m', { value: { a: 1 } }),
    new errorClasses.AbortError('reason'),
  ];
  for (const error of errors) {
    const found = travel(error);
    t.is(Object.getPrototypeOf(found), Object.getPrototypeOf(error));
    t.is(found.name, error.name);
    t.deepEqual({ ...found }, { ...error });
    t.is(found.cause, error.cause);
  }
});

test('a_registered_class_arrives_as_such_and_its_constructor_is_not_called', (t) => {
  let calls = 0;
  class QueryError extends RangeError {
    constructor(text) {
      super(text);
      calls++;
      this.query = 'select';
    }
    get code() {
      return 'E_QUERY';
    }
    describe() {
      return this.query;
    }
  }
  const error = new QueryError('bad');
  const before = travel(error);
  t.is(Object.getPrototypeOf(before), RangeError.prototype);
  t.is(before.code, 'E_QUERY');
  registerError(QueryError);
  const found = travel(error);
  t.true(found instanceof QueryError);
  t.is(found.describe(), 'select');
  t.is(found.code, 'E_QUERY');
  t.is(calls, 1);
});

test('an_error_of_an_unknown_class_keeps_its_name_and_properties', (t) => {
  class OddError extends Error {
    name = 'OddError';
    detail = 7;
  }
  class QuietError extends Error {
    get name() {
      return 'QuietError';
    }
  }
  const odd = travel(new OddError('m'));
  t.is(Object.getPrototypeOf(odd), Error.prototype);
  t.is(odd.name, 'OddError');
  t.is(odd.detail, 7);
  const quiet = travel(new QuietError('m'));
  t.is(quiet.name, 'QuietError');
  t.false(Object.keys(quiet).includes('name'));
});

test('a_name_given_by_hand_arrives', (t) => {
  const error = new Error('m');
  Object.defineProperty(error, 'name', { value: 'HandMade' });
  const found = travel(error);
  t.is(found.name, 'HandMade');
  t.deepEqual(Object.getOwnPropertyDescriptor(found, 'name'), {
    value: 'HandMade',
    writable: true,
    enumerable: false,
    configurable: true,
  });
});

test('a_dom_exception_arrives_as_one', (t) => {
  const found = travel(new DOMException('late', 'TimeoutError'));
  t.true(found instanceof DOMException);
  t.is(found.name, 'TimeoutError');
  t.is(found.message, 'late');
  t.is(found.code, 23);
  t.is(travel(AbortSignal.abort().reason).name, 'AbortError');
});

test('an_error_made_the_old_way_is_an_error', (t) => {
  function OldError(message) {
    this.message = message;
  }
  OldError.prototype = Object.create(Error.prototype, {
    constructor: { value: OldError },
    name: { value: 'OldError' },
  });
  const found = travel(new OldError('old'));
  t.true(found instanceof Error);
  t.is(found.name, 'OldError');
  t.is(found.message, 'old');
});

test('only_error_classes_can_be_registered', (t) => {
  for (const wrong of [undefined, {}, class {}, () => {}, Map])
    t.throws(() => registerError(wrong), { code: 'ERR_INVALID_ARG_TYPE' });
});
