'use strict';
// How a started process learns what it was started for: variables that its starter sets, and that it takes away at once,
// so that nothing it starts in turn inherits them. Used by both sides.

const CHANNEL = 'MULTIPROC_CHANNEL';
const PARENT = 'MULTIPROC_PARENT';
const SERIALIZATION = 'MULTIPROC_SERIALIZATION';
const CARRIER = 'MULTIPROC_CARRIER';

/** @returns {Record<string, string>} */
function forChild({ address, pid, startTime, grace, serialization, carrier }) {
  return {
    [CHANNEL]: address,
    ...(grace === undefined ? {} : { [PARENT]: `${pid}:${startTime}:${grace}` }),
    ...(serialization === undefined ? {} : { [SERIALIZATION]: serialization }),
    ...(carrier === undefined ? {} : { [CARRIER]: String(carrier) }),
  };
}

/** In the child: reads the variables and removes them. */
function take() {
  const address = process.env[CHANNEL];
  const parent = process.env[PARENT];
  const serialization = process.env[SERIALIZATION] ?? 'json';
  const carrier = process.env[CARRIER];
  for (const name of [CHANNEL, PARENT, SERIALIZATION, CARRIER]) delete process.env[name];
  const [pid, startTime, grace] = (parent ?? '').split(':').map(Number);
  return {
    address,
    serialization,
    carrier: carrier === undefined ? -1 : Number(carrier),
    parent: parent === undefined ? null : { pid, startTime, grace },
  };
}

module.exports = { forChild, take };
