'use strict';
// The first thing in a started process: joins the family, opens its channel, and ties its life to its parent's.

const native = require('../binding');
const runtime = require('../runtime');
const { Channel } = require('../channel/channel');
const role = require('../process/role');
const { take } = require('./environment');

/** @returns {{ channel: Channel, serialization: string, carrier: number, note?: number[] } | null} null: this process was not started by multiproc */
function attach() {
  const { address, serialization, carrier, note, parent } = take();
  if (address === undefined) return null;
  runtime.open();
  role.parent = parent;
  if (parent !== null && parent.grace !== null) {
    native.endWithParent(parent.pid, parent.startTime, parent.grace, parent.terminates);
    // The watcher does it from here on, with a grace that the system's own signal does not give.
    if (parent.grace > 0) native.wakeAtParentDeath();
  }
  return { channel: Channel.open(address), serialization, carrier, note };
}

module.exports = { attach };
