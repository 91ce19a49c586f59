'use strict';
// What a Process and a pool's worker begin with: the first message in their channel says who they are.

const native = require('../binding');
const role = require('../process/role');
const { unpack } = require('../travel');
const { attach } = require('./attach');
const { keepQuiet } = require('./quiet_streams');

/** @returns {{ channel: import('../channel/channel').Channel, message: object, others: Array<[number, Buffer]> }} `others`: what lies behind the first message */
function takeFirstMessage() {
  const { channel } = attach();
  const [[, content], ...others] = channel.receiveNow();
  const message = unpack(content);
  const { name, note } = message;
  role.isMain = false;
  role.name = name;
  process.title = name;
  native.setAgentName(name);
  native.noteHeapLimit(...note);
  process.argv.splice(1, 1);
  keepQuiet();
  return { channel, message, others };
}

module.exports = { takeFirstMessage };
