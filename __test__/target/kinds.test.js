'use strict';
// Functions that stand alone: every kind of function arrives and works.

const test = require('ava');
const path = require('node:path');
const { describeTarget } = require('../../lib/target');
const { runInChild } = require('../fixtures/target/run_in_child');

// biome-ignore lint/complexity/noStaticOnlyClass: static methods are the case
class Shapes {
  static area({ width, height = 2 }) {
    return width * height;
  }
  static async later(x) {
    return x + 1;
  }
  static #hidden(x) {
    return x * 10;
  }
  static get hidden() {
    return Shapes.#hidden;
  }
}

const KINDS = [
  [
    'a declaration',
    function plain(a, b = a) {
      return a + b;
    },
    [1],
    2,
  ],
  [
    'an anonymous function',
    (() =>
      function (x) {
        return [x, typeof this];
      })(),
    [1],
    [1, 'undefined'],
  ],
  [
    'an async function',
    async function later(x) {
      return x;
    },
    [1],
    1,
  ],
  [
    'a generator',
    function* count(n) {
      for (let i = 0; i < n; i++) yield i;
    },
    [3],
    [0, 1, 2],
  ],
  [
    'an async generator',
    async function* count(n) {
      for (let i = 0; i < n; i++) yield i;
    },
    [2],
    [0, 1],
  ],
  ['an arrow', (x) => x * 2, [4], 8],
  ['an arrow to an object', (x) => ({ x }), [1], { x: 1 }],
  ['an async arrow', async ({ x: [y = 5] }, ...rest) => [y, ...rest], [{ x: [] }, 1], [5, 1]],
  [
    'a method',
    {
      f(x) {
        return x;
      },
    }.f,
    [1],
    1,
  ],
  [
    'an async method',
    {
      async f(x) {
        return x;
      },
    }.f,
    [1],
    1,
  ],
  [
    'a generator method',
    {
      *f(x) {
        yield x;
      },
    }.f,
    [1],
    [1],
  ],
  [
    'a method with a computed name',
    {
      [`a ${1 + 1}`](x) {
        return x;
      },
    }['a 2'],
    [1],
    1,
  ],
  [
    'a method whose name is a keyword',
    {
      if(x) {
        return x;
      },
    }.if,
    [1],
    1,
  ],
  [
    'a method named async',
    {
      async(x) {
        return x;
      },
    }.async,
    [1],
    1,
  ],
  [
    'a getter',
    Object.getOwnPropertyDescriptor(
      {
        get f() {
          return 1;
        },
      },
      'f',
    ).get,
    [],
    1,
  ],
  ['a static method', Shapes.area, [{ width: 3 }], 6],
  ['a static async method', Shapes.later, [1], 2],
  ['a private method', Shapes.hidden, [2], 20],
  [
    'a recursive function',
    function fact(n) {
      return n < 2 ? 1 : n * fact(n - 1);
    },
    [5],
    120,
  ],
  ['a function that requires', () => require('./tasks.cjs').triple(2), [], 6],
  ['a function that imports', async () => (await import('./plain.mjs')).default(1), [], ['default', 1]],
  [
    'a function that asks where it is',
    () => [
      require('node:path').basename(__filename),
      require('node:path').basename(__dirname),
      typeof module,
      typeof exports,
    ],
    [],
    ['caller.js', 'target', 'object', 'object'],
  ],
];

const FIXTURES = path.join(__dirname, '..', 'fixtures', 'target');

for (const [kind, target, args, expected] of KINDS) {
  test(`${kind} runs in another process`, async (t) => {
    const description = describeTarget(target, { callerFile: path.join(FIXTURES, 'caller.js') });
    const result = await runInChild(JSON.parse(JSON.stringify(description)), args);
    t.like(result, { value: expected, name: target.name, cached: true, acorn: false });
    t.is(result.error, undefined);
  });
}
