'use strict';
// Objects of multiproc, of Node.js and of the web; see scripts/values_table.js.

const { createSecretKey, webcrypto } = require('node:crypto');
const { BlockList, SocketAddress } = require('node:net');
const { createHistogram } = require('node:perf_hooks');
const multiproc = require('../..');
const { equal, ofClass, reading, nothing } = require('./kept');

const varies = (compared) => ({ varies: ['lost without a word, or refused', compared] });
const deep = (object) => [{ map: new Map([['key', object]]) }];
const inside = (value) => value[0].map.get('key');

/** The same object, which the receiver uses as its own. */
const ours = (name, make) => ({
  name: `\`${name}\`, at any depth`,
  make: () => deep(make()),
  keeps: { it: (found, original) => ofClass(inside(found), inside(original)) },
});

let cryptoKey;
/** What has to be awaited before the rows can be asked. */
async function prepare() {
  cryptoKey = await webcrypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt']);
}

function port() {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}

module.exports = [
  ours('Lock', () => new multiproc.Lock()),
  ours('RLock', () => new multiproc.RLock()),
  ours('RwLock', () => new multiproc.RwLock()),
  ours('Semaphore', () => new multiproc.Semaphore(2)),
  ours('BoundedSemaphore', () => new multiproc.BoundedSemaphore(2)),
  ours('Barrier', () => new multiproc.Barrier(2)),
  ours('Condition', () => new multiproc.Condition(new multiproc.Lock())),
  ours('Monitor', () => new multiproc.Monitor()),
  ours('Event', () => new multiproc.Event()),
  ours('Latch', () => new multiproc.Latch(2)),
  ours('Once', () => new multiproc.Once()),
  {
    name: '`URL`',
    make: () => new URL('https://a.example/?q=1'),
    keeps: { it: reading('href'), 'the class': ofClass },
    ...varies('carried by multiproc'),
  },
  {
    name: '`URLSearchParams`',
    make: () => new URLSearchParams('a=1&a=2'),
    keeps: { it: (found, original) => String(found) === String(original), 'the class': ofClass },
    ...varies('carried by multiproc'),
  },
  { name: '`Blob`', make: () => new Blob(['x']), keeps: { it: (found) => found.size === 1 } },
  nothing('`File`', () => new File(['x'], 'name'), { varies: ['arrives, or as a `Blob`', 'refused by multiproc'] }),
  ...[
    ['FormData', () => new FormData()],
    ['Headers', () => new Headers({ a: 'b' })],
    ['Request', () => new Request('http://a.example')],
    ['Response', () => new Response('x')],
    ['ReadableStream', () => new ReadableStream()],
    ['AbortSignal', () => AbortSignal.abort()],
    ['AbortController', () => new AbortController()],
    ['Event` of the web', () => new Event('x')],
    ['TextDecoder', () => new TextDecoder()],
    ['CompressionStream', () => new CompressionStream('gzip')],
  ].map(([name, make]) => nothing(`\`${name}\``, make, varies('refused'))),
  nothing('`MessagePort`', port),
  {
    name: '`CryptoKey`',
    make: () => cryptoKey,
    keeps: { it: (found, original) => equal(found.algorithm, original.algorithm) },
  },
  {
    name: '`KeyObject`',
    make: () => createSecretKey(Buffer.alloc(8)),
    keeps: { it: (found) => found.symmetricKeySize === 8 },
  },
  { name: '`net.BlockList`', make: () => new BlockList(), keeps: { it: reading('rules') } },
  { name: '`net.SocketAddress`', make: () => new SocketAddress(), keeps: { it: reading('address') } },
  { name: 'histogram of `perf_hooks`', make: () => createHistogram(), keeps: { it: (found) => found.count === 0 } },
  {
    name: '`WebAssembly.Module`',
    make: () => new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)),
    keeps: { it: (found) => found instanceof WebAssembly.Module },
  },
  nothing('`WebAssembly.Memory`', () => new WebAssembly.Memory({ initial: 1 })),
];
module.exports.prepare = prepare;
