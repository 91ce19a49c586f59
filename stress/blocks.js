'use strict';
// What blocks of shared memory are in use: read from the directory of the domain, for a report on what was left. The
// layout is that of src/memory/layout.rs and directory.rs.

const fs = require('node:fs');
const native = require('../lib/binding');

const ENTRY_COUNT_AT = 128;
const DIRECTORY_AT = 2 << 20;
const ENTRY_BYTES = 128;
const HOLDERS_AT = 64;
const SLOTS = 512;
/** More are not looked at. */
const ENTRIES_MAX = 65_536;
const KINDS = [
  'free',
  'Buffer',
  'Lock',
  'Semaphore',
  'Barrier',
  'Channel',
  'Segment',
  'Payload',
  'TaskQueue',
  'RLock',
  'BoundedSemaphore',
  'Condition',
  'Event',
  'RwLock',
  'Latch',
  'Once',
];
const STATES = ['free', 'live', 'dying', 'reserved'];

/** @returns {Array<{ references: number, holders: number[], text: string }>} those that are in use */
function blocksInUse() {
  const { descriptor } = native.domainInfo();
  const read = (length, position) => {
    const bytes = Buffer.alloc(length);
    fs.readSync(descriptor, bytes, 0, length, position);
    return bytes;
  };
  const count = Math.min(read(4, ENTRY_COUNT_AT).readUInt32LE(0), ENTRIES_MAX);
  const directory = read(count * ENTRY_BYTES, DIRECTORY_AT);
  const entries = Array.from({ length: count }, (_, index) =>
    directory.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES),
  );
  return entries.map(describe).filter((block) => block !== undefined);
}

function describe(entry, index) {
  const state = entry.readUInt32LE(0);
  if ((state & 0xff) === 0) return undefined;
  const holders = [];
  for (let slot = 0; slot < SLOTS; slot += 1) {
    if (entry[HOLDERS_AT + (slot >> 3)] & (1 << (slot & 7))) holders.push(slot);
  }
  const [length, references, keeper] = [24, 40, 60].map((offset) => entry.readUInt32LE(offset));
  const what = `${STATES[state & 0xff]} ${KINDS[state >> 8]} of ${length} bytes`;
  const who = `held by the processes in slots ${holders.join(', ') || 'none'}`;
  const text = `block ${index}: ${what}, ${who}, ${references} references on their way, keeper ${keeper}`;
  return { references, holders, text };
}

module.exports = { blocksInUse };
