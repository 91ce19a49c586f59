// What a TypeScript user may write with the objects that one waits for. Compiled, never run. `Same` pins the inferred types.

import {
  type Acquirable,
  acquireAll,
  acquireAllSync,
  type AgentInfo,
  Barrier,
  type BarrierOptions,
  BoundedSemaphore,
  Condition,
  Event,
  type Holding,
  Latch,
  Lock,
  Monitor,
  Once,
  Process,
  RLock,
  RwLock,
  Semaphore,
  SharedArray,
  type WaitOptions,
} from 'multiproc';

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
function same<A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void {}

export async function holding(options: WaitOptions): Promise<void> {
  const rlock = new RLock({ name: 'r' });
  const value = await rlock.run(() => rlock.run(async () => 5));
  same<typeof value, number>();
  const inTime = rlock.runSync(() => 'x', 10);
  same<typeof inTime, string | false>();
  const perhaps = await rlock.run(() => 5, options);
  same<typeof perhaps, number | false>();
  if ((await rlock.acquire(options)) || rlock.acquireSync(5) || rlock.tryAcquire()) rlock.release();
  const depth: [number, boolean, AgentInfo | null] = [rlock.count, rlock.locked, rlock.owner ?? rlock.abandonedBy];

  const bounded = new BoundedSemaphore(4, { name: 'b' });
  const permitted = await bounded.run(() => 1, { timeout: 5 });
  same<typeof permitted, number | false>();
  bounded.release();
  const permits: number = bounded.value + bounded.bound + new BoundedSemaphore().value;

  const rwLock = new RwLock();
  const read = await rwLock.read(async () => 'x');
  same<typeof read, string>();
  const written = rwLock.writeSync(() => 1, 10);
  same<typeof written, number | false>();
  if ((await rwLock.acquireRead()) && rwLock.acquireReadSync() && rwLock.tryAcquireRead()) rwLock.releaseRead();
  if ((await rwLock.acquireWrite(options)) && rwLock.tryAcquireWrite()) rwLock.downgrade();
  const readers: [number, AgentInfo | null] = [rwLock.readers, rwLock.writer];

  const list: readonly Acquirable[] = [new Lock(), rlock, new Semaphore(), bounded, rwLock];
  const all = await acquireAll(list);
  same<typeof all, Holding>();
  const allInTime = await acquireAll([rlock], { timeout: 10 });
  same<typeof allInTime, false | Holding>();
  const blocking = acquireAllSync([rlock, rwLock]);
  same<typeof blocking, Holding>();
  const blockingInTime = acquireAllSync([rlock], 10);
  same<typeof blockingInTime, false | Holding>();
  using both = all;
  using closing = rlock;
  blocking.release();
  const cells = new SharedArray('i32', 1, { lock: rlock });
  cells.lock.runSync(() => cells.lock.count);
  void [depth, permits, readers, both, closing];
}

export async function telling(options: WaitOptions): Promise<void> {
  const condition = new Condition();
  same<typeof condition, Condition<RLock>>();
  const withLock = new Condition(new Lock(), { name: 'c' });
  same<typeof withLock.lock, Lock>();
  const notified = await condition.run(() => condition.wait(options));
  same<typeof notified, boolean>();
  const found = await condition.waitFor(() => [1].at(0), { timeout: 5, signal: AbortSignal.timeout(5) });
  same<typeof found, number | undefined>();
  const awaited = await condition.waitFor(async () => 'x');
  same<typeof awaited, string>();
  const blocked = withLock.waitForSync(() => 1 > 0, 5);
  same<typeof blocked, boolean>();
  const told: number = condition.notify() + condition.notify(2) + condition.notifyAll() + condition.waiting;

  const monitor = new Monitor({ name: 'm' });
  const inside = await monitor.run(async () => (await monitor.waitFor(() => 5)) + monitor.notifyAll());
  same<typeof inside, number>();
  const [entered, late] = [monitor.runSync(() => monitor.waitSync(5)), monitor.runSync(() => 1, 5)];
  same<typeof entered, boolean>();
  same<typeof late, number | false>();

  const event = new Event({ name: 'e' });
  event.set();
  event.clear();
  const happened: boolean = event.isSet || (await event.wait(options)) || event.waitSync(5);
  const latch = new Latch(4);
  const left: number = latch.countDown() + latch.countDown(2) + latch.count;
  const open: boolean = (await latch.wait({ timeout: 5 })) || latch.waitSync();
  const once = new Once();
  const ran: boolean = (await once.run(() => fetch('file:///'), options)) || once.runSync(() => {}, 5) || once.done;
  const dead: AgentInfo | null = once.abandonedBy ?? monitor.abandonedBy;
  using closing = monitor;
  void [told, happened, left, open, ran, dead, closing];
}

export async function meeting(): Promise<void> {
  const options: BarrierOptions = { name: 'b', timeout: 1000, action: () => 1 };
  const barrier = new Barrier(3, options);
  new Barrier(3, { action: { module: './x.mjs' }, timeout: Infinity });
  new Barrier(3, { action: async () => {}, scope: { limit: 5 } });
  const party = new Process((there, condition, rwLock, once) => [there, condition, rwLock, once].length, {
    args: [barrier, new Condition(), new RwLock(), new Once()],
  });
  same<typeof party.result, Promise<number>>();
}
