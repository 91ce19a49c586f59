'use strict';
// What is measured: one entry a row of the table. `lower` tells whether less is better. A contender NAME of row ROW is
// the file contenders/ROW/NAME.js; its function resolves to one figure in the row's unit. Ratios are taken to `multiproc`.

const MESSAGING = ['multiproc', 'child_process_json', 'child_process_advanced', 'worker_threads', 'python_pipe'];
const POOLS = ['multiproc', 'piscina', 'tinypool', 'tinypool_process', 'workerpool', 'workerpool_process', 'python'];

module.exports = [
  {
    name: 'start',
    title: 'Start a process that runs a function, until its result is there',
    unit: 'ms',
    lower: true,
    contenders: [
      'multiproc',
      'multiproc_forkserver',
      'child_process_fork',
      'worker_threads',
      'python_fork',
      'python_spawn',
    ],
  },
  {
    name: 'fork_start',
    title: 'Start a program with fork(), until its first message is there',
    unit: 'ms',
    lower: true,
    contenders: ['multiproc', 'multiproc_forkserver', 'child_process'],
  },
  {
    name: 'spawn_call',
    title: 'How long a call of spawn() blocks the event loop',
    unit: 'ms',
    lower: true,
    contenders: ['multiproc', 'child_process'],
  },
  {
    name: 'spawn_call_2gib',
    title: 'The same in a process with 2 GiB of touched memory',
    unit: 'ms',
    lower: true,
    contenders: ['multiproc', 'child_process'],
  },
  {
    name: 'spawn_exit',
    title: 'A small program from spawn() to its exit',
    unit: 'ms',
    lower: true,
    contenders: ['multiproc', 'child_process'],
  },
  {
    name: 'spawn_sync',
    title: 'A small program by spawnSync()',
    unit: 'ms',
    lower: true,
    contenders: ['multiproc', 'child_process'],
  },
  {
    name: 'round_trip',
    title: 'Round trip of a small object, event loop to event loop',
    unit: 'µs',
    lower: true,
    contenders: [
      MESSAGING[0],
      'multiproc_advanced',
      'multiproc_no_spin',
      'multiproc_pipe',
      'multiproc_pipe_sync',
      ...MESSAGING.slice(1),
    ],
  },
  {
    name: 'one_way',
    title: 'Small objects in one direction',
    unit: 'messages/s',
    lower: false,
    contenders: [MESSAGING[0], 'multiproc_advanced', 'multiproc_queue', ...MESSAGING.slice(1), 'python_queue'],
  },
  {
    name: 'buffer_1mib',
    title: 'A Buffer of 1 MiB there and back',
    unit: 'µs',
    lower: true,
    contenders: ['multiproc', 'child_process_advanced', 'worker_threads', 'worker_threads_transfer', 'python_pipe'],
  },
  {
    name: 'buffer_64mib',
    title: 'A Buffer of 64 MiB there and back',
    unit: 'µs',
    lower: true,
    contenders: ['multiproc', 'child_process_advanced', 'worker_threads'],
  },
  {
    name: 'shared_view',
    title: 'A view of 64 MiB of shared memory there and back',
    unit: 'µs',
    lower: true,
    contenders: ['multiproc', 'multiproc_64_bytes', 'worker_threads'],
  },
  {
    name: 'lock_pair',
    title: 'Acquire and release a free lock',
    unit: 'ns',
    lower: true,
    contenders: ['multiproc', 'multiproc_await', 'python', 'c_robust_mutex'],
  },
  {
    name: 'lock_contended',
    title: 'A lock that two processes want all the time, each to add 1 to a shared number',
    unit: 'pairs/s',
    lower: false,
    contenders: ['multiproc', 'python', 'c_robust_mutex'],
  },
  {
    name: 'pool_one',
    title: 'Pool of 2 workers: one tiny task at a time',
    unit: 'µs',
    lower: true,
    contenders: POOLS,
  },
  {
    name: 'pool_20000',
    title: 'Pool of 2 workers: 20,000 tiny tasks at once',
    unit: 'tasks/s',
    lower: false,
    contenders: ['multiproc', 'multiproc_map', ...POOLS.slice(1), 'python_map'],
  },
];
