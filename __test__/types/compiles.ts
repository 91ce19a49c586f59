// What a TypeScript user may write, from a CommonJS module. Compiled, never run. `Same` pins the inferred types.

import type { ChildProcess, ExecException, SpawnSyncReturns } from 'node:child_process';
import { promisify } from 'node:util';
import {
  activeChildren,
  type AgentInfo,
  Barrier,
  BrokenBarrierError,
  CommandError,
  type CommandResult,
  cpuCount,
  defineTasks,
  type ErrorCode,
  exec,
  execFile,
  execFileSync,
  execSync,
  fork,
  isMainProcess,
  Lock,
  MultiprocError,
  Pool,
  Process,
  ProcessDiedError,
  registerError,
  RemoteError,
  Semaphore,
  SerializationError,
  SharedArray,
  sharedBuffer,
  SharedValue,
  spawn,
  spawnSync,
  type WaitOptions,
  WorkerDiedError,
} from 'multiproc';
import multiproc = require('multiproc');

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
function same<A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void {}
const pool = new Pool({ workers: 2, name: 'types', env: { ...process.env, X: '1' }, stdio: ['ignore', 'inherit', 2] });
const lock = new Lock({ name: 'types' });

export async function processes(signal: AbortSignal): Promise<void> {
  const sum = new Process((a, b) => a + b, { args: [20, 22] });
  same<typeof sum.result, Promise<number>>();
  const annotated: Process<[number, string], boolean> = new Process((n: number, s: string) => s.length > n, {
    args: [1, 'x'],
    name: 'annotated',
    daemon: true,
    stdio: 'pipe',
    cwd: new URL('file:///'),
    execArgv: ['--no-warnings'],
    signal,
    scope: { limit: 3 },
  });
  const nothing = new Process(async () => 'x');
  same<typeof nothing.result, Promise<string>>();
  const optional = new Process((n?: number) => n ?? 1);
  same<typeof optional.result, Promise<number>>();
  const nullable = new Process((x: string | null) => x, { args: [null] });
  same<typeof nullable.result, Promise<string | null>>();
  const shared = new Process((lock, cells) => lock.runSync(() => cells.view[0]), {
    args: [lock, new SharedArray('i32', 1)],
  });
  same<typeof shared.result, Promise<number | undefined>>();
  const fromModule = new Process({ module: 'node:path', export: 'join' }, { args: ['a', 'b'] });
  same<typeof fromModule.result, Promise<unknown>>();
  const typed = new Process<[string], number>({ module: new URL('file:///x.mjs') }, { args: ['a'] });
  same<typeof typed.result, Promise<number>>();

  const started: typeof sum = sum.start();
  const ended: boolean = await started.join({ timeout: 100 });
  await sum.join();
  await sum.terminate({ grace: 0 });
  const sent: boolean = sum.kill() || sum.signal('SIGUSR2') || sum.signal(10);
  sum.on('exit', (code, signalCode) =>
    same<[typeof code, typeof signalCode], [number | null, NodeJS.Signals | null]>(),
  );
  annotated.stdout?.setEncoding('utf8').on('data', () => {});
  annotated.stdin?.end();
  const facts: [string, number | null, boolean, Process[]] = [sum.name, sum.pid, sum.isAlive(), activeChildren()];
  await using ending = sum;
  void [ended, sent, facts, ending, cpuCount().toFixed(), isMainProcess === true];
}

const tasks = defineTasks(__filename, {
  triple: (n: number) => n * 3,
  async later(text: string, times = 1) {
    return text.repeat(times);
  },
});
defineTasks(new URL('file:///x.mjs'), {});

export async function pools(files: AsyncIterable<string>, signal: AbortSignal): Promise<void> {
  same<number, Awaited<ReturnType<typeof tasks.triple>>>();
  const sum = await pool.run((a, b) => a + b, 20, 22);
  same<typeof sum, number>();
  const tripled = await pool.map(tasks.triple, new Set([1, 2]), { chunkSize: 10, signal });
  same<typeof tripled, number[]>();
  const lengths = await pool.map(async (file) => file.length, files);
  same<typeof lengths, number[]>();
  const repeated = await pool.run(tasks.later, 'a', 2);
  same<typeof repeated, string>();
  const once: string = await pool.run(tasks.later, 'a');
  const applied = await pool.apply((n: number, s: string) => s.at(n), [1, 'x'], { signal });
  same<typeof applied, string | undefined>();
  const bare = await pool.apply(() => 1);
  same<typeof bare, number>();
  const joined = await pool.run<string>({ module: 'node:path', export: 'join' }, 'a', 'b');
  same<typeof joined, string>();
  const unknowns = await pool.map({ module: './x.mjs' }, ['a']);
  same<typeof unknowns, unknown[]>();
  const locked = await pool.map(({ lock, n }) => lock.runSync(() => n), [{ lock, n: 1 }]);
  same<typeof locked, number[]>();
  const pids: Array<number | undefined> = pool.workers.map(({ pid }) => pid);
  pool.close();
  await pool.join();
  await pool.terminate();
  await using ending = pool;
  void [once, pids, ending, pool.size, pool.name];
}

export async function locks(options: WaitOptions): Promise<void> {
  const acquired = await lock.acquire({ timeout: 10, signal: AbortSignal.timeout(5) });
  same<typeof acquired, boolean>();
  const value = await lock.run(async () => 5);
  same<typeof value, number>();
  const inTime = await lock.run(() => 5, { timeout: 10 });
  same<typeof inTime, number | false>();
  const perhaps = await lock.run(() => 5, options);
  same<typeof perhaps, number | false>();
  const blocking = lock.runSync(() => 'x');
  same<typeof blocking, string>();
  const blockingInTime = lock.runSync(() => 'x', 10);
  same<typeof blockingInTime, string | false>();
  const holder: AgentInfo | null = lock.owner ?? lock.abandonedBy;
  if (lock.tryAcquire() || lock.acquireSync(10) || lock.acquireSync()) lock.release();
  const semaphore = new Semaphore(4, { name: 's' });
  if (semaphore.tryAcquire() || (await semaphore.acquire(options))) semaphore.release(2);
  const permitted = await semaphore.run(() => fetch('file:///'), { timeout: 5 });
  same<typeof permitted, Response | false>();
  const barrier = new Barrier(2);
  const index = (await barrier.wait({ timeout: 10 })) + barrier.waitSync(10);
  same<typeof index, number>();
  barrier.reset();
  barrier.abort();
  using closing = lock;
  using closingToo = semaphore;
  using closingAsWell = barrier;
  const figures: [number, number, boolean, number] = [
    barrier.parties,
    barrier.waiting,
    barrier.broken,
    semaphore.value,
  ];
  void [holder, closing, closingToo, closingAsWell, figures, new Semaphore().name];
}

export function memory(): void {
  const buffer: SharedArrayBuffer = sharedBuffer(64, { name: 'b' });
  const view = new Int32Array(buffer);

  const ints = new SharedArray('i32', 4);
  same<typeof ints, SharedArray<'i32'>>();
  same<typeof ints.view, Int32Array>();
  const bigs = new SharedArray('q', [1n, 2n]);
  same<typeof bigs, SharedArray<'i64'>>();
  same<typeof bigs.view, BigInt64Array>();
  const floats = new SharedArray(Float64Array, new Set([1, 2]), { lock: false });
  same<typeof floats, SharedArray<'f64', undefined>>();
  const unsigned = new SharedArray(BigUint64Array, 2, { lock });
  same<typeof unsigned.view, BigUint64Array>();
  same<typeof unsigned.lock, Lock>();
  const bools = new SharedArray('bool', [true, 0]);
  same<typeof bools.view, Uint8Array>();
  const element = bigs.at(-1);
  same<typeof element, bigint | undefined>();
  for (const each of ints) same<typeof each, number>();
  ints.lock.runSync(() => Atomics.add(ints.view, 0, 1) + ints.subarray(1, 2).length);

  const count = new SharedValue('i32');
  count.value += count.add(1) + count.compareExchange(0, 1) + count.update((old) => old * 2);
  const big = new SharedValue('i64', 5n, { name: 'v', lock: true });
  same<typeof big.value, bigint>();
  same<ReturnType<typeof big.add>, bigint>();
  const flag = new SharedValue('?', true, { lock: false });
  same<typeof flag, SharedValue<'bool', undefined>>();
  if (flag.exchange(false) || flag.or(true)) flag.value = false;
  const rate = new SharedValue(Float32Array, 0.5);
  same<typeof rate, SharedValue<'f32'>>();
  void [view, rate.buffer.byteLength, rate.type === 'f32', count instanceof SharedValue, ints instanceof SharedArray];
}

export function children(): void {
  const child: ChildProcess = fork('x.js', ['a'], { silent: true, serialization: 'advanced', killOnParentExit: false });
  child.send({ lock });
  fork(new URL('file:///x.js'), { execArgv: [] });
  fork('x.js', null, { detached: true });
  const listing: string = spawn('ls', ['-l'], { stdio: 'pipe' }).stdout.read();
  spawn('ls', { killOnParentExit: true }).stdout.setEncoding('utf8');
  spawn('ls', ['-l'], { killOnParentExit: true, stdio: 'inherit' }).stdout?.setEncoding('utf8');
  spawn('ls').stdin.end();
  exec('ls', (error: ExecException | null, stdout: string) => void [error, stdout]);
  execFile('ls', ['-l'], (_error, stdout: string) => void stdout);
  const result: SpawnSyncReturns<string> = spawnSync('ls', { encoding: 'utf8' });
  const text: string = execSync('ls', { encoding: 'utf8' }) + execFileSync('ls', { encoding: 'utf8' });
  void [listing, result, text, child instanceof multiproc.ChildProcess];
}

export async function commands(): Promise<void> {
  const { stdout, durationMs } = await spawn('ls', ['-l'], { stdio: 'capture', encoding: 'utf8' }).result;
  const { all }: CommandResult<Buffer> = await exec('ls', { encoding: 'buffer', maxBuffer: 10 }).result;
  const forked = await fork('x.js', { stdio: ['ignore', 'prefix', 'prefix', 'ipc'], prefix: '> ' }).result;
  spawn('ls', { stdio: 'prefix', prefix: '> ' }).stdin?.end();
  const mixed = spawn('ls', { stdio: ['pipe', 'inherit', 'pipe'] });
  mixed.stdin.end();
  const none: null = mixed.stdout;
  mixed.stderr.setEncoding('utf8');
  execFile('ls', { encoding: 'buffer' }, (_error, bytes: Buffer) => void bytes).kill();
  const promised = promisify(exec)('ls', { encoding: 'utf8' });
  promised.child.kill();
  const text: string = (await promised).stdout + (await promisify(execFile)('ls', ['-l'])).stderr;
  const status = spawnSync('ls', ['-l'], { killOnParentExit: true }).status;
  void [stdout?.length, durationMs, all?.length, forked.exitCode, none, text, status];
  // Of pipes there is what was printed; of the rest there may be nothing.
  const printed: string = (await spawn('ls').result).stdout + (await exec('ls').result).stderr;
  const bytes: Buffer = (await spawn('ls', ['-l'], { encoding: 'buffer' }).result).stdout;
  const allBytes: Buffer = (await execFile('ls', { encoding: 'buffer' }).result).all;
  const shown = (await spawn('ls', { stdio: 'inherit' }).result).stdout;
  same<typeof shown, string | null>();
  const shownBytes = (await spawn('ls', ['-l'], { stdio: 'inherit', encoding: 'buffer' }).result).stdout;
  same<typeof shownBytes, Buffer | null>();
  void [printed, bytes, allBytes];
}

export function errors(error: unknown): ErrorCode | undefined {
  if (error instanceof CommandError && error.timedOut) void [error.stdout?.length, error.signalCode];
  class Mine extends MultiprocError {
    readonly extra = 1;
  }
  registerError(Mine);
  registerError(RangeError);
  if (error instanceof BrokenBarrierError) void error.deadParty?.pid;
  if (error instanceof SerializationError) void error.path.length;
  if (error instanceof ProcessDiedError && error.exitReason === 'signal') void error.signalCode;
  if (error instanceof WorkerDiedError) void error.pid.toFixed();
  if (error instanceof RemoteError) void error.value;
  if (error instanceof MultiprocError && error.code === 'ERR_MULTIPROC_POOL_CLOSED') return error.code;
  return multiproc.Lock === Lock ? undefined : new MultiprocError('ERR_MULTIPROC_NAME', 'x', { cause: error }).code;
}
