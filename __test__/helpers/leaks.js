'use strict';
// Fails a test file that leaves something behind: a process (a zombie is one), an open descriptor of the test process,
// or a file in /dev/shm. What was there before the file's first test is not held against it.
//
//   const test = require('ava');
//   require('../helpers/leaks').guard(test);
//
// Processes are found in two ways: as descendants of the test process, and by a mark in the environment, which finds
// those whose parent has ended. Ends are not instantaneous, so a difference counts only if it lasts for `patience`.
// Whatever is left is killed, by id, so that one leak does not fail the files after it.

const fs = require('node:fs');
const { setTimeout: delay } = require('node:timers/promises');
const { endForkServer } = require('./start_method.js');
const { descendants, identity, marked, processEntry, processTable } = require('./processes.js');

const MARK = 'MULTIPROC_TEST_FILE';

// What Node.js and the test runner open when they first need it, in their own time. Not the test's.
const IGNORED_DESCRIPTORS = [/^anon_inode:\[(eventpoll|io_uring)\]$/, /^\/dev\/(urandom|null)$/, /^\/proc\//];

function ownProcesses(mark) {
  const table = processTable();
  const found = new Map();
  for (const entry of [...descendants(process.pid, table), ...marked(MARK, mark, table)]) {
    if (entry.pid !== process.pid) found.set(identity(entry), entry);
  }
  return found;
}

/** @returns {Map<string, string>} descriptor number and target → a text; the descriptor that reads the list is not in it */
function openDescriptors() {
  const found = new Map();
  for (const number of fs.readdirSync('/proc/self/fd')) {
    let target;
    try {
      target = fs.readlinkSync(`/proc/self/fd/${number}`);
    } catch {
      continue;
    }
    if (IGNORED_DESCRIPTORS.some((pattern) => pattern.test(target))) continue;
    found.set(`${number} → ${target}`, `descriptor ${number}: ${target}`);
  }
  return found;
}

function sharedMemoryFiles() {
  const names = fs.existsSync('/dev/shm') ? fs.readdirSync('/dev/shm') : [];
  return new Map(names.map((name) => [name, `/dev/shm/${name}`]));
}

/** @param {string} mark the value of MARK that children of this process inherit */
function snapshot(mark) {
  return { processes: ownProcesses(mark), descriptors: openDescriptors(), files: sharedMemoryFiles() };
}

/**
 * What is there now and was not there before, after waiting up to `patience` milliseconds for it to go.
 * @returns {Promise<{ processes: import('./processes.js').ProcessEntry[], descriptors: string[], files: string[] }>}
 */
async function newSince(before, mark, { patience = 2000, ignoreFiles = false } = {}) {
  const deadline = Date.now() + patience;
  for (;;) {
    const now = snapshot(mark);
    const added = {
      processes: difference(before.processes, now.processes),
      descriptors: difference(before.descriptors, now.descriptors),
      files: ignoreFiles ? [] : difference(before.files, now.files),
    };
    const count = added.processes.length + added.descriptors.length + added.files.length;
    if (count === 0 || Date.now() >= deadline) return added;
    await delay(20);
  }
}

function difference(before, now) {
  return [...now].filter(([key]) => !before.has(key)).map(([, value]) => value);
}

/** Kills processes that were left, each only if it still is the one that was seen. */
function end(entries) {
  for (const entry of entries) {
    const current = processEntry(entry.pid);
    if (current === null || current.startTime !== entry.startTime || current.state === 'Z') continue;
    try {
      process.kill(entry.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

function report({ processes, descriptors, files }) {
  return [
    ...processes.map(
      ({ pid, state, parent, command }) => `process ${pid} (state ${state}, parent ${parent}): ${command}`,
    ),
    ...descriptors,
    ...files,
  ];
}

/**
 * Installs hooks around the tests of one ava file.
 *
 * The package opens a few descriptors once, on first use, and keeps them until the process ends: the domain's memory
 * file, its doorbell. `warmUp`, run before the first look, is the place to cause that; `ownDescriptors` are patterns of
 * targets that may be open any number of times.
 * @param {import('ava').TestFn} test
 * @param {{ warmUp?: () => unknown, patience?: number, ownDescriptors?: RegExp[], ignoreFiles?: boolean }} [options]
 */
function guard(test, { warmUp, patience = 2000, ownDescriptors = [], ignoreFiles = false } = {}) {
  const mark = `${process.pid}-${process.hrtime.bigint()}`;
  process.env[MARK] = mark;
  let before;
  test.before('what is there before the tests', async () => {
    await warmUp?.();
    before = snapshot(mark);
  });
  test.after.always('no process, descriptor or shared memory file is left', async (t) => {
    if (before === undefined) return;
    endForkServer();
    const added = await newSince(before, mark, { patience, ignoreFiles });
    end(added.processes);
    added.descriptors = added.descriptors.filter(
      (text) => !ownDescriptors.some((pattern) => pattern.test(text.slice(text.indexOf(': ') + 2))),
    );
    t.deepEqual(report(added), [], 'left behind by the tests of this file');
  });
}

module.exports = { guard, snapshot, newSince, end, report, MARK };
