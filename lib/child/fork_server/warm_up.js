'use strict';
// Does once, before the fork, what every newborn does at its beginning: V8 compiles a function when it is first called.
// warmUp() touches nothing of the domain.

const { Channel } = require('../../channel/channel');
const { loadTargetSync } = require('../../target/load');
const { pack, unpack } = require('../../travel');
const { portableError } = require('../portable_error');

/** Has the shapes of the messages between a Process, a pool and their parents. */
const SAMPLE = {
  name: 'warm-up',
  daemon: false,
  note: [1, 2],
  queue: [1, 2],
  index: 0,
  args: [1, 2.5, 'text', true, null, undefined, [1, 2], { key: 'value' }, new Date(0), new Map([[1, 2]]), new Set([1])],
  bytes: Buffer.alloc(64),
};

let count = 0;

function warmUp() {
  count += 1;
  const target = {
    form: 'source',
    // Another each time: one that is known is not compiled.
    key: `multiproc.warm-up.${count}`,
    name: 'warm',
    source: '() => 1',
    file: __filename,
    line: 1,
    strict: true,
    scopeNames: [],
  };
  for (const message of [{ ...SAMPLE, target }, { value: 1 }, { error: new Error('warm-up') }]) {
    unpack(Buffer.from(pack(message, 'message')));
  }
  portableError(new Error('warm-up'));
  // Any that does nothing by default.
  process.on('SIGCONT', warmUp).off('SIGCONT', warmUp);
  JSON.parse(JSON.stringify(SAMPLE.args.slice(0, 3)));
  loadTargetSync(target)();
}

/** The same of what happens in the domain: a channel, from both ends. */
function warmUpInDomain() {
  warmUp();
  const { channel, address } = Channel.create();
  const other = Channel.open(address);
  channel.sendValue(SAMPLE, 'message', '.args');
  for (const [, content] of other.receiveNow()) unpack(content);
  other.setInternal();
  other.listen(
    () => {},
    () => {},
    false,
  );
  other.flush();
  other.sendValue({ value: 1 }, 'result', '.value');
  other.close();
  channel.discardUndelivered();
  channel.close();
}

module.exports = { warmUp, warmUpInDomain };
