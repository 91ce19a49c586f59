'use strict';
// What cannot travel is refused at the sender, by its path; the next message is not affected.

const test = require('ava').default ?? require('ava');
const { createSecretKey } = require('node:crypto');
const { BlockList } = require('node:net');
const { encode, decode } = require('../../lib/codec');
const { SerializationError } = require('../../lib/errors');

function refused(t, value, path, message, options) {
  const error = t.throws(() => encode(value, options), {
    instanceOf: SerializationError,
    code: 'ERR_MULTIPROC_SERIALIZE',
  });
  t.is(error.path, path);
  t.true(error.message.startsWith(`${path} `), error.message);
  if (message !== undefined) t.regex(error.message, message);
  t.deepEqual(decode(encode({ after: [1, 'two'] })), { after: [1, 'two'] });
  return error;
}

function callback() {}
const buffer = new ArrayBuffer(8);
const detachedView = new Uint8Array(buffer);
structuredClone(buffer, { transfer: [buffer] });

test('the_message_reads_as_the_place_in_the_program', (t) => {
  const rows = [0, 0, 0, { callback }];
  const error = refused(t, [{ rows }], 'args[0].rows[3].callback', undefined, { root: 'args' });
  t.is(error.message, 'args[0].rows[3].callback is a function (callback), which cannot travel to another process');
});

const places = {
  'the root itself': [callback, 'value'],
  'a key that is no identifier': [{ 'a b': callback }, 'value["a b"]'],
  'a Map value': [{ m: new Map([['key', { callback }]]) }, 'value.m.get("key").callback'],
  'a Map value under a number': [new Map([[7, callback]]), 'value.get(7)'],
  'a Map value under an object': [new Map([[{}, callback]]), '[...value.values()][0]'],
  'a Map key': [
    new Map([
      [1, 1],
      [callback, 1],
    ]),
    '[...value.keys()][1]',
  ],
  'a Set item': [{ s: new Set([1, 2, callback]) }, '[...value.s][2]'],
  'an error cause': [new Error('x', { cause: { callback } }), 'value.cause.callback'],
  'an error of an AggregateError': [new AggregateError([callback]), 'value.errors[0]'],
  'an element after packed numbers': [[1, 2, 3, 4, 5, 6, 7, 8, 9, callback], 'value[9]'],
  'a property of an array': [Object.assign([1], { callback }), 'value.callback'],
  'a far element of a sparse array': [
    (() => {
      const a = [];
      a[10000] = callback;
      return a;
    })(),
    'value[10000]',
  ],
  'the buffer of a view': [[detachedView], 'value[0].buffer'],
};
for (const [name, [value, path]] of Object.entries(places)) {
  test(`${name}_has_a_path`.replaceAll(' ', '_'), (t) => {
    refused(t, value, path);
  });
}

const kinds = {
  symbol: [Symbol('s'), /is a symbol \(Symbol\(s\)\)/],
  'anonymous function': [[() => {}][0], /function \(anonymous\)/],
  class: [class Thing {}, /function \(Thing\)/],
  WeakMap: [new WeakMap(), /is a WeakMap/],
  WeakSet: [new WeakSet(), /WeakSet/],
  WeakRef: [new WeakRef({}), /WeakRef/],
  Promise: [Promise.resolve(), /is a Promise/],
  generator: [(function* g() {})(), /Generator/],
  'Map iterator': [new Map().keys(), /Map Iterator/],
  'boxed symbol': [{ x: 1, y: Object(Symbol('s')) }.y, /symbol/, 'value.valueOf()'],
  'SharedArrayBuffer of nobody': [new SharedArrayBuffer(8), /SharedArrayBuffer that does not belong to multiproc/],
  'detached ArrayBuffer': [buffer, /detached/],
  Intl: [new Intl.NumberFormat(), /Intl\.NumberFormat/],
  MessagePort: [new MessageChannel().port1, /MessagePort/],
  AbortSignal: [AbortSignal.abort(), /is an AbortSignal/],
  Event: [new Event('x'), /is an Event/],
  TextDecoder: [new TextDecoder(), /is a TextDecoder/],
  Blob: [new Blob(['x']), /is a Blob/],
  BlockList: [new BlockList(), /is an object of the class BlockList/],
  KeyObject: [createSecretKey(Buffer.alloc(8)), /KeyObject/],
  'WebAssembly module': [new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)), /WebAssembly\.Module/],
  'Proxy of a Map': [new Proxy(new Map([[1, 2]]), {}), /is a Proxy of a Map/],
  'Proxy of a typed array': [new Proxy(new Uint8Array(2), {}), /is a Proxy of a TypedArray/],
  'Proxy of a function': [new Proxy(() => {}, {}), /function/],
  'Promise without a prototype': [Object.setPrototypeOf(Promise.resolve(), null), /is a Promise/],
  'WeakMap without a prototype': [Object.setPrototypeOf(new WeakMap(), null), /is a WeakMap/],
};
for (const [name, [value, message, inside = 'value']] of Object.entries(kinds)) {
  test(`${name}_cannot_travel`.replaceAll(' ', '_'), (t) => {
    refused(t, value, inside, message);
    refused(t, [{ value }], inside.replace('value', 'value[0].value'), message);
  });
}

test('a_class_of_the_users_is_not_refused_for_the_name_it_shows', (t) => {
  class Response {
    status = 200;
    get [Symbol.toStringTag]() {
      return 'Response';
    }
  }
  t.deepEqual(decode(encode(new Response())), { status: 200 });
});

test('a_getter_that_throws_is_named_and_its_error_is_the_cause', (t) => {
  const cause = new TypeError('not today');
  const error = refused(
    t,
    [
      {
        get a() {
          throw cause;
        },
      },
    ],
    'value[0].a',
    /could not be read: TypeError: not today/,
  );
  t.is(error.cause, cause);
});

test('a_proxy_that_throws_is_refused', (t) => {
  refused(
    t,
    {
      p: new Proxy(
        {},
        {
          ownKeys() {
            throw new Error('no keys');
          },
        },
      ),
    },
    'value.p',
    /no keys/,
  );
  const revocable = Proxy.revocable({}, {});
  revocable.revoke();
  refused(t, { p: revocable.proxy }, 'value.p');
});

test('encode_on_a_nearly_full_stack_gives_the_error_of_the_codec', (t) => {
  let value = 1;
  for (let i = 0; i < 900; i++) value = { n: value };
  const codes = new Set();
  const fill = () => {
    try {
      fill();
    } catch {
      // The stack just ran out below; here there is a little.
    }
    try {
      encode(value);
    } catch (error) {
      codes.add(error.code ?? error.message);
    }
  };
  fill();
  codes.delete('Maximum call stack size exceeded'); // no room for encode() to start at all
  t.deepEqual([...codes], ['ERR_MULTIPROC_SERIALIZE']);
  t.deepEqual(decode(encode([1])), [1]);
});

test('an_encode_inside_a_getter_does_not_disturb_the_outer_one', (t) => {
  const value = {
    a: 1,
    get b() {
      return Buffer.from(encode({ a: 5, b: [1] })).length > 0;
    },
    c: { a: 1, b: 2 },
    d: { a: 3, b: 4 },
  };
  t.deepEqual(decode(encode(value)), { a: 1, b: true, c: { a: 1, b: 2 }, d: { a: 3, b: 4 } });
});
