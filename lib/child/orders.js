'use strict';
// What the parent of a Process tells it while it runs: to stop, and that a SIGINT is meant.
//
// A terminal sends Ctrl-C to parent and children alike, and what is to become of it is the parent's to decide: the child
// ignores a SIGINT that the parent has not announced. Listeners of the program's own are called in any case.

const role = require('../process/role');
const { unpack } = require('../travel');

let isInterruptAnnounced = false;

/** @param {import('../channel/channel').Channel} channel @param {Array<[number, Buffer]>} first what came with the start */
function obey(channel, first) {
  // A program waits for none of this: it is no reason to live, and ends no wait of its own.
  channel.setInternal();
  for (const [, content] of first) receive(content);
  channel.listen(
    (_type, content) => receive(content),
    () => {},
    false,
  );
  process.on('SIGINT', function ignore() {
    // The announcement was sent before the signal.
    channel.flush();
    if (!isInterruptAnnounced) return;
    isInterruptAnnounced = false;
    if (process.listenerCount('SIGINT') > 1) return;
    // Nobody listens but us: what the signal does by default.
    process.off('SIGINT', ignore);
    process.kill(process.pid, 'SIGINT');
  });
}

function receive(content) {
  const order = unpack(content);
  if (order.interrupt) isInterruptAnnounced = true;
  if (Object.hasOwn(order, 'stop')) {
    role.stop ??= new AbortController();
    role.stop.abort(order.stop);
  }
}

module.exports = { obey };
