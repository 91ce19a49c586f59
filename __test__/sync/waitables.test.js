'use strict';
// What all that one waits for does alike: time limits, aborts, arguments, close, names, handles, and a killed waiter.

const test = require('ava');
const multiproc = require('../..');
const native = require('../../lib/binding');
const { BOUND, asleep, delay, kill, milliseconds, posted, ready, warmUp } = require('../fixtures/sync/family');
const { WAITABLES, waitsInThread } = require('../fixtures/sync/waitables');
const { guard } = require('../helpers/leaks');

const { Process, SharedArray } = multiproc;
const THERE = { module: require.resolve('../fixtures/sync/waitables.js'), export: 'waitsThere' };
const CLOSED = { name: 'MultiprocError', code: 'ERR_MULTIPROC_CLOSED' };
const TYPE = { instanceOf: TypeError, code: 'ERR_INVALID_ARG_TYPE' };
const RANGE = { instanceOf: RangeError, code: 'ERR_OUT_OF_RANGE' };

guard(test, { warmUp });

for (const [label, { kind, make, block, wait, waitSync, give }] of Object.entries(WAITABLES)) {
  test.serial(`${label}: a wait is never over before its time, and has taken nothing then`, async (t) => {
    const object = make();
    const unblock = block(object);
    for (const waits of [() => waitSync(object, 60), () => wait(object, { timeout: 60 })]) {
      const begun = milliseconds();
      t.false(await waits());
      t.true(milliseconds() - begun >= 59.9);
    }
    for (const timeout of [0, -1, 0.01]) {
      t.false(waitSync(object, timeout));
      t.false(await wait(object, { timeout }));
    }
    const pending = wait(object, { timeout: BOUND });
    await unblock();
    t.true(await pending);
    give(object);
  });

  test.serial(`${label}: an aborted wait rejects with the reason, and takes nothing from the next`, async (t) => {
    const object = make();
    const unblock = block(object);
    const controllers = [new AbortController(), new AbortController()];
    const aborted = controllers.map(({ signal }) => wait(object, { signal }));
    const next = wait(object, { timeout: BOUND });
    const reason = new Error('no longer wanted');
    await delay(1);
    for (const controller of controllers) controller.abort(reason);
    for (const promise of aborted) {
      const error = await t.throwsAsync(promise, { name: 'AbortError', code: 'ABORT_ERR' });
      t.is(error.cause, reason);
    }
    await unblock();
    t.true(await next);
    give(object);
    const early = await t.throwsAsync(wait(make(), { signal: AbortSignal.abort('why') }), { code: 'ABORT_ERR' });
    t.is(early.cause, 'why');
  });

  test.serial(`${label}: many waits on one signal add one listener`, async (t) => {
    const object = make();
    const unblock = block(object);
    const warnings = [];
    const note = (warning) => warnings.push(warning.name);
    process.on('warning', note);
    const controller = new AbortController();
    const waits = Array.from({ length: 30 }, () => wait(object, { signal: controller.signal }));
    await delay(1);
    controller.abort();
    for (const { status } of await Promise.allSettled(waits)) t.is(status, 'rejected');
    await delay(1);
    process.off('warning', note);
    t.deepEqual(warnings, []);
    await unblock();
  });

  test.serial(`${label}: arguments of the wrong kind throw with a code and take nothing`, async (t) => {
    const object = make();
    t.throws(() => waitSync(object, '1'), TYPE);
    t.throws(() => waitSync(object, { timeout: 1 }), TYPE);
    t.throws(() => waitSync(object, Number.NaN), RANGE);
    await t.throwsAsync(wait(object, { timeout: '1' }), TYPE);
    await t.throwsAsync(wait(object, { timeout: Number.NaN }), RANGE);
    await t.throwsAsync(wait(object, { signal: {} }), TYPE);
    await t.throwsAsync(wait(object, 5), TYPE);
    for (const name of [5, {}]) t.throws(() => make({ name }), TYPE);
    for (const name of ['', 'x'.repeat(201), 'a\0b']) t.throws(() => make({ name }), { code: 'ERR_INVALID_ARG_VALUE' });
    t.throws(() => make('name'), TYPE);
    const unblock = block(object);
    const pending = wait(object, { timeout: BOUND });
    await unblock();
    t.true(await pending);
  });

  test.serial(`${label}: close() ends its use, twice is fine, and a pending wait goes on`, async (t) => {
    const name = `closed ${label}`;
    const [one, other] = [make({ name }), make({ name })];
    const unblock = block(other);
    const pending = wait(one, { timeout: BOUND });
    await delay(1);
    one.close();
    one[Symbol.dispose]();
    t.throws(() => waitSync(one, 1), CLOSED);
    await t.throwsAsync(async () => wait(one), CLOSED);
    const sent = t.throws(() => new Process(() => {}, { args: [one] }).start(), { code: 'ERR_MULTIPROC_SERIALIZE' });
    t.is(sent.cause.code, 'ERR_MULTIPROC_CLOSED');
    await unblock();
    t.true(await pending);
    give(other);
    // What it had taken was given back: others get it.
    const unblockAgain = block(other);
    if (label !== 'Once') await unblockAgain();
  });

  test.serial(`${label}: a handle of another kind or generation is refused`, (t) => {
    const refused = { name: 'MultiprocError', code: 'ERR_MULTIPROC_HANDLE' };
    const [index, generation] = native.createObject(kind === 2 ? 3 : 2, 0).identity();
    t.throws(() => native.openObject(kind, index, generation), refused);
    t.throws(() => native.openObject(kind, index, generation + 1), refused);
    t.throws(() => native.openObject(kind, 4_294_967_295, 4_294_967_295), refused);
  });

  test.serial(`${label}: a name means one object, and one kind of it`, async (t) => {
    const name = `named ${label}`;
    const object = make({ name });
    t.is(object.name, name);
    const unblock = block(make({ name }));
    const pending = wait(object, { timeout: BOUND });
    await unblock();
    t.true(await pending);
    const Other = label === 'Event' ? multiproc.Latch : multiproc.Event;
    t.throws(() => (label === 'Event' ? new Other(1, { name }) : new Other({ name })), { code: 'ERR_MULTIPROC_NAME' });
    t.throws(() => new SharedArray('i32', 1, { name }), { code: 'ERR_MULTIPROC_NAME' });
  });

  test.serial(`${label}: processes and worker threads wait for it in both forms`, async (t) => {
    for (const form of ['wait', 'waitSync']) {
      const name = `there ${form} ${label}`;
      const object = make({ name });
      const unblock = block(object);
      const child = await ready(t, THERE, label, form, object);
      const worker = waitsInThread(label, form, name);
      t.teardown(() => worker.terminate());
      t.is(await posted(worker), 'begins');
      if (form === 'waitSync') await asleep(child.pid);
      const inThread = posted(worker);
      // One waiter at a time, or all at once: whoever is left is let go once more.
      const ended = [child.result, inThread];
      let open = ended.length;
      for (const promise of ended) {
        promise.then(
          () => {
            open -= 1;
          },
          () => {},
        );
      }
      await unblock();
      const deadline = milliseconds() + BOUND;
      while (open > 0 && milliseconds() < deadline) {
        await delay(5);
        if (label === 'Condition' || label === 'Monitor') await unblock();
      }
      const results = await Promise.all(ended);
      t.true(results.includes(true));
      // Of a Once, who comes second finds it done.
      if (label !== 'Once') t.deepEqual(results, [true, true]);
    }
  });

  test.serial(`${label}: waiter_killed_the_others_go_on`, async (t) => {
    for (const form of ['wait', 'waitSync']) {
      const object = make();
      const unblock = block(object);
      const [first, second] = [await ready(t, THERE, label, form, object), await ready(t, THERE, label, form, object)];
      await asleep(first.pid);
      await asleep(second.pid);
      await kill(first);
      await unblock();
      t.true(await second.result);
    }
  });
}
