// What must not compile with the objects that one waits for. Compiled, never run: each line below its comment has to be
// an error.

import {
  acquireAll,
  acquireAllSync,
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  Latch,
  type Lock,
  Monitor,
  Once,
  type RLock,
  type RwLock,
} from 'multiproc';

declare const lock: Lock;
declare const rlock: RLock;
declare const rwLock: RwLock;
declare const condition: Condition;

export async function wrong(): Promise<void> {
  // @ts-expect-error the blocking form takes milliseconds
  rlock.acquireSync({ timeout: 5 });
  // @ts-expect-error the promise form takes options
  await rlock.acquire(5);
  // @ts-expect-error in time or `false`
  const inTime: number = await rlock.run(() => 1, { timeout: 5 });
  // @ts-expect-error the count is read-only
  rlock.count = 0;
  // @ts-expect-error a Lock has no count
  lock.count;
  // @ts-expect-error permits are counted in numbers
  new BoundedSemaphore('1');
  // @ts-expect-error one at a time
  new BoundedSemaphore(2).release(2);
  // @ts-expect-error to read or to write
  rwLock.acquire();
  // @ts-expect-error in time or `false`
  const read: string = rwLock.readSync(() => 'x', 5);
  // @ts-expect-error a condition needs a lock that it can give up and take back
  new Condition(rwLock);
  // @ts-expect-error the name is an option
  new Condition('name');
  // @ts-expect-error the lock cannot be exchanged
  condition.lock = rlock;
  // @ts-expect-error a predicate is called
  await condition.waitFor(true);
  // @ts-expect-error the last value may be falsy
  const found: string = await condition.waitFor(() => [''].at(0));
  // @ts-expect-error a monitor is entered by run() alone
  new Monitor().acquire();
  // @ts-expect-error a property
  new Event().isSet();
  // @ts-expect-error a count must be given
  new Latch();
  // @ts-expect-error it only goes down
  new Latch(1).countUp();
  // @ts-expect-error something to run
  await new Once().run();
  // @ts-expect-error whether it ran, not what it returned
  const ran: number = await new Once().run(() => 5);
  // @ts-expect-error an action has no parameters
  new Barrier(2, { action: (index: number) => index });
  // @ts-expect-error a list
  await acquireAll(lock);
  // @ts-expect-error an event is not acquired
  acquireAllSync([lock, new Event()]);
  // @ts-expect-error in time or `false`
  acquireAllSync([lock, rlock], 5).release();
  void [inTime, read, found, ran];
}
