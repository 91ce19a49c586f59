'use strict';
// How a started process learns what it was started for: variables that its starter sets, and that it takes away at once,
// so that nothing it starts in turn inherits them. Used by both sides.

const CHANNEL = 'MULTIPROC_CHANNEL';
const PARENT = 'MULTIPROC_PARENT';
const SERIALIZATION = 'MULTIPROC_SERIALIZATION';
const CARRIER = 'MULTIPROC_CARRIER';
const NOTE = 'MULTIPROC_NOTE';
/** The child is meant to outlive those above it; src/process/tree.rs has the same. */
const SPARED = 'MULTIPROC_SPARED';
const OUTLIVES = 'outlives';
/** Behind the grace: SIGTERM says that it has begun. */
const TERMINATES = 't';

/**
 * @param {{ address: string, parent: { pid: number, startTime: number, name: string }, grace?: number, terminates?: boolean, serialization?: string, carrier?: number, note?: number[] }} what
 *   `grace`: milliseconds between the parent's end and the child's; without it the child outlives its parent.
 *   `terminates`: SIGTERM comes when they begin. `note`: where the child notes that its heap is full
 * @returns {Record<string, string>}
 */
function forChild({ address, parent, grace, terminates = false, serialization, carrier, note }) {
  const ending = grace === undefined ? OUTLIVES : `${grace}${terminates ? TERMINATES : ''}`;
  return {
    [CHANNEL]: address,
    [PARENT]: `${parent.pid}:${parent.startTime}:${ending}:${parent.name}`,
    ...(grace === undefined ? { [SPARED]: '1' } : {}),
    ...(serialization === undefined ? {} : { [SERIALIZATION]: serialization }),
    ...(carrier === undefined ? {} : { [CARRIER]: String(carrier) }),
    ...(note === undefined ? {} : { [NOTE]: note.join(':') }),
  };
}

/** In the child: reads the variables and removes them. */
function take() {
  const address = process.env[CHANNEL];
  const parent = process.env[PARENT];
  const serialization = process.env[SERIALIZATION] ?? 'json';
  const carrier = process.env[CARRIER];
  const note = process.env[NOTE];
  for (const name of [CHANNEL, PARENT, SERIALIZATION, SPARED, CARRIER, NOTE]) delete process.env[name];
  return {
    address,
    serialization,
    carrier: carrier === undefined ? -1 : Number(carrier),
    note: note?.split(':').map(Number),
    parent: parent === undefined ? null : parsed(parent),
  };
}

function parsed(parent) {
  // The name stands last, and may hold colons.
  const [pid, startTime, grace, ...name] = parent.split(':');
  return {
    pid: Number(pid),
    startTime: Number(startTime),
    grace: grace === OUTLIVES ? null : Number.parseInt(grace, 10),
    terminates: grace.endsWith(TERMINATES),
    name: name.join(':'),
  };
}

module.exports = { CARRIER, forChild, take };
