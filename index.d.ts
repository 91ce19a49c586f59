// The types and the documentation of what index.js exports. Hand-written; __test__/types says what must compile and
// what must not, __test__/errors.test.js compares the names, the members and the error codes with the code.

/// <reference types="node" />

import type {
  ChildProcess,
  ChildProcessByStdio,
  ExecFileOptions as NodeExecFileOptions,
  ExecOptions as NodeExecOptions,
  ForkOptions as NodeForkOptions,
  SpawnOptions as NodeSpawnOptions,
  SpawnSyncOptions as NodeSpawnSyncOptions,
  StdioNull,
  StdioOptions,
  StdioPipe,
} from 'node:child_process';
import type * as childProcess from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ReadableStream, WritableStream } from 'node:stream/web';

// ── Common to what waits ──────────────────────────────────────────────────────────────────────────────────────────

/** How long a promise form waits, and what ends the wait early. */
export interface WaitOptions {
  /**
   * Milliseconds, fractions allowed. 0 and less: look once, do not wait. Without it, or with `Infinity`, the wait has
   * no limit. A `NaN` is an error (`ERR_OUT_OF_RANGE`).
   */
  timeout?: number | undefined;
  /** Ends the wait: it rejects with an `AbortError` (`ABORT_ERR`) whose `cause` is the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** A name under which every process and worker thread of the family finds the same object. */
export interface NameOptions {
  /**
   * 1 to 200 bytes of UTF-8 without NUL. The first to use the name creates the object, everybody after that gets the
   * same one; it exists as long as somebody has it. Names of all kinds of objects share one space.
   */
  name?: string | undefined;
}

/** A thread that uses multiproc, in any process of the family. */
export interface AgentInfo {
  /** `null` when the thread ended so long ago that its entry is used by another. */
  pid: number | null;
  /** The system's thread id; equal to `pid` in the main thread of a process. */
  threadId: number | null;
  /** The name of the `Process` or of the pool's worker; empty in processes started by other means. */
  name: string;
}

// ── Functions that run elsewhere ──────────────────────────────────────────────────────────────────────────────────

/**
 * A function that another process can run: one made by `defineTasks()`, or one that stands alone.
 *
 * A function that stands alone uses its parameters, its own variables, the globals of Node.js and `require`, and
 * nothing else of the file in which it stands. What it would miss is refused with `ERR_MULTIPROC_CLOSURE` before
 * anything starts. Classes, bound and native functions are refused with `ERR_MULTIPROC_TARGET`.
 */
export type TargetFunction<Args extends unknown[], R> = (...args: Args) => R | PromiseLike<R>;

/** A function by the name of the module that exports it; the other process imports the module. */
export interface ModuleTarget {
  /** A path (relative to the calling file), the name of a package, or a `file:`, `node:` or `data:` URL. */
  module: string | URL;
  /** The name of the export; `'default'` unless given. */
  export?: string | undefined;
}

/**
 * Makes functions that another process finds by name, so that they may use everything of their module.
 *
 * Call it at the top level of a module. The other process imports that file, which runs its top level: a script that
 * defines tasks and also starts processes must guard the start with `if (isMainProcess)`.
 *
 * @param file `__filename` in CommonJS, `import.meta.url` in an ES module
 * @param tasks functions by name; each name once in a file
 * @returns the same functions, frozen; they can be called here as well
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 *
 * @example
 * const tasks = defineTasks(__filename, { parse: (file) => parser.parse(fs.readFileSync(file, 'utf8')) });
 * if (isMainProcess) console.log(await pool.map(tasks.parse, files));
 */
// biome-ignore lint/suspicious/noExplicitAny: functions with any parameters, which `unknown[]` would refuse
export function defineTasks<T extends Record<string, (...args: any[]) => unknown>>(
  file: string | URL,
  tasks: T,
): Readonly<T>;

/**
 * Whether this process is not one that multiproc started to run a function.
 *
 * `false` in a `Process` and in a pool's worker; `true` everywhere else: in the program itself, in its worker threads,
 * in what `fork` and `spawn` start.
 */
export const isMainProcess: boolean;

/**
 * `'spawn'`: a fresh Node.js process. `'forkserver'`: a copy of one that has modules loaded already and waits to be copied;
 * a few milliseconds instead of tens, until its function has run. docs/start-methods.md has both.
 */
export type StartMethod = 'spawn' | 'forkserver';

/**
 * Chooses how this thread starts its `Process`es and the workers of its pools, where their options do not say it. Does not
 * block: with `'forkserver'` the server starts now, and what is started before it is ready is started the ordinary way.
 * A child chooses for itself; `fork()` has an option.
 *
 * @param options `preload`: modules that the server loads before it is copied, as absolute paths, URLs or names of packages,
 *   as the calling file gets them (none unless given; another list ends the server that there is); `force`: changes what was chosen before
 * @throws {MultiprocError} `ERR_MULTIPROC_START_METHOD`: another method was chosen before, or the method is not supported
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function setStartMethod(
  method: StartMethod,
  options?: { preload?: readonly (string | URL)[] | undefined; force?: boolean | undefined },
): void;

/** What `setStartMethod()` has chosen for this thread; `'spawn'` until then. */
export function getStartMethod(): StartMethod;

/**
 * The process that this thread's children are copies of, with the start method `'forkserver'`. It ends with this process, or
 * when the thread does.
 */
export interface ForkServer {
  /**
   * `'off'`: there is none; the next start that wants one begins it. `'starting'`, `'testing'`: it loads modules, or a first
   * copy of it shows that copies work here. `'refused'`: it cannot be had, `reason` says why, and all is started the
   * ordinary way until other modules are to be preloaded.
   */
  readonly state: 'off' | 'starting' | 'testing' | 'ready' | 'refused';
  /** `null` while there is none. */
  readonly pid: number | null;
  /** Why it was refused, else `null`. */
  readonly reason: string | null;
  /** The modules that it loads. */
  readonly preload: string[];
  /**
   * Starts it if there is none, and waits until it can be copied. Keeps the program alive until then.
   *
   * @returns whether it can: `false` when it was refused (`reason`), stopped, or died
   */
  ready(): Promise<boolean>;
  /** Ends it. The processes that it has started go on. */
  stop(): void;
}

export const forkServer: ForkServer;

/**
 * How many processors this process may use: those of its affinity mask, limited by the quotas of its control groups rounded
 * up; at least 1.
 *
 * @param options `physical`: counts cores, not the threads that share one
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`
 */
export function cpuCount(options?: { physical?: boolean | undefined }): number;

// ── Processes ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a process may use. A breach ends that process and nothing else. */
export interface ProcessLimits {
  /**
   * The niceness, from -20 (first served; the system may demand a privilege) to 19 (last served). That of this process unless
   * given.
   */
  nice?: number | undefined;
  /** The processors that it may run on, by number. Those of this process unless given. */
  cpus?: readonly number[] | undefined;
  /** How many descriptors it may have open; Node.js itself needs about 20. */
  nofile?: number | undefined;
  /** Milliseconds of processor time, rounded up to seconds: then it is sent SIGXCPU, and SIGKILL a second later. */
  cpuTime?: number | undefined;
  /**
   * Bytes of resident memory: it is killed (SIGKILL) when it has more. A thread of this process looks every 50 ms, whatever
   * JavaScript does meanwhile.
   */
  maxRss?: number | undefined;
}

/**
 * Why a process ended: `'ok'` with exit code 0, `'code'` with another, `'signal'`, or what is known beyond that.
 *
 * `'heap-oom'`: V8's heap was full; `'kernel-oom'`: the system killed it for memory (concluded from a count that it keeps
 * for the control group); `'timeout'`, `'max-rss'`, `'cpu-time'`: by its option; `'start-failed'`: it never ran.
 */
export type ExitReason =
  | 'ok'
  | 'code'
  | 'signal'
  | 'heap-oom'
  | 'kernel-oom'
  | 'timeout'
  | 'max-rss'
  | 'cpu-time'
  | 'start-failed';

/** Processor time in milliseconds, as the system counts it: in steps of 10. */
export interface CpuTime {
  user: number;
  system: number;
}

/** What a process uses at this moment. */
export interface ProcessUsage {
  /** Resident memory in bytes. */
  rss: number;
  cpu: CpuTime;
  threads: number;
}

/** How a process ended. */
export interface ProcessEnd {
  exitCode: number | null;
  signalCode: NodeJS.Signals | null;
  exitReason: ExitReason | null;
}

/** The end of a process as something to wait for, also while nobody has reaped it: `wait([sentinel, queue])`. */
export interface Sentinel {
  readonly pid: number | null;
  /** Whether the process has ended. Looks now, without the event loop. */
  readonly ready: boolean;
}

export interface ProcessOptions extends ProcessLimits {
  /**
   * 1 to 200 bytes; the name in messages, in `lock.owner` and as the process's title. `Process-1`, `Process-2`, …
   * unless given.
   */
  name?: string | undefined;
  /**
   * Whether this program may end while the process runs. The process then gets SIGTERM, also when this program was killed,
   * and SIGKILL after 500 milliseconds. That of the process which makes it unless given, and `false` in a program: the program
   * stays alive until the process has ended. Daemons may have processes of their own.
   */
  daemon?: boolean | undefined;
  /** Constants for a function that stands alone, by the names it uses; values travel as arguments do. */
  scope?: Record<string, unknown> | undefined;
  /**
   * As in `node:child_process`; `'inherit'` unless given. With `'pipe'` the streams are `stdin`, `stdout`, `stderr`. `'prefix'`:
   * what it prints is shown in whole lines, with `[NAME PID] ` before each.
   */
  stdio?: ShownStdio | undefined;
  /** The environment; that of this process unless given. */
  env?: NodeJS.ProcessEnv | undefined;
  /** The working directory; that of this process unless given. */
  cwd?: string | URL | undefined;
  /** Flags for Node.js; those of this process unless given, in both cases without the debugger's, profiler's and test runner's. */
  execArgv?: string[] | undefined;
  /**
   * Own session, and not ended with this process; its function then runs to its end without anybody to get the result.
   * `false` unless given: the process ends when this one ends. With `daemon` as well, this program does not wait for it.
   */
  detached?: boolean | undefined;
  /**
   * What becomes of the process when this one ends: `'end'`, it ends, or `'allow'`, it lives on, in the same session. `'end'`
   * unless given, and `'allow'` with `detached`.
   */
  orphan?: 'end' | 'allow' | undefined;
  /** Kills the process and everything below it (SIGKILL); `result` then rejects with an `AbortError`, unless it was decided before. */
  signal?: AbortSignal | undefined;
  /**
   * Milliseconds after which the process is killed, with everything below it. No limit unless given. 0 kills
   * it at once; for `spawn()` and its kin it means no limit, as in Node.js.
   */
  timeout?: number | undefined;
  /**
   * `'manual'`: when it has ended it stays a zombie until `join()`, `joinSync()` or `wait()`. `'auto'` unless given: it is
   * reaped at once.
   */
  reap?: 'auto' | 'manual' | undefined;
  /** The size of V8's heap (its old generation) in MiB, 8 or more. Beyond it the process is aborted: `'heap-oom'`. */
  maxHeapMb?: number | undefined;
  /**
   * How it is started; what `setStartMethod()` has chosen unless given. With `'forkserver'` it is started the ordinary way
   * when the server cannot do it: docs/start-methods.md says when. `startMethod` of the process tells.
   */
  startMethod?: StartMethod | undefined;
  /** A debugger for the process: `'auto'` takes a free port, which Node.js prints on stderr. None unless given. */
  inspect?: 'auto' | number | undefined;
}

/** @internal */
export interface ProcessEvents {
  exit: [exitCode: number | null, signalCode: NodeJS.Signals | null];
}

/**
 * A function that runs in a process of its own.
 *
 * It starts with `start()`. What the function returns or throws comes back as `result`; the process ends when nothing
 * keeps its event loop alive, or by signal. It ends with this process, killed or not, unless it is `detached`.
 *
 * Arguments and results travel as docs/values.md says: copies, except for multiproc's own objects and shared buffers.
 *
 * Event `'exit'` (exitCode, signalCode): the process has ended. It does not come for a process that could not be started.
 *
 * @example
 * const sum = new Process((from, to) => {
 *   let total = 0;
 *   for (let n = from; n < to; n++) total += n;
 *   return total;
 * }, { args: [0, 1e9] });
 * console.log(await sum.start().result);
 */
export class Process<Args extends unknown[] = unknown[], R = unknown> extends EventEmitter<ProcessEvents> {
  /**
   * Prepares a process; nothing runs yet.
   *
   * @param target a function without parameters
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSURE` (`names`: what it would miss), `ERR_MULTIPROC_TARGET`
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  constructor(target: TargetFunction<[], R>, options?: ProcessOptions & { args?: readonly [] | undefined });
  /**
   * Prepares a process; nothing runs yet.
   *
   * @param target a module's export, which the process imports
   * @throws {MultiprocError} `ERR_MULTIPROC_TARGET` when there is no such module; a missing export rejects `result`
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  constructor(target: ModuleTarget, options?: ProcessOptions & { args?: readonly [...Args] | undefined });
  /**
   * Prepares a process; nothing runs yet.
   *
   * @param target a function that stands alone, or one made by `defineTasks()`
   * @param options `args` are the function's arguments
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSURE` (`names`: what it would miss), `ERR_MULTIPROC_TARGET`
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  constructor(target: TargetFunction<Args, R>, options: ProcessOptions & { args: readonly [...Args] });
  /**
   * For a subclass with a `run()` of its own, which needs no target.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_TARGET`: no module exports the class
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE` (also for a class without a `run()` of its own), `ERR_INVALID_ARG_VALUE`
   */
  constructor(target?: null | undefined, options?: ProcessOptions);

  readonly name: string;
  /**
   * `'new'`, `'started'`, `'exited'` when its end is known here, `'closed'` after `close()`. What the system says of it
   * is `processState(pid).state`.
   */
  readonly state: 'new' | 'started' | 'exited' | 'closed';
  /** `null` before `start()`, and when the process could not be started. */
  readonly pid: number | null;
  /** `null` until the process has ended, and when a signal ended it. */
  readonly exitCode: number | null;
  /** The signal that ended the process, else `null`. */
  readonly signalCode: NodeJS.Signals | null;
  /** `null` until the process has ended. Errors that tell of its end have the same. */
  readonly exitReason: ExitReason | null;
  /** How it was started, whatever was asked for; `null` before `start()`. */
  readonly startMethod: StartMethod | null;
  /** With `stdio: 'pipe'`, else `null`. */
  readonly stdin: Writable | null;
  /** With `stdio: 'pipe'`, else `null`. */
  readonly stdout: Readable | null;
  /** With `stdio: 'pipe'`, else `null`. */
  readonly stderr: Readable | null;

  /**
   * What the function returned; pending until then.
   *
   * Settled as soon as the function has returned, also while the process still runs. Of a daemon it keeps no program alive:
   * `join()` does. It rejects with what the function
   * threw (errors keep class, code and cause); with a `SerializationError` when its value cannot travel; with a
   * `ProcessDiedError` when the process ended first or could not be started; with an `AbortError` when `signal` killed
   * it. A rejection that nobody looks at is not reported: the process has printed the error and has exit code 1. The error's
   * stack tells what was called there, and behind that where the process was started here.
   */
  readonly result: Promise<R>;

  /**
   * The end of the process for `wait()`.
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_STARTED`, `ERR_MULTIPROC_CLOSED`
   */
  readonly sentinel: Sentinel;

  /**
   * Whether the process was started and has not ended. Looks now, without the event loop.
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  isAlive(): boolean;

  /**
   * What the process runs: the target. A subclass may have its own, and call this one.
   *
   * The process imports the module that exports the class, and makes the object there without its constructor; public fields
   * travel as arguments do, private ones (`#x`) are not there. A CommonJS module is found by itself. An ES module is taken to
   * be the file that makes the object; otherwise name it: `static module = import.meta.url`.
   */
  run(): Promise<R>;

  /**
   * Starts the process. Returns at once, before its function runs.
   *
   * @returns this
   * @throws {SerializationError} an argument cannot travel; `path` names it, as in `args[0].rows[3]`
   * @throws {MultiprocError} `ERR_MULTIPROC_ALREADY_STARTED`; `ERR_MULTIPROC_BOOTSTRAP` at the top level of a module
   *   that a child is loading, or when that has begun what now starts a process of the same module; `ERR_MULTIPROC_SHM_SPACE`
   * @throws {Error} `ABORT_ERR` when `signal` is aborted already
   */
  start(): this;

  /**
   * Waits for the process to end, in whatever way, and reaps it. Rejects only for a process that was not started. Keeps this
   * program alive until then, also for a daemon.
   *
   * @param options `timeout` in milliseconds, no limit unless given
   * @returns whether it has ended; `false`: not in time
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_STARTED`, `ERR_MULTIPROC_CLOSED`
   */
  join(options?: { timeout?: number | undefined }): Promise<boolean>;

  /**
   * As `join()`; the thread blocks. A process that waits for this thread's event loop (for room in its `stdout` pipe, for a
   * message) does so in vain meanwhile. Listeners of `'exit'` are called afterwards.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: look once
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_STARTED`, `ERR_MULTIPROC_CLOSED`
   */
  joinSync(timeout?: number): boolean;

  /**
   * As `join()`, and tells how the process ended. `null`: not in time.
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_STARTED`, `ERR_MULTIPROC_CLOSED`
   */
  wait(options?: { timeout?: number | undefined }): Promise<ProcessEnd | null>;

  /**
   * Ends the process: SIGTERM, and SIGKILL if that does not help in time. Resolves when it has ended and was reaped (with
   * `reap: 'manual'` that is left to you), and everything below it has ended.
   *
   * SIGTERM goes to the process alone. When it has ended, or the grace is over, all its descendants that are left are
   * stopped, listed and killed, in whatever session or group they are. Not found are those whose parent had ended before
   * anybody could look; not touched are those that are to outlive their parent (`detached`, `orphan: 'allow'`).
   *
   * @param options `grace`: milliseconds between the two, an integer from 0 on, 5000 unless given; `tree: false`: the
   *   process alone
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_STARTED`, `ERR_MULTIPROC_CLOSED`
   */
  terminate(options?: { grace?: number | undefined; tree?: boolean | undefined }): Promise<void>;

  /**
   * Asks the process to end: its `currentProcess().stopSignal` is aborted. Resolves when it has ended; after `grace`
   * milliseconds (5000 unless given; `Infinity`: never) it is ended by `terminate()`.
   *
   * @param reason the signal's reason there; travels as arguments do
   * @throws {SerializationError} the reason cannot travel
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_STARTED`, `ERR_MULTIPROC_CLOSED`
   */
  requestStop(reason?: unknown, options?: { grace?: number | undefined }): Promise<void>;

  /**
   * Sends SIGKILL to the process alone; what it has started with multiproc ends with it. Does not wait.
   *
   * @returns whether it was sent; `false` when the process has ended
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_STARTED`, `ERR_MULTIPROC_CLOSED`
   */
  kill(): boolean;

  /**
   * Sends a signal. Does not wait.
   *
   * A SIGINT that comes in any other way, as from a terminal, is ignored by the process unless its program listens to it.
   *
   * @param options `tree`: also to everything below the process; `group`: to the process group of a `detached` process
   * @returns whether it was sent; `false` when the process has ended
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_STARTED`, `ERR_MULTIPROC_CLOSED`
   * @throws {TypeError} `ERR_INVALID_ARG_VALUE`: no such signal, or no group
   */
  signal(
    signal: NodeJS.Signals | number,
    options?: { tree?: boolean | undefined; group?: boolean | undefined },
  ): boolean;

  /** `signal('SIGINT')`. A process that spins does not notice. */
  interrupt(): boolean;

  /** `signal('SIGSTOP')`: it stands still until `resume()`. What it holds it keeps. */
  suspend(): boolean;

  /** `signal('SIGCONT')`. */
  resume(): boolean;

  /**
   * What the process uses; `null` when it has ended.
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_STARTED`, `ERR_MULTIPROC_CLOSED`
   */
  usage(): ProcessUsage | null;

  /**
   * This object is not needed any more: its methods throw `ERR_MULTIPROC_CLOSED` from now on, `close()` excepted.
   * @throws {MultiprocError} `ERR_MULTIPROC_STILL_RUNNING`
   */
  close(): void;

  /** `terminate()`, if the process runs. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The `Process`es that this one has started and that have not ended, in the order of their start. */
export function activeChildren(): Process[];

/** This process, as `currentProcess()` gives it. */
export interface CurrentProcess {
  readonly pid: number;
  /** The name of the `Process` or of the pool's worker; `'MainProcess'` in a program. */
  readonly name: string;
  readonly daemon: boolean;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  /** Aborted when this process's parent calls `requestStop()`, with that call's reason. */
  readonly stopSignal: AbortSignal;
  usage(): ProcessUsage;
}

/** This process. */
export function currentProcess(): CurrentProcess;

/** @internal */
export interface ParentProcessEvents {
  exit: [];
}

/**
 * Who started this process. Event `'exit'`: it has ended. A listener does not keep this program alive.
 */
export interface ParentProcess extends EventEmitter<ParentProcessEvents> {
  readonly pid: number;
  readonly name: string;
  isAlive(): boolean;
  /**
   * Waits for its end.
   * @param options `timeout` in milliseconds, no limit unless given
   * @returns whether it has ended; `false`: not in time
   */
  join(options?: { timeout?: number | undefined }): Promise<boolean>;
}

/**
 * Who started this process with multiproc (`Process`, `Pool` or `fork`), or `null`.
 *
 * Most processes end with their parent before they could look: see `orphan`.
 */
export function parentProcess(): ParentProcess | null;

/** What the system says of a process. All but `pid` and `state` are `null` when there is none. */
export interface ProcessState {
  pid: number;
  /** `'zombie'`: it has ended and nobody has reaped it; `'dead'`: there is none of that pid; `'disk'`: it waits for a device. */
  state: 'running' | 'sleeping' | 'disk' | 'stopped' | 'zombie' | 'dead';
  /** As the system has it: 15 bytes at most. */
  name: string | null;
  ppid: number | null;
  rss: number | null;
  cpu: CpuTime | null;
  threads: number | null;
  /** Milliseconds since 1970. */
  startTime: number | null;
}

/**
 * Looks at any process of the system.
 *
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
 */
export function processState(pid: number): ProcessState;

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/**
 * Writes lines to stderr: a number that counts the lines of all processes of the family, pid, name of the process, level,
 * text. What cannot be written, as on a full disk, is lost.
 */
export interface Logger {
  /**
   * What is written: lines of this level and of those before it. `'warn'`, or what the environment variable `MULTIPROC_LOG`
   * says. Setting it sets the variable, so that processes started later have the same.
   * @throws {TypeError} `ERR_INVALID_ARG_VALUE`
   */
  level: LogLevel;
  /** Formatted as by `console.error()`. */
  error(...args: unknown[]): void;
  warn(...args: unknown[]): void;
  info(...args: unknown[]): void;
  debug(...args: unknown[]): void;
}

/** The logger of this process. Its lines sort into one order with those of the others, by the number that each begins with. */
export function getLogger(): Logger;

/** What a function that was given signals has set up. */
export interface SignalListener {
  /** The signals have their default again, unless others listen. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Passes signals that this program gets on to processes, as long as they live. The program itself goes on.
 *
 * @param signals names, as `'SIGTERM'`
 * @param processes an array is looked at anew at each signal
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function forwardSignals(
  signals: NodeJS.Signals | readonly NodeJS.Signals[],
  // biome-ignore lint/suspicious/noExplicitAny: a process of any function
  processes: ChildProcess | Process<any, any> | ReadonlyArray<ChildProcess | Process<any, any>>,
): SignalListener;

/** What `stopOnSignals()` can end. */
// biome-ignore lint/suspicious/noExplicitAny: a process of any function
export type Stoppable = Process<any, any> | Pool | Supervisor | ChildProcess;

/**
 * Ends everything in order when a signal comes, and then this program by that signal.
 *
 * The first signal drains: `requestStop(signal)`, a pool's `close()`, a supervisor's `stop()`, SIGTERM for a
 * `ChildProcess`. The second terminates, the third kills. The children of `Process` and `Pool` do not get a terminal's
 * Ctrl-C themselves.
 *
 * @param signals names, as `['SIGINT', 'SIGTERM']`
 * @param targets an array is looked at anew at the signal
 * @param options `grace`: milliseconds after which the first one terminates by itself, none unless given; `end: false`: the
 *   program goes on
 * @returns `stopped` resolves with the signal when all have ended
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
 */
export function stopOnSignals(
  signals: NodeJS.Signals | readonly NodeJS.Signals[],
  targets: Stoppable | readonly Stoppable[],
  options?: { grace?: number | undefined; end?: boolean | undefined },
): SignalListener & { readonly stopped: Promise<NodeJS.Signals> };

export interface DaemonizeOptions {
  /** The daemon's directory; `'/'` unless given, so that it keeps no file system from being unmounted. */
  cwd?: string | undefined;
  /** The daemon's environment; that of this process unless given. */
  env?: NodeJS.ProcessEnv | undefined;
  /** A file that its standard output is appended to; `'/dev/null'` unless given. */
  stdout?: string | undefined;
  /** The same for its errors; where `stdout` goes unless given. */
  stderr?: string | undefined;
  /** A file that its pid is written to before this process ends, and that it removes when it ends. None unless given. */
  pidFile?: string | undefined;
  /** Its mask of the modes of new files, 0 to 0o777; that of this process unless given. */
  umask?: number | undefined;
}

/**
 * Makes the program a daemon: starts it anew in the background, with the same arguments, and ends this process with exit code
 * 0. In the daemon the same call does nothing and returns; so what stands before it runs in both. Blocks until the daemon has
 * been started.
 *
 * The daemon has no terminal and cannot get one (it is in a session of its own and does not lead it), no stdin, and no tie to
 * this process or its family: neither messages nor shared memory.
 *
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
 * @throws {MultiprocError} `ERR_MULTIPROC_UNSUPPORTED`: in a worker thread, in a `Process` or a pool's worker, in a program
 *   that is no file
 * @throws {Error} with the system's code: a file cannot be opened, the directory is not there; this process goes on then
 * @see {@link https://man7.org/linux/man-pages/man7/daemon.7.html | daemon(7)}
 */
export function daemonize(options?: DaemonizeOptions): void;

export interface SuperviseOptions {
  /**
   * Milliseconds between an end and the next start: `base` (100), doubled with each failure in a row up to `cap` (30,000),
   * less a random part of up to `jitter` (0.5) of it.
   */
  backoff?: { base?: number | undefined; cap?: number | undefined; jitter?: number | undefined } | undefined;
  /** Starts after failures in a row before it gives up; no limit unless given. */
  maxRestarts?: number | undefined;
  /** A run of so many milliseconds (10,000) clears the count of failures. */
  healthyAfter?: number | undefined;
  /** `'failure'` unless given: a process that ends with exit code 0 is done. `'always'`: it is started again, too. */
  restart?: 'failure' | 'always' | undefined;
}

/** @internal */
export interface SupervisorEvents {
  start: [process: Process | ChildProcess];
  exit: [end: ProcessEnd & { error?: unknown }];
  restart: [restart: ProcessEnd & { attempt: number; delay: number; error?: unknown }];
  gaveUp: [end: ProcessEnd & { error?: unknown }];
}

/**
 * Keeps a process running. Events, in this order: `'start'` (the process), `'exit'` (how it ended), then `'restart'` at once
 * (the same, with `attempt`, which counts from 1, and `delay`, the milliseconds until then), and after the delay `'start'` again;
 * or `'gaveUp'` (how the last one ended). A listener of `'restart'` may still `stop()` it.
 */
export interface Supervisor extends EventEmitter<SupervisorEvents> {
  /** `null` between two. */
  readonly current: Process | ChildProcess | null;
  readonly state: 'running' | 'waiting' | 'stopping' | 'stopped' | 'gaveUp';
  /** How often it was started again. */
  readonly restarts: number;
  /** Resolves when nothing will be started any more and the last process has ended. */
  readonly ended: Promise<void>;
  /**
   * Ends the process and starts no other: by `requestStop(reason)`, or SIGTERM for a `ChildProcess`, and by force after
   * `grace` milliseconds (5000).
   */
  stop(options?: { grace?: number | undefined; reason?: unknown }): Promise<void>;
  /** Kills the process at once and starts no other. */
  kill(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a process, and again when it fails.
 *
 * @param target a function made by `defineTasks()` or `{ module, export }`, which run as a `Process` with `args` and the
 *   options `process`; or any other function, which is called here and returns a `Process` or a `ChildProcess`
 * @throws what starting the process throws the first time; later that counts as a failure
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
 *
 * @example
 * const server = supervise(() => fork('server.js'), { maxRestarts: 5 });
 * server.on('restart', ({ exitCode, delay }) => console.error(`exit code ${exitCode}, again after ${delay} ms`));
 * stopOnSignals(['SIGINT', 'SIGTERM'], server);
 */
export function supervise(
  // biome-ignore lint/suspicious/noExplicitAny: a process of any function
  target: () => Process<any, any> | ChildProcess,
  options?: SuperviseOptions,
): Supervisor;
export function supervise<Args extends unknown[]>(
  target: TargetFunction<Args, unknown> | ModuleTarget,
  options: SuperviseOptions & {
    args?: readonly [...Args] | undefined;
    process?: Omit<ProcessOptions, 'scope'> | undefined;
  },
): Supervisor;

// ── node:child_process ────────────────────────────────────────────────────────────────────────────────────────────

export { ChildProcess } from 'node:child_process';

/** What a command printed and how it ended: the value of `child.result`. */
export interface CommandResult<T extends string | Buffer = string> {
  /** The command and its arguments, with spaces between them. */
  command: string;
  pid: number;
  exitCode: number | null;
  signalCode: NodeJS.Signals | null;
  /** `null` when it is no pipe. */
  stdout: T | null;
  /** `null` when it is no pipe. */
  stderr: T | null;
  /** Both, in the order in which they came. `null` when neither is a pipe. */
  all: T | null;
  /** From the call that started it to the end, in milliseconds. */
  durationMs: number;
}

/** The same of a command whose streams are pipes, as they are unless `stdio` says otherwise. */
export interface PipedResult<T extends string | Buffer = string> extends CommandResult<T> {
  stdout: T;
  stderr: T;
  all: T;
}

/** Options of everything that starts a child and does not wait for it. */
export interface ChildOptions extends ProcessLimits {
  /** Whether the child is killed (SIGKILL) when this process ends, however this one ends. `false` unless given. */
  killOnParentExit?: boolean | undefined;
  /** `'manual'`: when it has ended it stays a zombie until `wait()`; `'exit'` comes then. `'auto'` unless given. */
  reap?: 'auto' | 'manual' | undefined;
}

/** A child with `reap: 'manual'`. Its `result` is settled when it has died; `'exit'` comes when it is reaped. */
export interface UnreapedChildProcess extends ChildProcess, Started {
  /** Waits until the child has ended, and reaps it. */
  wait(): Promise<{ exitCode: number | null; signalCode: NodeJS.Signals | null }>;
}

/** A child that this package has started. */
export interface Started<T extends string | Buffer = string, R extends CommandResult<T> = CommandResult<T>> {
  /**
   * Why the child ended; `null` until then, and as long as nobody has reaped it. `'timeout'` is that of the option, whatever
   * the child made of its signal; `'heap-oom'` and `'kernel-oom'` are told of `fork`, whose child is known to run Node.js. The
   * error of `result` has the same.
   */
  readonly exitReason: ExitReason | null;
  /**
   * How the child ended and what it printed. Rejects with a `CommandError` when it could not be started, did not exit
   * with 0, or was ended by `timeout`, `signal` or `maxBuffer`.
   *
   * It collects from the moment in which it is first asked for: ask right after the start, or start with
   * `stdio: 'capture'`. Whoever does not ask has no promise, and no rejection. Asking also handles the child's `'error'`
   * event. Settled when the child has ended and its streams have, or a tenth of a second after the end: a grandchild
   * that keeps a stream open is not waited for, and that stream no longer keeps this program alive.
   *
   * Text is UTF-8, unless `encoding` says otherwise. Of each stream at most `maxBuffer` bytes are kept (100 MiB unless
   * given); a child that prints more is ended.
   *
   * @example
   * const { stdout } = await spawn('git', ['rev-parse', 'HEAD']).result;
   */
  readonly result: Promise<R>;
}
type Piped<T extends string | Buffer = string> = Started<T, PipedResult<T>>;

/** `'prefix'` and `'capture'` beside what Node.js has; in a list for stdout and stderr. */
export type ChildStdioOptions = StdioOptions | 'prefix' | 'capture' | (ListedStdio | 'prefix' | 'capture')[];
type ShownStdio = StdioOptions | 'prefix' | (ListedStdio | 'prefix')[];
type ListedStdio = Extract<StdioOptions, readonly unknown[]>[number];

interface ResultOptions {
  /** Of `result`: how text is made of bytes, UTF-8 unless given; `'buffer'`: it is not. */
  encoding?: BufferEncoding | 'buffer' | null | undefined;
  /** Of `result`: how many bytes of each stream are kept before the child is ended; 100 MiB unless given. */
  maxBuffer?: number | undefined;
  /** With `stdio: 'prefix'`, what stands before each line: `[NAME PID] ` unless given. */
  prefix?: string | undefined;
}

export interface SpawnOptions extends Omit<NodeSpawnOptions, 'stdio'>, ChildOptions, ResultOptions {
  /**
   * As in Node.js, and two words more. `'prefix'`: stdout and stderr are shown as this program's own, whole lines with
   * the child's name before them; stdin is this program's. `'capture'`: pipes, whose content `result` has from the
   * beginning, whenever it is asked for.
   */
  stdio?: ChildStdioOptions | undefined;
}

type PipeOf<S extends StdioNull | StdioPipe, T> = S extends StdioPipe ? T : null;

interface SpawnOptionsWithStdio<
  I extends StdioNull | StdioPipe,
  O extends StdioNull | StdioPipe,
  E extends StdioNull | StdioPipe,
> extends Omit<SpawnOptions, 'stdio'> {
  stdio: [I, O, E];
}

interface SpawnOptionsWithPipes extends Omit<SpawnOptions, 'stdio' | 'encoding'> {
  stdio?: 'pipe' | 'capture' | ('pipe' | 'capture' | null | undefined)[] | undefined;
  encoding?: BufferEncoding | undefined;
}
type AsBuffers<O> = Omit<O, 'encoding'> & { encoding: 'buffer' | null };

type WithPipes<T extends string | Buffer = string> = ChildProcessByStdio<Writable, Readable, Readable> & Piped<T>;

interface Spawn {
  (command: string, options: SpawnOptions & { reap: 'manual' }): UnreapedChildProcess;
  (command: string, args: readonly string[], options: SpawnOptions & { reap: 'manual' }): UnreapedChildProcess;
  (command: string, options: AsBuffers<SpawnOptionsWithPipes>): WithPipes<Buffer>;
  (command: string, args: Args, options: AsBuffers<SpawnOptionsWithPipes>): WithPipes<Buffer>;
  (command: string, options?: SpawnOptionsWithPipes): WithPipes;
  (command: string, args: readonly string[] | null | undefined, options?: SpawnOptionsWithPipes): WithPipes;
  <I extends StdioNull | StdioPipe, O extends StdioNull | StdioPipe, E extends StdioNull | StdioPipe>(
    command: string,
    options: SpawnOptionsWithStdio<I, O, E>,
  ): ChildProcessByStdio<PipeOf<I, Writable>, PipeOf<O, Readable>, PipeOf<E, Readable>> & Started;
  <I extends StdioNull | StdioPipe, O extends StdioNull | StdioPipe, E extends StdioNull | StdioPipe>(
    command: string,
    args: readonly string[] | null | undefined,
    options: SpawnOptionsWithStdio<I, O, E>,
  ): ChildProcessByStdio<PipeOf<I, Writable>, PipeOf<O, Readable>, PipeOf<E, Readable>> & Started;
  (command: string, options: AsBuffers<SpawnOptions>): ChildProcess & Started<Buffer>;
  (command: string, args: Args, options: AsBuffers<SpawnOptions>): ChildProcess & Started<Buffer>;
  (command: string, options: SpawnOptions): ChildProcess & Started;
  (command: string, args: readonly string[] | null | undefined, options: SpawnOptions): ChildProcess & Started;
}

/**
 * `spawn` of `node:child_process`, with its arguments, events, streams and errors; and `result`, `killOnParentExit`, two
 * words more for `stdio`.
 *
 * Returns when the program runs, or has failed to; that takes about a millisecond, however large this process is. A
 * Node.js program that it starts with this process's environment finds named objects of this family.
 *
 * @param command a path, or a name to be looked for in the `PATH` of the child's environment
 * @throws {TypeError|RangeError} those of Node.js
 *
 * System calls: clone, pidfd_open, waitid, pidfd_send_signal, socketpair.
 */
export const spawn: Spawn;

type Listed<T extends string | Buffer> = (error: childProcess.ExecException | null, stdout: T, stderr: T) => void;
type TextOptions<O> = O & ChildOptions & { encoding?: BufferEncoding | undefined };
type BufferOptions<O> = O & ChildOptions & { encoding: 'buffer' | null };
type TextChild = ChildProcess & Piped;
type BufferChild = ChildProcess & Piped<Buffer>;
interface Promised<T extends string | Buffer>
  extends childProcess.PromiseWithChild<{
    stdout: T;
    stderr: T;
  }> {}

interface Exec {
  (command: string, callback?: Listed<string>): TextChild;
  (command: string, options: BufferOptions<NodeExecOptions>, callback?: Listed<Buffer>): BufferChild;
  (command: string, options: TextOptions<NodeExecOptions> | null | undefined, callback?: Listed<string>): TextChild;
  /** @internal what util.promisify gives */
  __promisify__: {
    (command: string): Promised<string>;
    (command: string, options: BufferOptions<NodeExecOptions>): Promised<Buffer>;
    (command: string, options: TextOptions<NodeExecOptions> | null | undefined): Promised<string>;
  };
}

/**
 * `exec` of `node:child_process`: a line for the shell, whose output the callback gets. Also as
 * `await util.promisify(exec)(command)`, and as `await exec(command).result`, which says more.
 *
 * Never put into the line what a user has typed: use `execFile`, which needs no shell.
 *
 * @throws {TypeError|RangeError} those of Node.js. What becomes of the command is told to the callback
 */
export const exec: Exec;

type Args = readonly string[] | null | undefined;

interface ExecFile {
  (file: string, callback?: Listed<string>): TextChild;
  (file: string, args: Args, callback?: Listed<string>): TextChild;
  (file: string, options: BufferOptions<NodeExecFileOptions>, callback?: Listed<Buffer>): BufferChild;
  (file: string, args: Args, options: BufferOptions<NodeExecFileOptions>, callback?: Listed<Buffer>): BufferChild;
  (file: string, options: TextOptions<NodeExecFileOptions>, callback?: Listed<string>): TextChild;
  (
    file: string,
    args: Args,
    options: TextOptions<NodeExecFileOptions> | null | undefined,
    callback?: Listed<string>,
  ): TextChild;
  /** @internal what util.promisify gives */
  __promisify__: {
    (file: string, args?: Args): Promised<string>;
    (file: string, options: BufferOptions<NodeExecFileOptions>): Promised<Buffer>;
    (file: string, args: Args, options: BufferOptions<NodeExecFileOptions>): Promised<Buffer>;
    (file: string, options: TextOptions<NodeExecFileOptions>): Promised<string>;
    (file: string, args: Args, options: TextOptions<NodeExecFileOptions> | null | undefined): Promised<string>;
  };
}

/**
 * `execFile` of `node:child_process`: a program, without a shell unless `options.shell` is given. Otherwise as `exec`.
 *
 * @throws {TypeError|RangeError} those of Node.js. What becomes of the program is told to the callback
 */
export const execFile: ExecFile;

interface SpawnSync {
  (command: string, options: NodeSpawnSyncOptions & ChildOptions): childProcess.SpawnSyncReturns<string | Buffer>;
  (
    command: string,
    args: Args,
    options: NodeSpawnSyncOptions & ChildOptions,
  ): childProcess.SpawnSyncReturns<string | Buffer>;
}

/**
 * `spawnSync` of `node:child_process`: blocks the thread until the program has ended and its pipes are closed, and gives
 * the result. What went wrong with the program is its `error`, and not thrown. Children that the event loop waits for are
 * not disturbed.
 *
 * @throws {TypeError|RangeError} those of Node.js, for bad arguments
 *
 * System calls: clone, poll, waitid, socketpair, recv, send.
 */
export const spawnSync: typeof childProcess.spawnSync & SpawnSync;

/**
 * `execSync` of `node:child_process`: blocks the thread until a line for the shell is done, and returns its output.
 *
 * @throws {Error} when it did not exit with 0, or reached a limit: the result's properties are the error's
 */
export const execSync: typeof childProcess.execSync;

/**
 * `execFileSync` of `node:child_process`: as `execSync` for a program, without a shell unless `options.shell` is given.
 *
 * @throws {Error} when it did not exit with 0, or reached a limit: the result's properties are the error's
 */
export const execFileSync: typeof childProcess.execFileSync;

/** Node's own, which gives `process` the channel of a descriptor: here so that no name of `node:child_process` is missing. */
export function _forkChild(descriptor: number, serialization: 'json' | 'advanced'): void;

export interface ForkOptions extends Omit<NodeForkOptions, 'stdio'>, ResultOptions, ProcessLimits {
  /** As in Node.js, `'prefix'` and `'capture'` as in `spawn`; a list has one `'ipc'`. */
  stdio?: ChildStdioOptions | undefined;
  /**
   * Whether the child ends with this process, however this one ends: it is killed (SIGKILL) half a second later, if it
   * has not ended by itself. `true` unless given, but `false` with `detached`.
   */
  killOnParentExit?: boolean | undefined;
  /** `'allow'`: the same as `killOnParentExit: false`, as `Process` has it. */
  orphan?: 'end' | 'allow' | undefined;
  /** As in `spawn`. */
  reap?: 'auto' | 'manual' | undefined;
  /**
   * `'forkserver'`: the program runs in a copy of this thread's fork server, if that is ready and can start it
   * (docs/start-methods.md). `'spawn'` unless given, whatever `setStartMethod()` has chosen.
   */
  startMethod?: StartMethod | undefined;
}

/**
 * `fork` of `node:child_process`, with the messages in shared memory. The child program needs no change.
 *
 * Messages may hold multiproc's own objects. `child.send(message, handle, options)` and `process.send` take sockets,
 * servers and datagram sockets, as in Node.js. What differs stands in docs/fork.md: above all that children end with their
 * parent.
 *
 * @param modulePath the child's program
 * @param args what it finds in `process.argv` after its own path
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @throws {Error} `ERR_CHILD_PROCESS_IPC_REQUIRED`: `stdio` is a list without `'ipc'`
 * @throws {MultiprocError} `ERR_MULTIPROC_BOOTSTRAP`
 */
export function fork(
  modulePath: string | URL,
  args: readonly string[] | null | undefined,
  options: ForkOptions & { reap: 'manual' },
): UnreapedChildProcess;
export function fork(modulePath: string | URL, options: ForkOptions & { reap: 'manual' }): UnreapedChildProcess;
export function fork(
  modulePath: string | URL,
  args?: readonly string[] | null,
  options?: ForkOptions,
): ChildProcess & Started;
export function fork(modulePath: string | URL, options?: ForkOptions): ChildProcess & Started;

// ── Shared memory ─────────────────────────────────────────────────────────────────────────────────────────────────

/** What the elements of each type are called, and the typed array that shows them. `bool` is a byte, 0 or 1. */
export interface ElementViews {
  i8: Int8Array;
  u8: Uint8Array;
  i16: Int16Array;
  u16: Uint16Array;
  i32: Int32Array;
  u32: Uint32Array;
  i64: BigInt64Array;
  u64: BigUint64Array;
  f32: Float32Array;
  f64: Float64Array;
  bool: Uint8Array;
}

export type ElementType = keyof ElementViews;

/** The type codes of Python's `array` module, with the sizes that C has on 64-bit Linux. */
export interface ElementCodes {
  b: 'i8';
  B: 'u8';
  h: 'i16';
  H: 'u16';
  i: 'i32';
  I: 'u32';
  l: 'i64';
  L: 'u64';
  q: 'i64';
  Q: 'u64';
  f: 'f32';
  d: 'f64';
  '?': 'bool';
}

/** What a `SharedArray` of that type holds. */
export type ElementOf<T extends ElementType> = T extends 'i64' | 'u64' ? bigint : number;

/** What a `SharedValue` of that type holds. */
export type ValueOf<T extends ElementType> = T extends 'i64' | 'u64' ? bigint : T extends 'bool' ? boolean : number;

/** The lock that goes with a value or array: its own, the given one, or none. */
export type LockOf<L> = L extends false ? undefined : L extends Lock ? L : Lock;

export interface SharedOptions<L extends Lock | boolean> extends NameOptions {
  /** A lock to use, `true` (unless given) for one of its own, `false` for none. */
  lock?: L | undefined;
}

/**
 * A `SharedArrayBuffer` over memory that processes share. It is zeroed.
 *
 * It, and every typed array or Buffer on it, travels in arguments and messages as the same memory, without a copy;
 * `Atomics` work on it across processes, except `Atomics.wait` and `Atomics.notify`, which reach only the threads of
 * one process. Its memory is free again when no process has it any more. Does not block.
 *
 * @param byteLength an integer from 0 on
 * @throws {MultiprocError} `ERR_MULTIPROC_SHM_SPACE` with the sizes; `ERR_MULTIPROC_NAME` when the name belongs to a
 *   buffer of another size or to something else
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
 *
 * @example
 * const counters = new Int32Array(sharedBuffer(64));
 * await pool.run((counters) => Atomics.add(counters, 0, 1), counters);
 */
export function sharedBuffer(byteLength: number, options?: NameOptions): SharedArrayBuffer;

/**
 * One number, bigint or boolean that processes share.
 *
 * Reading, writing, `add`, `sub`, `and`, `or`, `xor`, `exchange` and `compareExchange` are atomic, floats included.
 * `value.value += 1` is a read and a write: two processes lose counts with it. Use `add`, `update` or the lock. Nothing
 * blocks but the lock; a process that dies leaves the value whole.
 *
 * @example
 * const done = new SharedValue('i32');
 * await pool.map(({ done, file }) => { work(file); done.add(1); }, files.map((file) => ({ done, file })));
 */
export interface SharedValue<T extends ElementType = ElementType, L extends Lock | undefined = Lock> {
  /** The name of the element type, also when it was given as a code or a class. */
  readonly type: T;
  /** Its memory, which travels by itself as well. */
  readonly buffer: SharedArrayBuffer;
  /** Guards what takes several steps. The value itself never takes it. */
  readonly lock: L;
  /**
   * Writing checks type and range.
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  value: ValueOf<T>;
  /** Adds, and returns what was there before. Integers wrap around at the ends of their range. Not for `bool`. */
  add(amount: T extends 'bool' ? never : ValueOf<T>): ValueOf<T>;
  /** Subtracts, and returns what was there before. Integers wrap around at the ends of their range. Not for `bool`. */
  sub(amount: T extends 'bool' ? never : ValueOf<T>): ValueOf<T>;
  /** Bitwise (for `bool`: logical) and; returns what was there before. Not for floats. */
  and(mask: T extends 'f32' | 'f64' ? never : ValueOf<T>): ValueOf<T>;
  /** Bitwise (for `bool`: logical) or; returns what was there before. Not for floats. */
  or(mask: T extends 'f32' | 'f64' ? never : ValueOf<T>): ValueOf<T>;
  /** Bitwise (for `bool`: logical) exclusive or; returns what was there before. Not for floats. */
  xor(mask: T extends 'f32' | 'f64' ? never : ValueOf<T>): ValueOf<T>;
  /** Writes, and returns what was there before. */
  exchange(value: ValueOf<T>): ValueOf<T>;
  /**
   * Writes `replacement` if the value is `expected`, and returns what was there before: `expected` means it was written.
   * Compared as `Object.is` does. An `f32` holds rounded numbers: expect `Math.fround(0.1)`, not `0.1`.
   */
  compareExchange(expected: ValueOf<T>, replacement: ValueOf<T>): ValueOf<T>;
  /**
   * Replaces the value by what `fn` makes of it, and returns that. `fn` is called again when another process was
   * faster, so it should have no effects of its own.
   */
  update(fn: (old: ValueOf<T>) => ValueOf<T>): ValueOf<T>;
}

interface SharedValueConstructor {
  /**
   * A new value, or the one of that name.
   *
   * @param type `'i8'` … `'u64'`, `'f32'`, `'f64'`, `'bool'`, one of Python's type codes, or a typed array class
   * @param initial 0 (0n, `false`) unless given. A named value that is there already keeps what it holds unless given.
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
   * @throws {MultiprocError} `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_NAME`
   */
  new <T extends ElementType, const L extends Lock | boolean = true>(
    type: T,
    initial?: ValueOf<T>,
    options?: SharedOptions<L>,
  ): SharedValue<T, LockOf<L>>;
  new <C extends keyof ElementCodes, const L extends Lock | boolean = true>(
    type: C,
    initial?: ValueOf<ElementCodes[C]>,
    options?: SharedOptions<L>,
  ): SharedValue<ElementCodes[C], LockOf<L>>;
  new <K extends keyof TypedArrayTypes, const L extends Lock | boolean = true>(
    type: TypedArrayClass<K>,
    initial?: ValueOf<TypedArrayTypes[K]>,
    options?: SharedOptions<L>,
  ): SharedValue<TypedArrayTypes[K], LockOf<L>>;
  readonly prototype: SharedValue;
}
export const SharedValue: SharedValueConstructor;

/**
 * A typed array that processes share, and a lock to go with it.
 *
 * `view` is an ordinary typed array over shared memory: index it, or use `Atomics` on it. Plain reads and writes of
 * several processes may interleave; guard them with the lock or give each process its own part. Nothing blocks but the
 * lock; a process that dies leaves what it had written.
 *
 * @example
 * const totals = new SharedArray('f64', 1000);
 * totals.lock.runSync(() => { totals.view[3] += 0.5; });
 */
export interface SharedArray<T extends ElementType = ElementType, L extends Lock | undefined = Lock> {
  /** The name of the element type, also when it was given as a code or a class. */
  readonly type: T;
  /** The elements, as a typed array. */
  readonly view: ElementViews[T];
  /** Its memory, which travels by itself as well. */
  readonly buffer: SharedArrayBuffer;
  /** How many elements. */
  readonly length: number;
  /** Guards what takes several steps. The array itself never takes it. */
  readonly lock: L;
  /** One element; negative counts from the end. `undefined` beyond the ends. */
  at(index: number): ElementOf<T> | undefined;
  /** A view of a part, of the same memory. */
  subarray(begin?: number, end?: number): ElementViews[T];
  [Symbol.iterator](): IterableIterator<ElementOf<T>>;
}

interface SharedArrayConstructor {
  /**
   * A new array, or the one of that name.
   *
   * @param type `'i8'` … `'u64'`, `'f32'`, `'f64'`, `'bool'`, one of Python's type codes, or a typed array class
   * @param source a length (zeroed, or what a named array holds), or the elements. Elements are converted as typed
   *   arrays convert: integers wrap around. Elements for a named array that is there already overwrite it.
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
   * @throws {MultiprocError} `ERR_MULTIPROC_SHM_SPACE` with the sizes; `ERR_MULTIPROC_NAME` when the name belongs to
   *   memory of another size or to something else
   */
  new <T extends ElementType, const L extends Lock | boolean = true>(
    type: T,
    source: number | Iterable<T extends 'bool' ? boolean | number : ElementOf<T>>,
    options?: SharedOptions<L>,
  ): SharedArray<T, LockOf<L>>;
  new <C extends keyof ElementCodes, const L extends Lock | boolean = true>(
    type: C,
    source: number | Iterable<C extends '?' ? boolean | number : ElementOf<ElementCodes[C]>>,
    options?: SharedOptions<L>,
  ): SharedArray<ElementCodes[C], LockOf<L>>;
  new <K extends keyof TypedArrayTypes, const L extends Lock | boolean = true>(
    type: TypedArrayClass<K>,
    source: number | Iterable<ElementOf<TypedArrayTypes[K]>>,
    options?: SharedOptions<L>,
  ): SharedArray<TypedArrayTypes[K], LockOf<L>>;
  readonly prototype: SharedArray;
}
export const SharedArray: SharedArrayConstructor;

interface TypedArrayTypes {
  Int8Array: 'i8';
  Uint8Array: 'u8';
  Int16Array: 'i16';
  Uint16Array: 'u16';
  Int32Array: 'i32';
  Uint32Array: 'u32';
  BigInt64Array: 'i64';
  BigUint64Array: 'u64';
  Float32Array: 'f32';
  Float64Array: 'f64';
}
/** The class whose views say that they are a `K`. */
interface TypedArrayClass<K extends keyof TypedArrayTypes> {
  readonly prototype: { readonly [Symbol.toStringTag]: K };
  readonly BYTES_PER_ELEMENT: number;
}

// ── Synchronisation ───────────────────────────────────────────────────────────────────────────────────────────────

/** What everything that one waits for has. It travels in arguments, results and messages as the same object. */
declare abstract class SharedObject {
  readonly name: string | undefined;
  /**
   * This object lets go; others keep the lock (semaphore, …) and its state, and waits that are pending go on. It does not
   * release. Twice is fine. Use after it throws `ERR_MULTIPROC_CLOSED`.
   */
  close(): void;
  /** `close()`; it does not release. */
  [Symbol.dispose](): void;
}

/**
 * Mutual exclusion between threads and processes.
 *
 * It is not re-entrant: a thread that acquires a lock which it holds waits for itself. Any thread may release it. A
 * free lock goes to whoever comes first, so a thread that runs may overtake one that waits; there is no promise of
 * fairness. It travels in arguments and messages as the same lock.
 *
 * Death: when the holder dies or ends without releasing, the lock passes to the next that acquires it, blocking or not,
 * and `abandonedBy` tells that one. What the lock guards may be half changed then.
 *
 * @example
 * const lock = new Lock();
 * await lock.run(async () => { … });
 */
export class Lock extends SharedObject {
  /**
   * A new lock, or the one of that name. Does not block.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  constructor(options?: NameOptions);

  /** Whether somebody holds it, or died holding it and nobody has acquired it since. True for a moment only. */
  readonly locked: boolean;
  /** Who holds it (or died holding it); `null`: nobody. True for a moment only. */
  readonly owner: AgentInfo | null;
  /**
   * Whose death passed the lock on, as found by this object's last successful acquisition; `null` if it was released in
   * good order. Look at it while you hold the lock.
   */
  readonly abandonedBy: AgentInfo | null;

  /**
   * Acquires the lock without blocking the thread. Several waits of one thread get it in their order.
   *
   * @returns `true` when acquired, `false` when the time was over
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted; the lock is not held then
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  acquire(options?: WaitOptions): Promise<boolean>;

  /**
   * Acquires the lock; the thread blocks until then, and nothing else runs in it.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: do not wait
   * @returns `true` when acquired, `false` when the time was over
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  acquireSync(timeout?: number): boolean;

  /**
   * Acquires the lock if it is free now. Never waits.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  tryAcquire(): boolean;

  /**
   * Gives the lock back and wakes one that waits. Any thread of any process may.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_LOCK_NOT_HELD` when nobody holds it, `ERR_MULTIPROC_CLOSED`
   */
  release(): void;

  /**
   * Acquires, runs `fn`, and releases when what it returned has settled.
   *
   * @returns what `fn` returned, or `false` when the time was over and it did not run
   * @throws what `acquire()` and `fn` throw
   */
  run<R>(fn: () => R, options?: WaitOptions & { timeout?: undefined }): Promise<Awaited<R>>;
  run<R>(fn: () => R, options?: WaitOptions): Promise<Awaited<R> | false>;

  /**
   * Acquires, runs `fn`, and releases; the thread blocks until it has the lock.
   *
   * @param timeout milliseconds; no limit unless given
   * @returns what `fn` returned, or `false` when the time was over and it did not run
   */
  runSync<R>(fn: () => R): R;
  runSync<R>(fn: () => R, timeout: number | undefined): R | false;
}

/**
 * A re-entrant lock: who holds it may acquire it again, and releases it as often.
 *
 * Its owner is a process, a thread in it, and an *asynchronous flow* of that thread: an async function and what it
 * calls and awaits. So two async functions that run at the same time in one thread exclude each other, and one that
 * calls another does not wait for itself. `run()` and `runSync()` make the flow exactly for `fn`. After `acquire()`,
 * `acquireSync()` and `tryAcquire()` the caller is in the flow, and what it starts too; a function that calls an async
 * one which acquires, and does not await it, goes on in that one's flow: use `run()` there.
 *
 * A free lock goes to whoever comes first. It travels in arguments and messages as the same lock.
 *
 * Death: as with `Lock`. The next to acquire it gets it, however often the dead had acquired it.
 *
 * @example
 * const lock = new RLock();
 * const save = () => lock.run(async () => { … });
 * await lock.run(async () => { …; await save(); });
 */
export class RLock extends SharedObject {
  /**
   * A new lock, or the one of that name. Does not block.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  constructor(options?: NameOptions);

  /** Whether somebody holds it, or died holding it and nobody has acquired it since. True for a moment only. */
  readonly locked: boolean;
  /** The thread that holds it (or died holding it); `null`: nobody. True for a moment only. */
  readonly owner: AgentInfo | null;
  /** How often the caller holds it; 0: not at all. */
  readonly count: number;
  /**
   * Whose death passed the lock on, as found by this object's last acquisition; `null` if it was released in good order.
   * Look at it while you hold the lock.
   */
  readonly abandonedBy: AgentInfo | null;

  /**
   * Acquires the lock without blocking the thread; once more if the caller holds it.
   *
   * @returns `true` when acquired, `false` when the time was over
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted; the lock is not acquired then
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  acquire(options?: WaitOptions): Promise<boolean>;

  /**
   * Acquires the lock, once more if the caller holds it; the thread blocks until then.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: do not wait
   * @returns `true` when acquired, `false` when the time was over
   * @throws {MultiprocError} `ERR_MULTIPROC_DEADLOCK` without a timeout, when another flow of this thread holds it and
   *   could not release it while the thread is blocked; `ERR_MULTIPROC_CLOSED`
   */
  acquireSync(timeout?: number): boolean;

  /**
   * Acquires the lock if it is free now or the caller holds it. Never waits.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  tryAcquire(): boolean;

  /**
   * Takes one acquisition back; the last one gives the lock back and wakes one that waits.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_LOCK_NOT_OWNER` when another process, thread or flow holds it;
   *   `ERR_MULTIPROC_LOCK_NOT_HELD` when nobody does; `ERR_MULTIPROC_CLOSED`
   */
  release(): void;

  /**
   * Acquires, runs `fn`, and releases when what it returned has settled.
   *
   * @returns what `fn` returned, or `false` when the time was over and it did not run
   * @throws what `acquire()` and `fn` throw
   */
  run<R>(fn: () => R, options?: WaitOptions & { timeout?: undefined }): Promise<Awaited<R>>;
  run<R>(fn: () => R, options?: WaitOptions): Promise<Awaited<R> | false>;

  /**
   * Acquires, runs `fn`, and releases; the thread blocks until it has the lock.
   *
   * @param timeout milliseconds; no limit unless given
   * @returns what `fn` returned, or `false` when the time was over and it did not run
   */
  runSync<R>(fn: () => R): R;
  runSync<R>(fn: () => R, timeout: number | undefined): R | false;
}

/**
 * A counter of permits shared by threads and processes.
 *
 * A permit has no owner: any thread may release, and one that was acquired by a process which died stays acquired.
 * No promise of fairness. It travels in arguments and messages as the same semaphore.
 *
 * @example
 * const connections = new Semaphore(4);
 * await connections.run(() => fetch(url));
 */
export class Semaphore extends SharedObject {
  /**
   * A new semaphore, or the one of that name; that keeps its value.
   *
   * @param value permits at first, 0 to 2^30 - 1, 1 unless given
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
   */
  constructor(value?: number, options?: NameOptions);

  /** Free permits. True for a moment only. */
  readonly value: number;

  /**
   * Takes a permit without blocking the thread. Several waits of one thread get theirs in their order.
   *
   * @returns `true` when taken, `false` when the time was over
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted; no permit is taken then
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  acquire(options?: WaitOptions): Promise<boolean>;

  /**
   * Takes a permit; the thread blocks until then.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: do not wait
   * @returns `true` when taken, `false` when the time was over
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  acquireSync(timeout?: number): boolean;

  /**
   * Takes a permit if one is free now. Never waits.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  tryAcquire(): boolean;

  /**
   * Gives permits back and wakes as many that wait.
   *
   * @param count 1 unless given
   * @throws {MultiprocError} `ERR_MULTIPROC_SEM_OVERFLOW` beyond 2^30 - 1 (nothing changes), `ERR_MULTIPROC_CLOSED`
   */
  release(count?: number): void;

  /**
   * Takes a permit, runs `fn`, and gives it back when what it returned has settled.
   *
   * @returns what `fn` returned, or `false` when the time was over and it did not run
   * @throws what `acquire()` and `fn` throw
   */
  run<R>(fn: () => R, options?: WaitOptions & { timeout?: undefined }): Promise<Awaited<R>>;
  run<R>(fn: () => R, options?: WaitOptions): Promise<Awaited<R> | false>;

  /**
   * Takes a permit, runs `fn`, and gives it back; the thread blocks until it has the permit.
   *
   * @param timeout milliseconds; no limit unless given
   * @returns what `fn` returned, or `false` when the time was over and it did not run
   */
  runSync<R>(fn: () => R): R;
  runSync<R>(fn: () => R, timeout: number | undefined): R | false;
}

/**
 * A fixed number of permits, which belong to the threads that acquired them.
 *
 * `release()` gives back a permit of this thread's, or, when it has none, that of another: as in Python, any thread may.
 * More releases than acquisitions are an error. A released permit goes to whoever comes first. It travels in arguments
 * and messages as the same semaphore.
 *
 * Death: the permits of a thread or process that dies or ends are free again.
 *
 * @example
 * const connections = new BoundedSemaphore(4);
 * await connections.run(() => fetch(url));
 */
export class BoundedSemaphore extends SharedObject {
  /**
   * A new semaphore, all permits free, or the one of that name.
   *
   * @param value how many permits there are, 1 to 65,536, 1 unless given
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, also for one of another number of permits;
   *   `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
   */
  constructor(value?: number, options?: NameOptions);

  /** Free permits. True for a moment only. */
  readonly value: number;
  /** How many permits there are. */
  readonly bound: number;

  /**
   * Takes a permit without blocking the thread. Several waits of one thread get theirs in their order.
   *
   * @returns `true` when taken, `false` when the time was over
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted; no permit is taken then
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  acquire(options?: WaitOptions): Promise<boolean>;

  /**
   * Takes a permit; the thread blocks until then.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: do not wait
   * @returns `true` when taken, `false` when the time was over
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  acquireSync(timeout?: number): boolean;

  /**
   * Takes a permit if one is free now. Never waits.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  tryAcquire(): boolean;

  /**
   * Gives one permit back and wakes one that waits. Not several at once: one too many would leave half of them given back.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_SEM_BOUND` when all permits are free, `ERR_MULTIPROC_CLOSED`
   */
  release(): void;

  /**
   * Acquires, runs `fn`, and releases when what it returned has settled.
   *
   * @returns what `fn` returned, or `false` when the time was over and it did not run
   * @throws what `acquire()` and `fn` throw
   */
  run<R>(fn: () => R, options?: WaitOptions & { timeout?: undefined }): Promise<Awaited<R>>;
  run<R>(fn: () => R, options?: WaitOptions): Promise<Awaited<R> | false>;

  /**
   * Acquires, runs `fn`, and releases; the thread blocks until it has a permit.
   *
   * @param timeout milliseconds; no limit unless given
   * @returns what `fn` returned, or `false` when the time was over and it did not run
   */
  runSync<R>(fn: () => R): R;
  runSync<R>(fn: () => R, timeout: number | undefined): R | false;
}

/**
 * A lock for many readers or one writer.
 *
 * Writers come first: while one waits, no new reader is let in. Readers that waited while somebody wrote come in before
 * the next writer. It belongs to threads, and is not re-entrant: a thread that reads and reads again while a writer
 * waits for it waits for itself, and so does a reader that wants to write. At most 960 can read at the same time;
 * further ones wait. It travels in arguments and messages as the same lock.
 *
 * Death: a dead reader counts no more. When the writer dies or ends without releasing, the next to read or to write gets
 * the lock, and `abandonedBy` tells that one.
 *
 * @example
 * const lock = new RwLock();
 * const total = await lock.read(() => sum(cells.view));
 * await lock.write(() => cells.view.fill(0));
 */
export class RwLock extends SharedObject {
  /**
   * A new lock, or the one of that name. Does not block.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  constructor(options?: NameOptions);

  /** How many read. True for a moment only. */
  readonly readers: number;
  /** Who writes (or died writing); `null`: nobody. True for a moment only. */
  readonly writer: AgentInfo | null;
  /**
   * The writer whose death passed the lock on, as found by this object's last successful acquisition; `null` if it was
   * released in good order. Look at it while you hold the lock.
   */
  readonly abandonedBy: AgentInfo | null;

  /**
   * Acquires the lock to read, without blocking the thread.
   *
   * @returns `true` when acquired, `false` when the time was over
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  acquireRead(options?: WaitOptions): Promise<boolean>;
  /**
   * Acquires the lock to read; the thread blocks until then.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: do not wait
   * @returns `true` when acquired, `false` when the time was over
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  acquireReadSync(timeout?: number): boolean;
  /** Acquires the lock to read if nobody writes or waits to write now. Never waits. */
  tryAcquireRead(): boolean;
  /**
   * Ends one of this thread's acquisitions to read.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_LOCK_NOT_OWNER` when this thread does not read, `ERR_MULTIPROC_CLOSED`
   */
  releaseRead(): void;
  /**
   * Acquires to read, runs `fn`, and releases when what it returned has settled.
   *
   * @returns what `fn` returned, or `false` when the time was over and it did not run
   */
  read<R>(fn: () => R, options?: WaitOptions & { timeout?: undefined }): Promise<Awaited<R>>;
  read<R>(fn: () => R, options?: WaitOptions): Promise<Awaited<R> | false>;
  /** As `read()`; the thread blocks until it has the lock. */
  readSync<R>(fn: () => R): R;
  readSync<R>(fn: () => R, timeout: number | undefined): R | false;

  /**
   * Acquires the lock to write, without blocking the thread. From now on no new reader is let in.
   *
   * @returns `true` when acquired, `false` when the time was over
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  acquireWrite(options?: WaitOptions): Promise<boolean>;
  /**
   * Acquires the lock to write; the thread blocks until then.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: do not wait
   * @returns `true` when acquired, `false` when the time was over
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  acquireWriteSync(timeout?: number): boolean;
  /** Acquires the lock to write if nobody reads or writes now. Never waits. */
  tryAcquireWrite(): boolean;
  /**
   * Ends this thread's writing.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_LOCK_NOT_OWNER` when this thread does not write, `ERR_MULTIPROC_CLOSED`
   */
  releaseWrite(): void;
  /**
   * Acquires to write, runs `fn`, and releases when what it returned has settled.
   *
   * @returns what `fn` returned, or `false` when the time was over and it did not run
   */
  write<R>(fn: () => R, options?: WaitOptions & { timeout?: undefined }): Promise<Awaited<R>>;
  write<R>(fn: () => R, options?: WaitOptions): Promise<Awaited<R> | false>;
  /** As `write()`; the thread blocks until it has the lock. */
  writeSync<R>(fn: () => R): R;
  writeSync<R>(fn: () => R, timeout: number | undefined): R | false;

  /**
   * The writer goes on as a reader; nobody writes in between. End it with `releaseRead()`.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_LOCK_NOT_OWNER` when this thread does not write; `ERR_MULTIPROC_WAITERS` when
   *   960 read already; `ERR_MULTIPROC_CLOSED`
   */
  downgrade(): void;
}

/**
 * A condition: who holds its lock waits until somebody tells that something has changed.
 *
 * A wait gives the lock up, however often its owner had acquired it, and has it back when it ends, in whatever way. A
 * notification reaches those that wait at that moment, the oldest first, and nobody later; nobody waits for their
 * answer. It is no promise that what one waits for is so: look again, or use `waitFor()`. At most 2,000 can wait at the
 * same time. It travels in arguments and messages as the same condition, with its lock.
 *
 * Death: a dead waiter takes no notification from the others. When the lock's holder dies while others wait, they go on
 * waiting; `condition.lock.abandonedBy` tells whose death passed the lock on to whoever has it after a wait.
 *
 * @example
 * const condition = new Condition();
 * await condition.run(() => condition.waitFor(() => queue.view[0] > 0, { timeout: 1000 }));
 * await condition.run(() => { queue.view[0] += 1; condition.notify(); });
 */
export class Condition<L extends Lock | RLock = RLock> extends SharedObject {
  /**
   * A new condition, or the one of that name.
   *
   * @param lock a `Lock` or `RLock`; an `RLock` of its own unless given. For a named condition give the same lock
   *   everywhere, or none anywhere.
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  constructor(lock?: L, options?: NameOptions);

  /** Closing the condition does not close it. */
  readonly lock: L;
  /** How many wait. True for a moment only. */
  readonly waiting: number;

  /** `lock.acquire()` */
  acquire(options?: WaitOptions): Promise<boolean>;
  /** `lock.acquireSync()` */
  acquireSync(timeout?: number): boolean;
  /** `lock.tryAcquire()` */
  tryAcquire(): boolean;
  /** `lock.release()` */
  release(): void;
  /** `lock.run()` */
  run<R>(fn: () => R, options?: WaitOptions & { timeout?: undefined }): Promise<Awaited<R>>;
  run<R>(fn: () => R, options?: WaitOptions): Promise<Awaited<R> | false>;
  /** `lock.runSync()` */
  runSync<R>(fn: () => R): R;
  runSync<R>(fn: () => R, timeout: number | undefined): R | false;

  /**
   * Gives the lock up, waits for a notification without blocking the thread, and acquires the lock again.
   *
   * The time limit is one of the wait for the notification: getting the lock back is always waited for.
   *
   * @returns `true` when notified, `false` when the time was over
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted; the lock is held then, too
   * @throws {MultiprocError} `ERR_MULTIPROC_LOCK_NOT_OWNER` when the caller (of a `Lock`: this thread) does not hold it;
   *   `ERR_MULTIPROC_WAITERS`; `ERR_MULTIPROC_CLOSED`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  wait(options?: WaitOptions): Promise<boolean>;

  /**
   * Gives the lock up, blocks the thread until a notification comes, and acquires the lock again.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: do not wait
   * @returns `true` when notified, `false` when the time was over
   * @throws {MultiprocError} as `wait()`
   */
  waitSync(timeout?: number): boolean;

  /**
   * Waits until `predicate` returns something truthy: calls it with the lock held, now and after each notification.
   *
   * @param predicate may return a promise, which is awaited with the lock held
   * @returns what it returned last: something falsy means that the time was over
   * @throws as `wait()`, and what `predicate` throws; the lock is held then, too
   */
  waitFor<T>(predicate: () => T, options?: WaitOptions): Promise<Awaited<T>>;

  /**
   * As `waitFor()`; the thread blocks.
   *
   * @param timeout milliseconds; no limit unless given
   */
  waitForSync<T>(predicate: () => T, timeout?: number): T;

  /**
   * Notifies those that wait longest; they go on when they get the lock. Does not wait for them.
   *
   * @param n how many at most, 1 unless given
   * @returns how many were notified
   * @throws {MultiprocError} `ERR_MULTIPROC_LOCK_NOT_OWNER` when the caller does not hold the lock, `ERR_MULTIPROC_CLOSED`
   */
  notify(n?: number): number;

  /** Notifies all that wait. @returns how many they were */
  notifyAll(): number;
}

/**
 * A re-entrant lock and a condition in one: what several look at and change is looked at and changed under it alone.
 *
 * What `RLock` and `Condition` say holds for it. It travels in arguments and messages as the same monitor.
 *
 * @example
 * const monitor = new Monitor();
 * const take = () => monitor.run(async () => { await monitor.waitFor(() => stock.view[0] > 0); stock.view[0] -= 1; });
 * const put = () => monitor.run(() => { stock.view[0] += 1; monitor.notify(); });
 */
export class Monitor {
  /**
   * A new monitor, or the one of that name.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  constructor(options?: NameOptions);

  readonly name: string | undefined;
  /** How many wait for a notification. True for a moment only. */
  readonly waiting: number;
  /** Whose death passed the monitor on, as found by this object's last acquisition or wait; see `RLock`. */
  readonly abandonedBy: AgentInfo | null;

  /** Enters, runs `fn`, and leaves when what it returned has settled; see `RLock`. */
  run<R>(fn: () => R, options?: WaitOptions & { timeout?: undefined }): Promise<Awaited<R>>;
  run<R>(fn: () => R, options?: WaitOptions): Promise<Awaited<R> | false>;
  /** As `run()`; the thread blocks until it is in. */
  runSync<R>(fn: () => R): R;
  runSync<R>(fn: () => R, timeout: number | undefined): R | false;
  /** See `Condition`. */
  wait(options?: WaitOptions): Promise<boolean>;
  /** See `Condition`. */
  waitSync(timeout?: number): boolean;
  /** See `Condition`. */
  waitFor<T>(predicate: () => T, options?: WaitOptions): Promise<Awaited<T>>;
  /** See `Condition`. */
  waitForSync<T>(predicate: () => T, timeout?: number): T;
  /** See `Condition`. */
  notify(n?: number): number;
  /** See `Condition`. */
  notifyAll(): number;

  /** This object lets go; others keep the monitor. Twice is fine. Use after it throws `ERR_MULTIPROC_CLOSED`. */
  close(): void;
  /** `close()` */
  [Symbol.dispose](): void;
}

/**
 * A flag that threads and processes wait for.
 *
 * It stays set until `clear()`. A wait that is pending when it is set ends, however soon it is cleared. It has no
 * owner: a process that dies changes nothing, and one that should have set it leaves the others waiting; give them a
 * timeout. It travels in arguments and messages as the same event.
 *
 * @example
 * const stop = new Event();
 * // in a process that was given it
 * while (!stop.isSet) step();
 */
export class Event extends SharedObject {
  /**
   * A new event, not set, or the one of that name, as it is.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  constructor(options?: NameOptions);

  /** True for a moment only, as far as others set and clear it. */
  readonly isSet: boolean;
  /** Sets it and wakes all that wait. Never waits. */
  set(): void;
  /** From now on waits wait again. Never waits. */
  clear(): void;

  /**
   * Waits without blocking the thread until it is set, or has been since the call.
   *
   * @returns `true` when it was set, `false` when the time was over
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  wait(options?: WaitOptions): Promise<boolean>;

  /**
   * Blocks the thread until it is set, or has been since the call.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: do not wait
   * @returns `true` when it was set, `false` when the time was over
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  waitSync(timeout?: number): boolean;
}

/**
 * A counter that only goes down; once it is zero, everybody is let through, for ever.
 *
 * It has no owner: what a dead process has not counted down stays; give those that wait a timeout. It travels in
 * arguments and messages as the same latch.
 *
 * @example
 * const ready = new Latch(4);
 * // in each of four processes, when it is prepared
 * ready.countDown();
 * // and in whoever waits for them
 * await ready.wait({ timeout: 10_000 });
 */
export class Latch extends SharedObject {
  /**
   * A new latch, or the one of that name, which keeps its count.
   *
   * @param count 0 to 2^32 - 1; 0: it is open at once
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
   */
  constructor(count: number, options?: NameOptions);

  /** What is left. */
  readonly count: number;

  /**
   * Counts down, not below zero, and wakes all that wait when it gets there. Never waits.
   *
   * @param n by how much, 1 unless given
   * @returns what is left
   * @throws {RangeError} `ERR_OUT_OF_RANGE`
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  countDown(n?: number): number;

  /**
   * Waits without blocking the thread until the count is zero.
   *
   * @returns `true` when it is, `false` when the time was over
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  wait(options?: WaitOptions): Promise<boolean>;

  /**
   * Blocks the thread until the count is zero.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: do not wait
   * @returns `true` when it is, `false` when the time was over
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  waitSync(timeout?: number): boolean;
}

/**
 * Something that is done once by all processes together: one runs it, the others wait until it is done.
 *
 * A run that fails counts as none: the error is its caller's, and the next one tries. It travels in arguments and
 * messages as the same object.
 *
 * Death: when who runs it dies or ends on the way, the next one runs it, and `abandonedBy` tells that one. What the
 * dead had begun may be half done.
 *
 * @example
 * const prepared = new Once({ name: 'cache' });
 * await prepared.run(() => download('cache'));
 */
export class Once extends SharedObject {
  /**
   * A new one, or the one of that name.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  constructor(options?: NameOptions);

  /** Whether it is done, for ever. */
  readonly done: boolean;
  /** Who died running it, as found by this object's last run; `null` if nobody did. */
  readonly abandonedBy: AgentInfo | null;

  /**
   * Runs `fn`, unless it is done; waits without blocking the thread while somebody else runs it.
   *
   * @returns `true` when this call ran it, `false` when it was done already. It is done in both cases.
   * @throws what `fn` throws; it is not done then
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted, or the time is over, while somebody else runs it; with
   *   the signal's reason as `cause`, or a `TimeoutError`, as `AbortSignal.timeout()` would give it
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  run(fn: () => unknown, options?: WaitOptions): Promise<boolean>;

  /**
   * Runs `fn`, unless it is done; the thread blocks while somebody else runs it.
   *
   * @param fn its promise is not awaited: what it returns is not looked at
   * @param timeout milliseconds; no limit unless given
   * @returns `true` when this call ran it, `false` when it was done already
   * @throws what `fn` throws; `ABORT_ERR` when the time is over, as `run()`
   * @throws {MultiprocError} `ERR_MULTIPROC_DEADLOCK` without a timeout, when this very thread is running it already;
   *   `ERR_MULTIPROC_CLOSED`
   */
  runSync(fn: () => unknown, timeout?: number): boolean;

  /** As others do; and a run that this object is in counts as failed. */
  close(): void;
}

export interface BarrierOptions extends NameOptions {
  /** Milliseconds: the time limit of waits that give none. No limit unless given. */
  timeout?: number | undefined;
  /**
   * What the party that arrives last does before any of them passes; nothing unless given. It travels with the barrier,
   * so it is a function as for `Process`; for a named barrier give the same one everywhere. When it throws, the barrier
   * breaks: that party gets the error, the others a `BrokenBarrierError`. `wait()` awaits what it returns; in
   * `waitSync()` it must not return a promise.
   */
  action?: TargetFunction<[], unknown> | ModuleTarget | undefined;
  /** Constants for an action that stands alone, by the names it uses; values travel as arguments do. */
  scope?: Record<string, unknown> | undefined;
}

/**
 * A meeting point: a number of parties wait for each other, as often as they like.
 *
 * A party is a wait, by whatever thread. Broken is what a barrier is after a party gave up (timeout, abort), after
 * `abort()`, or after the death of a process that had waited at it or had been given it, and still had it; every wait then
 * rejects with a `BrokenBarrierError`, until `reset()`. A party that merely ends does not break it: set a timeout. It travels in
 * arguments and messages as the same barrier.
 *
 * @example
 * const barrier = new Barrier(4);
 * // in each of four processes
 * for (const phase of phases) { work(phase); barrier.waitSync(); }
 */
export class Barrier extends SharedObject {
  /**
   * A new barrier, or the one of that name.
   *
   * @param parties how many meet, 1 to 65,536
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, also for a barrier of another number of parties;
   *   `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`; for `action`, `ERR_MULTIPROC_CLOSURE`, `ERR_MULTIPROC_TARGET`
   */
  constructor(parties: number, options?: BarrierOptions);

  readonly parties: number;
  /** Parties that have arrived and wait. True for a moment only. */
  readonly waiting: number;
  /** Whether it is broken now. */
  readonly broken: boolean;

  /**
   * Arrives, and waits for the others without blocking the thread.
   *
   * @param options `timeout`: that of the barrier unless given; `Infinity` for no limit
   * @returns the order of arrival: 0 for the first, `parties - 1` for the last
   * @throws {BrokenBarrierError} also when the time is over, which breaks the barrier for everybody; `deadParty` tells
   *   whose death broke it
   * @throws {Error} `ABORT_ERR` when `signal` gets aborted, which breaks the barrier too; not when it is aborted already
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
   */
  wait(options?: WaitOptions): Promise<number>;

  /**
   * Arrives, and blocks the thread until the others have.
   *
   * @param timeout milliseconds; that of the barrier unless given, `Infinity` for no limit. When it is over the barrier
   *   breaks for everybody.
   * @returns the order of arrival: 0 for the first, `parties - 1` for the last
   * @throws {BrokenBarrierError} `deadParty` tells whose death broke it
   * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`; `ERR_MULTIPROC_UNSUPPORTED` for an action that returns a promise;
   *   `ERR_MULTIPROC_TARGET` for one whose module can only be imported asynchronously
   */
  waitSync(timeout?: number): number;

  /** Breaks the barrier: all that wait fail, and all that come, until `reset()`. */
  abort(): void;
  /** Makes it whole again, without the dead; all that wait at this moment fail. */
  reset(): void;
}

/** What `acquireAll()` has acquired. */
export interface Holding {
  /** Gives all of it back, whoever calls. Twice is fine. */
  release(): void;
  /** `release()` */
  [Symbol.dispose](): void;
}

/**
 * What this process does about deadlocks. Does not block.
 *
 * A deadlock is a circle of agents (threads of any process), each waiting for a `Lock`, `RLock`, `RwLock` or `Once` that
 * the next one holds, or for the end of a child that waits in its turn. Waits with a timeout or a signal end by
 * themselves and close no circle; nor does an event loop that has anything else to wait for. A lock that was ever released
 * by another thread than its holder is left out: nobody can tell who will release it next. The wait that closed the
 * circle ends within about 50 milliseconds; a thread that blocks for what it holds itself is told at once.
 *
 * @param policy `'throw'` (the default): that wait rejects or throws a `DeadlockError`. `'warn'`: it goes on, and
 *   `process.emitWarning()` tells (for a blocking wait, stderr). `'off'`: nothing. The environment variable
 *   `MULTIPROC_DEADLOCK` sets it for a whole family.
 * @throws {TypeError} `ERR_INVALID_ARG_VALUE`
 */
export function setDeadlockPolicy(policy: 'throw' | 'warn' | 'off'): void;

/** What `acquireAll()` takes; of an `RwLock` the right to write. */
export type Acquirable = Lock | RLock | Semaphore | BoundedSemaphore | RwLock;

/**
 * Acquires several locks and permits, all of them or none, without blocking the thread.
 *
 * They are taken one after the other in one order that is the same in all processes, whatever their order in the list:
 * those who take what they need in one call of this, and nothing besides, never wait for each other in a circle.
 *
 * @param list different objects
 * @param options `timeout` is for all of them together
 * @returns what to release, or `false` when the time was over; nothing is held then
 * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted; nothing is held then
 * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` when one is named twice;
 *   `ERR_OUT_OF_RANGE`
 *
 * @example
 * using both = await acquireAll([from.lock, to.lock]);
 */
export function acquireAll(
  list: readonly Acquirable[],
  options?: WaitOptions & { timeout?: undefined },
): Promise<Holding>;
export function acquireAll(list: readonly Acquirable[], options?: WaitOptions): Promise<Holding | false>;

/**
 * As `acquireAll()`; the thread blocks until it has all of them.
 *
 * @param timeout milliseconds for all of them together; no limit unless given
 */
export function acquireAllSync(list: readonly Acquirable[]): Holding;
export function acquireAllSync(list: readonly Acquirable[], timeout: number | undefined): Holding | false;

// ── Messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface QueueOptions extends NameOptions {
  /** The most items in it, 0 to 2^32 - 1; 0, which is the default: any number. `put()` waits while it is full. */
  maxSize?: number | undefined;
  /** Items are taken while fewer bytes than that are in it, so one item may go beyond; 0, the default: any number. */
  maxBytes?: number | undefined;
  /**
   * `'auto'`, the default: an item is gone when it was got, and lost when who got it is killed: it comes at most once.
   * `'manual'`: an item is a `Delivery` to be acknowledged; until then it is the queue's, and others get it again when who
   * had it dies. At most 256 are out at a time; then `get()` waits.
   */
  ackMode?: 'auto' | 'manual' | undefined;
}

/** What `get()` of a queue gives: an item, or with `ackMode: 'manual'` a delivery of it. */
export type QueueItem<T, Mode extends 'auto' | 'manual'> = Mode extends 'manual' ? Delivery<T> : T;

/**
 * A queue: any number of threads and processes put, any number get, and each item goes to one of them; first in, first
 * out. It lies in shared memory and no process is in charge of it, so what was put is there whatever becomes of who put
 * it, be it `process.exit()` or a kill in the same moment. A half-put item of one that was killed does not exist, and a
 * killed process keeps nobody else from using the queue.
 *
 * Items are values of every kind that travels (docs/values.md), read when `put()` is called. `size` and the other numbers
 * are exact. The queue and what is in it end with the last object for it. It travels in arguments and messages.
 *
 * @typeParam T what is in it
 *
 * @example
 * const jobs = new Queue({ maxSize: 100 });
 * const worker = new Process(async (jobs) => { for await (const job of jobs) await work(job); }, { args: [jobs] }).start();
 * await jobs.put({ id: 1 });
 * jobs.shutdown(); // the worker gets what is there, then its loop ends
 */
export class Queue<T = unknown, Mode extends 'auto' | 'manual' = 'auto'> extends SharedObject {
  /**
   * A new queue, or the one of that name, which must have the same limits and `ackMode`.
   *
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
   * @throws {MultiprocError} `ERR_MULTIPROC_NAME`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
   */
  constructor(options?: QueueOptions & { ackMode?: Mode | undefined });

  /** 0: any number. */
  readonly maxSize: number;
  /** 0: any number. */
  readonly maxBytes: number;
  readonly ackMode: Mode;
  /** Items in it. True for a moment only, like the following. */
  readonly size: number;
  /** Bytes of the items in it, as they travel. */
  readonly byteLength: number;
  readonly empty: boolean;
  /** Whether `put()` would wait. */
  readonly full: boolean;
  /** Items that were put and for which there was no `taskDone()` or `ack()`. */
  readonly unfinished: number;
  readonly isShutDown: boolean;

  /**
   * Puts an item, and waits while the queue is full, without blocking the thread.
   *
   * @returns resolves when the item is in shared memory
   * @throws {SerializationError} it cannot travel; `path` tells where
   * @throws {QueueFullError} the time was over
   * @throws {MultiprocError} `ERR_MULTIPROC_QUEUE_CLOSED` after `shutdown()`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_CLOSED`
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted. Nothing was put in any of these cases.
   */
  put(value: T, options?: SendOptions): Promise<void>;

  /**
   * The same; the thread blocks while the queue is full.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: do not wait
   */
  putSync(value: T, timeout?: number): void;

  /**
   * Puts an item if there is room now. Never waits.
   *
   * @returns whether there was
   * @throws {SerializationError}
   * @throws {MultiprocError} `ERR_MULTIPROC_QUEUE_CLOSED`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_CLOSED`
   */
  tryPut(value: T): boolean;

  /**
   * Gets the next item, and waits while there is none, without blocking the thread.
   *
   * @throws {QueueEmptyError} the time was over
   * @throws {MultiprocError} `ERR_MULTIPROC_QUEUE_CLOSED`: it was shut down, and everything was got;
   *   `ERR_MULTIPROC_HANDLE`: an object inside the item is gone; `ERR_MULTIPROC_DESERIALIZE`; `ERR_MULTIPROC_CLOSED`
   * @throws {Error} `ABORT_ERR` when `signal` is or gets aborted; no item was taken
   */
  get(options?: WaitOptions): Promise<QueueItem<T, Mode>>;

  /**
   * The same; the thread blocks while there is none.
   *
   * @param timeout milliseconds; no limit unless given, 0 and less: do not wait
   */
  getSync(timeout?: number): QueueItem<T, Mode>;

  /**
   * Gets an item if there is one now. Never waits.
   *
   * @param otherwise what is returned when there is none; `undefined` unless given
   * @throws {MultiprocError} `ERR_MULTIPROC_QUEUE_CLOSED`, `ERR_MULTIPROC_CLOSED`
   */
  tryGet<O = undefined>(otherwise?: O): QueueItem<T, Mode> | O;

  /**
   * An item that was got is done; see `join()`.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_TASK_DONE`: more often than items were put, or with `ackMode: 'manual'`, where
   *   each delivery has its own `ack()`
   */
  taskDone(): void;

  /**
   * Waits until every item that was put is done. An item whose `taskDone()` died with its process never is: set a
   * timeout, or use `ackMode: 'manual'`.
   *
   * @returns `false` when the time was over
   * @throws {Error} `ABORT_ERR`
   */
  join(options?: WaitOptions): Promise<boolean>;

  /** The same; the thread blocks. @param timeout milliseconds; no limit unless given */
  joinSync(timeout?: number): boolean;

  /**
   * Ends the queue for all its users: nothing can be put any more, and who waits to put fails. What is there can still be
   * got; then `get()` fails and loops over the queue end.
   *
   * @param options `immediate`: what is there is not got any more either, and `join()` does not wait for it
   */
  shutdown(options?: { immediate?: boolean | undefined }): void;

  /** Each item as it comes, until `shutdown()`. Several loops share the items. */
  [Symbol.asyncIterator](): AsyncGenerator<QueueItem<T, Mode>, void, undefined>;
}

/**
 * A queue without limits: the name that Python has for it. It arrives as a `Queue`.
 *
 * @throws as `new Queue()`
 */
export class SimpleQueue<T = unknown> extends Queue<T> {
  constructor(options?: NameOptions);
}

/** Options of `put()` of a `PriorityQueue`. */
export interface PriorityOptions extends SendOptions {
  /** Smaller ones leave first; 0 unless given. Any number but `NaN`. */
  priority?: number | undefined;
}

/**
 * A queue whose items leave in the order of their priority, the smallest number first; of equal ones the oldest. All else
 * is as in `Queue`, with `maxSize` places: 1 to 65,536, 4096 unless given. Putting and getting take O(log n).
 *
 * @throws as `new Queue()`
 *
 * @example
 * const jobs = new PriorityQueue();
 * await jobs.put('sweep', { priority: 5 });
 * await jobs.put('fire!', { priority: -1 });
 * await jobs.get(); // 'fire!'
 */
export class PriorityQueue<T = unknown> extends Queue<T> {
  constructor(options?: NameOptions & { maxSize?: number | undefined });
  put(value: T, options?: PriorityOptions): Promise<void>;
  /** @param options milliseconds, as in `Queue`; or `timeout` and `priority` */
  putSync(value: T, options?: number | Omit<PriorityOptions, 'signal' | 'transfer'>): void;
  tryPut(value: T, options?: Pick<PriorityOptions, 'priority'>): boolean;
}

/** An item of a queue with `ackMode: 'manual'`. It belongs to the thread that got it, and comes again when that dies. */
export interface Delivery<T = unknown> {
  readonly value: T;
  /** Somebody had it before, and died or gave it back. */
  readonly redelivered: boolean;
  /**
   * The item is done, and leaves the queue.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_TASK_DONE`: it was acknowledged or given back before
   */
  ack(): void;
  /** The item is for anybody to get again, before those that nobody has had. @throws as `ack()` */
  nack(): void;
}

export interface PipeOptions {
  /** `true`, the default: both ends send and receive. `false`: the first receives, the second sends. */
  duplex?: boolean | undefined;
  /**
   * Bytes on their way in each direction from which on `send()` waits; 16 MiB unless given, 0: it never waits. One message
   * may go beyond.
   */
  highWaterMark?: number | undefined;
}

/**
 * A pipe: two connected ends, each for any process or thread.
 *
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
 * @throws {MultiprocError} `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_AGENTS`
 *
 * @example
 * const [ours, theirs] = Pipe();
 * const child = new Process(async (connection) => connection.send(2 * (await connection.recv())), { args: [theirs] }).start();
 * theirs.close(); // the child has it now; when the child is gone, we are told
 * await ours.send(21);
 * console.log(await ours.recv()); // 42
 */
export function Pipe<A = unknown, B = A>(options?: PipeOptions): [Connection<A, B>, Connection<B, A>];

/** How a value is sent. */
export interface SendOptions extends WaitOptions {
  /**
   * ArrayBuffers that the sender gives away: they are empty when the value was sent. None unless given. Their bytes are
   * copied all the same, once, into shared memory. One that Node.js does not let go of, as that of its small Buffers, stays.
   */
  transfer?: readonly ArrayBuffer[] | undefined;
}

/**
 * What every connection can do, whether it is an end of a `Pipe()` in shared memory or a `SocketConnection`.
 *
 * @typeParam S what it sends
 * @typeParam R what it receives
 */
export interface MessageConnection<S = unknown, R = unknown> {
  readonly closed: boolean;
  send(value: S, options?: WaitOptions): Promise<void>;
  trySend(value: S): boolean;
  recv(options?: WaitOptions): Promise<R>;
  tryRecv<O = undefined>(otherwise?: O): R | O;
  sendBytes(view: Bytes, options?: BytesOptions): Promise<void>;
  recvBytes(options?: WaitOptions & { maxLength?: number | undefined }): Promise<Buffer>;
  recvBytesInto(view: Bytes, offset?: number, options?: WaitOptions): Promise<number>;
  poll(options?: WaitOptions): Promise<boolean>;
  close(): void;
  [Symbol.dispose](): void;
  [Symbol.asyncIterator](): AsyncGenerator<R, void, undefined>;
}

/** Memory that holds bytes. */
export type Bytes = ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

/** Which bytes of a view are sent: all unless given. */
export interface BytesOptions extends WaitOptions {
  offset?: number | undefined;
  length?: number | undefined;
}

/**
 * An end of a pipe: messages, each as a whole, in the order in which they were sent. It travels in arguments and messages;
 * who has sent it on still has it, and closes it when it is no longer needed there.
 *
 * What `send()` has accepted lies in shared memory and survives its sender. When nobody has the other end any more, because
 * the last one closed it or died, what was sent can still be received; then comes the end, `ERR_MULTIPROC_EOF`. When
 * several have the same end, each message goes to one of them.
 *
 * Events: `'message'` (value) for each message while there is a listener; `'end'` when there will be none any more;
 * `'close'`; `'error'` when a message cannot be read. A connection that is listened to keeps the program alive. What a
 * listener throws is an uncaught exception; the next message comes all the same.
 *
 * @typeParam S what it sends
 * @typeParam R what it receives
 */
export class Connection<S = unknown, R = unknown> extends EventEmitter implements MessageConnection<S, R> {
  private constructor();

  /** Whether it receives. */
  readonly readable: boolean;
  /** Whether it sends. */
  readonly writable: boolean;
  /** Whether it was closed in this thread. */
  readonly closed: boolean;

  /**
   * Sends a value, and waits while too much is on its way, without blocking the thread. It is read before this returns.
   *
   * @returns resolves when the message is in shared memory
   * @throws {SerializationError} it cannot travel; `path` tells where
   * @throws {MultiprocError} `ERR_MULTIPROC_TIMEOUT`; `ERR_MULTIPROC_CHANNEL_CLOSED`: nobody has the other end;
   *   `ERR_MULTIPROC_NOT_WRITABLE`, `ERR_MULTIPROC_SHM_SPACE`, `ERR_MULTIPROC_CLOSED`
   * @throws {Error} `ABORT_ERR`. Nothing was sent in any of these cases.
   */
  send(value: S, options?: SendOptions): Promise<void>;
  /** The same; the thread blocks. @param timeout milliseconds; no limit unless given, 0 and less: do not wait */
  sendSync(value: S, timeout?: number): void;
  /** Sends if it need not wait. @returns whether it was sent @throws as `send()` */
  trySend(value: S): boolean;

  /**
   * The next message; waits for it without blocking the thread.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_EOF`: nobody has the other end, and everything was received;
   *   `ERR_MULTIPROC_TIMEOUT`; `ERR_MULTIPROC_NOT_READABLE`, `ERR_MULTIPROC_HANDLE`, `ERR_MULTIPROC_DESERIALIZE`,
   *   `ERR_MULTIPROC_CLOSED`
   * @throws {Error} `ABORT_ERR`; no message was taken
   */
  recv(options?: WaitOptions): Promise<R>;
  /** The same; the thread blocks. @param timeout milliseconds; no limit unless given, 0 and less: do not wait */
  recvSync(timeout?: number): R;
  /** The next message if it is there, else `otherwise`. Never waits. @throws as `recv()` */
  tryRecv<O = undefined>(otherwise?: O): R | O;

  /**
   * Waits until there is a message, without taking it.
   *
   * @returns `true` when `recv()` would not wait: also at the end; `false` when the time was over
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_READABLE`, `ERR_MULTIPROC_CLOSED`
   */
  poll(options?: WaitOptions): Promise<boolean>;
  /** The same; the thread blocks. @param timeout milliseconds; no limit unless given, 0 and less: do not wait */
  pollSync(timeout?: number): boolean;

  /**
   * Sends bytes; they arrive as a Buffer.
   *
   * @param view copied before this returns
   * @param options `offset`, `length` in bytes: which part of it, all unless given; the rest as `send()`
   * @throws {RangeError} `ERR_OUT_OF_RANGE`
   */
  sendBytes(view: Bytes, options?: BytesOptions): Promise<void>;

  /**
   * The next message, which must be a Buffer.
   *
   * @param options `maxLength`: for a longer one it rejects with a `BufferTooShortError`, which has the message in `bytes`
   * @throws {MultiprocError} as `recv()`; `ERR_MULTIPROC_DESERIALIZE`: it is something else, and `recv()` gets it
   */
  recvBytes(options?: WaitOptions & { maxLength?: number | undefined }): Promise<Buffer>;

  /**
   * The next message, which must be a Buffer, into memory that is there already.
   *
   * @param offset in bytes, 0 unless given
   * @returns how many bytes it has
   * @throws {BufferTooShortError} there is no room for it; it is in `bytes`
   * @throws {MultiprocError} as `recvBytes()`
   */
  recvBytesInto(view: Bytes, offset?: number, options?: WaitOptions): Promise<number>;

  /**
   * A stream of the messages; it ends where they do. It reads one message ahead; destroyed, it takes no more, and leaves
   * what nobody has read to `recv()`. A message that is `null` is an error of it (`ERR_STREAM_NULL_VALUES`), and stays for
   * `recv()`.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_READABLE`, `ERR_MULTIPROC_CLOSED`
   */
  toReadable(): Readable;
  /**
   * A stream whose chunks are sent. Its end is that of this direction: the other end's `recv()` then finds the end, and
   * `send()` of this one rejects with `ERR_MULTIPROC_NOT_WRITABLE`, in all processes that have this end. What comes is
   * still received. An end that only sends is closed.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_NOT_WRITABLE`, `ERR_MULTIPROC_CLOSED`
   */
  toWritable(): Writable;
  /** `toReadable()` as a stream of the web, which may hold `null`. It reads nothing ahead. */
  toReadableStream(): ReadableStream<R>;
  /** `toWritable()` as a stream of the web. Aborted, it sends nothing more, and ends nothing. */
  toWritableStream(): WritableStream<S>;

  /**
   * Gives this end up in this thread; twice is fine. What was sent can still be received. Calls of this thread that wait
   * reject with `ERR_MULTIPROC_CLOSED`.
   */
  close(): void;
  [Symbol.dispose](): void;
  /** Each message as it comes, until the end. */
  [Symbol.asyncIterator](): AsyncGenerator<R, void, undefined>;
}

/** What `wait()` can wait for. */
export type WaitSource =
  | Connection<never, unknown>
  | SocketConnection
  // biome-ignore lint/suspicious/noExplicitAny: a queue both takes and gives its type
  | Queue<any, 'auto'>
  // biome-ignore lint/suspicious/noExplicitAny: see above
  | Queue<any, 'manual'>
  | Process
  | Sentinel
  | Event
  | Latch;

/**
 * Waits until at least one of several things is there, without blocking the thread; takes none of them.
 *
 * A connection is ready when `recv()` would not wait (also at its end), a queue when it is not empty or was shut down, a
 * process when it has ended, an event while it is set, a latch when it is open. Others may be faster: `tryRecv()` and
 * `tryGet()` tell.
 *
 * @param sources an array of them
 * @param options no limit unless given; 0 and less look once
 * @returns those that are ready, in the order of `sources`; none when the time was over
 * @throws {Error} `ABORT_ERR`
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE`; `ERR_INVALID_ARG_VALUE` for no sources and no limit
 * @throws {MultiprocError} `ERR_MULTIPROC_CLOSED`: one of them is closed in this thread; `ERR_MULTIPROC_NOT_STARTED`: a
 *   process was not started
 *
 * @example
 * const [first] = await wait([connection, queue, child], { timeout: 1000 });
 */
export function wait<S extends WaitSource>(sources: readonly S[], options?: WaitOptions): Promise<S[]>;

// ── Unrelated programs ────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Where a listener is found: a path in the file system; `'@name'` (or `'\0name'`), an abstract socket of Linux, without
 * a file; `'tcp://host:port'`, or an object, for TCP. `host` is `127.0.0.1` unless given; the port 0 of a listener picks a
 * free one. A path has at most 107 bytes, the folder of a listener's at most 87.
 */
export type SocketAddress = string | { host?: string | undefined; port: number };

export interface SocketOptions {
  /**
   * At least one byte; the same at both ends. Each proves that it knows the key (HMAC-SHA-256 over random numbers of
   * both); the key is not sent. What is sent afterwards is neither signed nor encrypted. TCP needs one.
   */
  authKey?: string | Uint8Array | undefined;
  /**
   * Whether the other end of a local socket may be of any user. `false` unless given: only this process's own user, and
   * root. A listener's file then has the mode 0666 instead of 0600.
   */
  anyUser?: boolean | undefined;
  /** The longest message in bytes that is taken, 1 to 2^32 - 1; 1 GiB unless given. The peer learns of it. */
  maxMessageBytes?: number | undefined;
  /**
   * Bytes, 1 MiB unless given. When more has come and was not received, the socket is not read; when more has been sent and
   * not gone out, `send()` waits. One message may always be under way, whatever its size.
   */
  highWaterMark?: number | undefined;
}

export interface ListenerOptions extends SocketOptions {
  /** Connections that may wait to be accepted, 1 to 65,535; 511 unless given. Further ones get `ECONNREFUSED`. */
  backlog?: number | undefined;
  /** Milliseconds that a client has to prove itself; 5000 unless given, `Infinity` for no limit. */
  handshakeTimeout?: number | undefined;
  /** Closes the listener. `accept()` then rejects with an `AbortError`. */
  signal?: AbortSignal | undefined;
}

export interface ConnectOptions extends SocketOptions {
  /** Milliseconds for all of it; 5000 unless given, `Infinity` for no limit. */
  timeout?: number | undefined;
  /** Ends the attempt: it rejects with an `AbortError`. */
  signal?: AbortSignal | undefined;
}

/** @internal */
export interface ListenerEvents {
  refused: [error: Error];
}

/**
 * An address at which other programs connect, children or not.
 *
 * It listens as soon as it is made, and keeps this program alive unless `unref()`d. A path that a living program listens
 * at is in use; the file of a dead one is replaced. The file has the mode 0600 and goes with `close()`, or when this program
 * exits in order, but only if it is still this listener's. An abstract name is free as soon as its program ends.
 *
 * Clients shake hands beside each other; only those that have proved themselves come to `accept()`. Who is refused
 * costs the listener nothing but the event `'refused'` (error): `ERR_MULTIPROC_AUTH` (a wrong key, another user),
 * `ERR_MULTIPROC_TIMEOUT` (silence), `ERR_MULTIPROC_EOF`, `ERR_MULTIPROC_DESERIALIZE` (it speaks something else). Of
 * 256 that shake hands at once the oldest gives way.
 *
 * @example
 * const listener = new Listener('/run/user/1000/jobs.sock', { authKey });
 * for await (const connection of listener) serve(connection);
 */
export class Listener extends EventEmitter<ListenerEvents> {
  /**
   * Listens. Does not block, but for looking up a host name.
   *
   * System calls: socket, fchmod, bind, listen, renameat2 for a path.
   *
   * @throws {Error} `EADDRINUSE`: a living program listens there, or the path is no socket; `EACCES`, `ENOENT`, … from
   *   the system, with `errno`, `syscall` and `address`; `ABORT_ERR` when `signal` is aborted already
   * @throws {MultiprocError} `ERR_MULTIPROC_AUTH` for TCP without `authKey`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
   */
  constructor(address: SocketAddress, options?: ListenerOptions);

  /** What `connect()` takes: the path, `'@name'`, or host and port as they are. */
  readonly address: string | { readonly host: string; readonly port: number };
  readonly closed: boolean;

  /**
   * The next connection that is ready, in order.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_TIMEOUT`; `ERR_MULTIPROC_CLOSED` after, or by, `close()`
   * @throws {Error} `ABORT_ERR`
   */
  accept(options?: WaitOptions): Promise<SocketConnection>;

  /** Listens no more; connections that nobody has accepted are closed, accepted ones stay. Twice is fine. */
  close(): void;

  /** Keeps this program alive, as it does at first. */
  ref(): this;
  /** Lets this program end though it listens. */
  unref(): this;

  /** Accepts one after the other; ends with `close()`. */
  [Symbol.asyncIterator](): AsyncGenerator<SocketConnection, void, undefined>;
  /** `close()` */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Connects to the listener at an address. Does not block.
 *
 * @returns a connection that both sides have agreed to
 * @throws {Error} `ECONNREFUSED` (nobody listens, or its backlog is full), `ENOENT`, `EACCES`, … with `errno`,
 *   `syscall` and `address`; `ABORT_ERR`
 * @throws {MultiprocError} `ERR_MULTIPROC_AUTH`: the keys differ, only one side has one, the listener is of another user, or
 *   TCP without a key; `ERR_MULTIPROC_TIMEOUT`; `ERR_MULTIPROC_EOF`: it ended meanwhile; `ERR_MULTIPROC_DESERIALIZE`: what
 *   listens there speaks something else
 * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
 *
 * @example
 * const connection = await connect('/run/user/1000/jobs.sock', { authKey });
 */
export function connect(address: SocketAddress, options?: ConnectOptions): Promise<SocketConnection>;

/**
 * One end of a connection: messages both ways, each as a whole, in the order in which they were sent.
 *
 * A message is a value (docs/values.md) or bytes. multiproc's own objects and shared buffers travel to a process of the same
 * family only, as handles; to anybody else they are refused (`SerializationError`). A connection itself cannot travel.
 *
 * When the peer closes or dies, what it had sent can still be received; then comes the end, `ERR_MULTIPROC_EOF`. What
 * was resolved by `send()` is in the system's hands, and survives the end of this program.
 *
 * It keeps this program alive until it is closed on either side, unless `unref()`d.
 */
export class SocketConnection implements MessageConnection {
  private constructor();

  /** Whether it was closed on this side. */
  readonly closed: boolean;

  /**
   * Sends a value. It is read before this returns: changes afterwards are not sent.
   *
   * @param options for as long as the message waits behind others. Once its first byte is out it is accepted: a timeout or
   *   an abort then resolves, and the peer gets it if it reads at all.
   * @returns resolves when the system has all of it
   * @throws {SerializationError} the value cannot travel, or not to another family; `path` tells where
   * @throws {MultiprocError} `ERR_MULTIPROC_TIMEOUT`: nothing was sent, as the peer does not read;
   *   `ERR_MULTIPROC_CHANNEL_CLOSED`: the peer has closed or died; `ERR_MULTIPROC_MESSAGE_SIZE`: more than both sides
   *   take, nothing was sent; `ERR_MULTIPROC_CLOSED`
   * @throws {Error} `ABORT_ERR`: nothing was sent
   */
  send(value: unknown, options?: WaitOptions): Promise<void>;

  /**
   * Sends a value if it need not wait behind others.
   *
   * @returns whether it was accepted. Up to `highWaterMark` bytes may still be in this process then, and end with it.
   * @throws as `send()`
   */
  trySend(value: unknown): boolean;

  /**
   * Sends bytes, as they are.
   *
   * @param view copied before this returns
   * @param options `offset`, `length`: which bytes of it, all unless given; the rest as `send()`
   */
  sendBytes(view: Bytes, options?: BytesOptions): Promise<void>;

  /**
   * The next message: a value, or a Buffer. Calls that wait at the same time are served in order.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_EOF`: the end; `ERR_MULTIPROC_TIMEOUT`; `ERR_MULTIPROC_DESERIALIZE`: the
   *   message is no valid value; it is used up. `ERR_MULTIPROC_MESSAGE_SIZE`: the peer announced more than
   *   `maxMessageBytes`, the connection is closed. `ERR_MULTIPROC_CLOSED`
   * @throws {Error} `ABORT_ERR`; no message is lost
   */
  recv(options?: WaitOptions): Promise<unknown>;

  /**
   * The next message that has come, or `otherwise`. It sees what the event loop has read from the socket.
   *
   * @throws {MultiprocError} as `recv()`
   */
  tryRecv<T = undefined>(otherwise?: T): unknown | T;

  /**
   * The next message, which must be a Buffer.
   *
   * @param options `maxLength`: for a longer one it rejects with a `BufferTooShortError`, which has the message in `bytes`
   * @throws {MultiprocError} as `recv()`; `ERR_MULTIPROC_DESERIALIZE`: it is something else, and `recv()` gets it
   */
  recvBytes(options?: WaitOptions & { maxLength?: number | undefined }): Promise<Buffer>;

  /**
   * The next message, which must be a Buffer, into memory that is there already.
   *
   * @param offset in bytes, 0 unless given
   * @returns how many bytes it has
   * @throws {BufferTooShortError} there is no room for it; it is in `bytes`
   * @throws {MultiprocError} as `recvBytes()`
   */
  recvBytesInto(view: Bytes, offset?: number, options?: WaitOptions): Promise<number>;

  /**
   * Whether there is a message, or the end. Takes none.
   *
   * @returns `false`: not in time
   */
  poll(options?: WaitOptions): Promise<boolean>;

  /** Keeps this program alive, as it does at first. */
  ref(): this;
  /** Lets this program end though the connection is open. */
  unref(): this;

  /** Closes this end. What was given to `send()` still goes out; what has come and was not received is dropped. */
  close(): void;
  /** `close()` */
  [Symbol.dispose](): void;
  /** `close()`, and resolves when all has gone out, or the peer is gone */
  [Symbol.asyncDispose](): Promise<void>;
  /** The values, until the peer closes or ends between two messages. */
  [Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined>;
}

/**
 * A FIFO: bytes in one direction between any programs that know its path, those of other languages included.
 *
 * The ends are Node's streams. Neither blocks the event loop or a thread while it waits. Several writers share one
 * pipe; a `write()` of up to 4096 bytes is not mixed with theirs. With several readers, each byte goes to one of them.
 *
 * @example
 * using pipe = NamedPipe.create('/tmp/log.fifo');
 * for await (const chunk of await pipe.openRead()) process.stdout.write(chunk);
 */
export class NamedPipe {
  /**
   * One that is there, or will be when it is opened. Touches no file.
   *
   * @throws {TypeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
   */
  constructor(path: string | URL);

  /**
   * Makes the file, unless there is such a pipe. Does not block. System calls: mkfifo, chmod.
   *
   * @param options `mode`: 0o600 unless given, whatever the umask is; a pipe that is there keeps its own. `exclusive`: one
   *   that is there is an error
   * @throws {Error} `EEXIST`: the path is something else, or `exclusive`; `EACCES`, `ENOENT`, …, with `path`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
   */
  static create(
    path: string | URL,
    options?: { mode?: number | undefined; exclusive?: boolean | undefined },
  ): NamedPipe;

  readonly path: string;

  /**
   * Opens the reading end. It is there at once, also before there is a writer.
   *
   * @param options `signal` also destroys the stream, later on
   * @returns what the writers write, until the last of them has closed its end or died: then it ends (`'end'`). Open it
   *   again for the next ones.
   * @throws {Error} `ENOENT`, `EACCES`, …; `ABORT_ERR`
   * @throws {MultiprocError} `ERR_MULTIPROC_UNSUPPORTED`: the path is no named pipe
   */
  openRead(options?: { signal?: AbortSignal | undefined }): Promise<Readable>;

  /**
   * Opens the writing end. Waits for a reader: looks anew after 1 millisecond, then after up to 50.
   *
   * @param options `signal` also destroys the stream, later on
   * @returns a stream whose writes fail with `EPIPE` (`'error'`) when the last reader has closed its end or died. Call
   *   `end()`.
   * @throws {MultiprocError} `ERR_MULTIPROC_TIMEOUT`: no reader came; `ERR_MULTIPROC_UNSUPPORTED`: the path is no named pipe
   * @throws {Error} `ENOENT`, `EACCES`, …; `ABORT_ERR`
   */
  openWrite(options?: WaitOptions): Promise<Writable>;

  /** Removes the file; ends that are open go on. No file is fine. */
  unlink(): void;
  /** `unlink()`, if it was this object that made the file */
  [Symbol.dispose](): void;
}

/** A message of a `MessageQueue`. */
export interface QueuedMessage {
  data: Buffer;
  /** 0 to 32,767, the highest first. */
  priority: number;
}

export interface MessageQueueOptions {
  /** Makes the queue if there is none. `false` unless given, but `true` with `exclusive`. */
  create?: boolean | undefined;
  /** A queue that is there already is an error. */
  exclusive?: boolean | undefined;
  /** Of a queue that is made: how many messages it holds; 10 unless given. The system limits it. */
  maxMessages?: number | undefined;
  /** Of a queue that is made: the longest message in bytes; 8192 unless given. The system limits it. */
  messageSize?: number | undefined;
  /** Of a queue that is made: 0o600 unless given, less the umask. */
  mode?: number | undefined;
}

/**
 * A POSIX message queue: messages of bytes with priorities, bounded, shared with programs in any language.
 *
 * The system keeps the queue and its messages, whoever dies, until `unlink()` or a restart. The highest priority comes
 * first, within one the oldest. Waiting takes no thread. Several calls of one thread are served in order; among
 * threads and processes the system decides. A call that waits keeps the program alive.
 *
 * @example
 * using queue = MessageQueue.open('/jobs', { create: true, maxMessages: 10, messageSize: 1024 });
 * await queue.send('urgent', { priority: 9 });
 * const { data, priority } = await queue.receive({ timeout: 1000 });
 */
export class MessageQueue {
  private constructor();

  /**
   * Opens a queue, for both directions. Does not block. System calls: mq_open, mq_getattr.
   *
   * @param name a slash and 1 to 255 bytes without one
   * @throws {Error} `ENOENT` without `create`; `EEXIST` with `exclusive`; `EINVAL`: `maxMessages` or `messageSize` is more
   *   than the system takes (the message tells how much that is); `EACCES`; `EMFILE`, `ENOSPC`: limits, which the message
   *   names; with `errno`, `syscall` and `path`
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
   */
  static open(name: string, options?: MessageQueueOptions): MessageQueue;

  /**
   * Removes a queue's name; it goes when the last program closes it.
   *
   * @throws {Error} `ENOENT`, `EACCES`
   */
  static unlink(name: string): void;

  readonly name: string;
  /** What the queue was made with, and how many messages it holds now. */
  readonly attributes: { maxMessages: number; messageSize: number; currentMessages: number };

  /**
   * Puts a message into the queue, as soon as there is room.
   *
   * @param data a string (as UTF-8) or bytes, copied before this returns; may be empty
   * @param options `priority`: 0 to 32,767, 0 unless given
   * @returns resolves when the system has it
   * @throws {MultiprocError} `ERR_MULTIPROC_TIMEOUT`; `ERR_MULTIPROC_MESSAGE_SIZE`; `ERR_MULTIPROC_CLOSED`
   * @throws {Error} `ABORT_ERR`. Nothing was sent, as with the others.
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`
   */
  send(data: string | ArrayBufferView, options?: WaitOptions & { priority?: number | undefined }): Promise<void>;

  /**
   * Puts a message into the queue if there is room.
   *
   * @returns whether there was
   * @throws as `send()`
   */
  trySend(data: string | ArrayBufferView, options?: { priority?: number | undefined }): boolean;

  /**
   * Takes the next message, as soon as there is one.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_TIMEOUT`; `ERR_MULTIPROC_CLOSED`
   * @throws {Error} `ABORT_ERR`. No message is lost.
   */
  receive(options?: WaitOptions): Promise<QueuedMessage>;

  /** Takes the next message, if there is one. */
  tryReceive(): QueuedMessage | undefined;

  /** Closes it for this thread; calls that wait reject with `ERR_MULTIPROC_CLOSED`. Twice is fine. The queue stays. */
  close(): void;

  /** As the static one; a queue that has no name any more is fine. Also after `close()`. */
  unlink(): void;
  /** `close()` */
  [Symbol.dispose](): void;
}

// ── Pool ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The limits are those of each worker, and it meets them over its whole life, which is that of many tasks. */
export interface PoolOptions extends ProcessLimits {
  /** How many worker processes, 1 to 255; `cpuCount()` unless given. */
  workers?: number | undefined;
  /** 1 to 200 bytes; its workers are called `NAME:0`, `NAME:1`, … `Pool-1`, `Pool-2`, … unless given. */
  name?: string | undefined;
  /** The workers' environment; that of this process unless given. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Flags for Node.js; those of this process unless given, in both cases without the debugger's, profiler's and test runner's. */
  execArgv?: string[] | undefined;
  /** The workers' working directory; that of this process unless given. */
  cwd?: string | URL | undefined;
  /**
   * As in `node:child_process`; `'inherit'` unless given. Nobody reads a `'pipe'`. `'prefix'`: what a worker prints is shown in
   * whole lines, with `[NAME PID] ` before each.
   */
  stdio?: ShownStdio | undefined;
  /** How the workers are started; what `setStartMethod()` has chosen unless given. See there, and docs/start-methods.md. */
  startMethod?: StartMethod | undefined;
  /** The size of V8's heap (its old generation) in each worker, in MiB, 8 or more. Beyond it the worker is aborted: `'heap-oom'`. */
  maxHeapMb?: number | undefined;
}

export interface MapOptions {
  /** Items for each task, at least 1; unless given, so many that each worker gets about four tasks. */
  chunkSize?: number | undefined;
  /** Rejects with an `AbortError`. Items that no worker has taken may still be run; their results are dropped. */
  signal?: AbortSignal | undefined;
}

/**
 * Worker processes that take tasks from a queue in shared memory.
 *
 * Workers start with the first task. A worker runs one task at a time and awaits it. Tasks start in the order in which
 * they were given. A waiting pool keeps the program alive only while it has tasks; its workers end with this process.
 *
 * Death: when a worker dies, also of a limit that it met, the task it was running rejects with a `WorkerDiedError`, a new
 * worker takes its place, and all other tasks go on. No task is run twice. When workers die three times in a row before they are ready, all tasks
 * reject with `ERR_MULTIPROC_POOL_BROKEN`.
 *
 * @example
 * const pool = new Pool();
 * const sizes = await pool.map((file) => require('node:fs').statSync(file).size, files);
 * pool.close();
 * await pool.join();
 */
export class Pool {
  /**
   * @throws {TypeError|RangeError} `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`
   */
  constructor(options?: PoolOptions);

  readonly name: string;
  /** How many workers the pool has when it works. */
  readonly size: number;
  /** The workers that there are now; none before the first task. */
  readonly workers: Array<{ pid: number | undefined; index: number }>;

  /**
   * Runs a function in a worker, once. Does not block.
   *
   * @param fn a function that stands alone, one made by `defineTasks()`, or `{ module, export }`
   * @param args its arguments; copied, except for multiproc's own objects and shared buffers
   * @returns what it returned. Rejects with what it threw; `WorkerDiedError`; `SerializationError` (an argument or the
   *   result cannot travel); `ERR_MULTIPROC_CLOSURE`, `ERR_MULTIPROC_TARGET`, `ERR_MULTIPROC_POOL_CLOSED`,
   *   `ERR_MULTIPROC_POOL_TERMINATED`, `ERR_MULTIPROC_POOL_BROKEN`, `ERR_MULTIPROC_SHM_SPACE`
   */
  run<A extends unknown[], R>(fn: TargetFunction<A, R>, ...args: A): Promise<R>;
  run<R = unknown>(target: ModuleTarget, ...args: unknown[]): Promise<R>;

  /**
   * As `run()`, with the arguments in an array and a way to give up.
   *
   * @param options `signal` rejects the promise with an `AbortError`; a worker that has taken the task goes on with it
   */
  apply<R>(
    fn: TargetFunction<[], R>,
    args?: readonly [] | undefined,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<R>;
  apply<A extends unknown[], R>(
    fn: TargetFunction<A, R>,
    args: readonly [...A],
    options?: { signal?: AbortSignal | undefined },
  ): Promise<R>;
  apply<R = unknown>(
    target: ModuleTarget,
    args?: readonly unknown[] | undefined,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<R>;

  /**
   * Calls a function with each item, in the workers. Does not block.
   *
   * The items are collected first, then handed over in chunks; a chunk is one task, whose items run one after the other.
   * When an item fails, the rest of its chunk is not run, the other chunks are, and the promise rejects when all have
   * ended, with the failure that is first in the order of the items. When a worker dies, that is the failure of the
   * chunk that it had.
   *
   * @param fn called with one argument, the item
   * @param iterable the items, an endless one never gets to work
   * @returns the results, in the order of the items. Rejects as `run()` does.
   */
  map<T, R>(
    fn: TargetFunction<[item: T], R>,
    iterable: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): Promise<R[]>;
  map<R = unknown>(
    target: ModuleTarget,
    iterable: Iterable<unknown> | AsyncIterable<unknown>,
    options?: MapOptions,
  ): Promise<R[]>;

  /** Takes no more tasks; those that it has are done, then the workers end. Returns at once; `join()` waits. */
  close(): void;

  /**
   * Waits until all tasks are done and all workers have ended.
   *
   * @throws {MultiprocError} `ERR_MULTIPROC_POOL_CLOSED` when neither `close()` nor `terminate()` was called before
   */
  join(): Promise<void>;

  /** Kills the workers (SIGKILL); all tasks reject with `ERR_MULTIPROC_POOL_TERMINATED`. Resolves when all have ended. */
  terminate(): Promise<void>;

  /** `close()` and `join()` */
  [Symbol.asyncDispose](): Promise<void>;
}

// ── Errors ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The `code` of every error that multiproc itself raises; docs/errors.md says when, and what to do. */
export type ErrorCode =
  | 'ERR_MULTIPROC_PLATFORM'
  | 'ERR_MULTIPROC_BINDING'
  | 'ERR_MULTIPROC_DOMAIN'
  | 'ERR_MULTIPROC_SHM_SPACE'
  | 'ERR_MULTIPROC_AGENTS'
  | 'ERR_MULTIPROC_HANDLE'
  | 'ERR_MULTIPROC_NAME'
  | 'ERR_MULTIPROC_CLOSED'
  | 'ERR_MULTIPROC_LOCK_NOT_HELD'
  | 'ERR_MULTIPROC_LOCK_NOT_OWNER'
  | 'ERR_MULTIPROC_SEM_BOUND'
  | 'ERR_MULTIPROC_WAITERS'
  | 'ERR_MULTIPROC_DEADLOCK'
  | 'ERR_MULTIPROC_SEM_OVERFLOW'
  | 'ERR_MULTIPROC_BROKEN_BARRIER'
  | 'ERR_MULTIPROC_SERIALIZE'
  | 'ERR_MULTIPROC_DESERIALIZE'
  | 'ERR_MULTIPROC_CLOSURE'
  | 'ERR_MULTIPROC_TARGET'
  | 'ERR_MULTIPROC_ALREADY_STARTED'
  | 'ERR_MULTIPROC_NOT_STARTED'
  | 'ERR_MULTIPROC_STILL_RUNNING'
  | 'ERR_MULTIPROC_BOOTSTRAP'
  | 'ERR_MULTIPROC_START_METHOD'
  | 'ERR_MULTIPROC_PROCESS_DIED'
  | 'ERR_MULTIPROC_COMMAND_FAILED'
  | 'ERR_MULTIPROC_REMOTE'
  | 'ERR_MULTIPROC_WORKER_DIED'
  | 'ERR_MULTIPROC_POOL_CLOSED'
  | 'ERR_MULTIPROC_POOL_TERMINATED'
  | 'ERR_MULTIPROC_POOL_BROKEN'
  | 'ERR_MULTIPROC_CHANNEL_CLOSED'
  | 'ERR_MULTIPROC_QUEUE_CLOSED'
  | 'ERR_MULTIPROC_QUEUE_FULL'
  | 'ERR_MULTIPROC_QUEUE_EMPTY'
  | 'ERR_MULTIPROC_TASK_DONE'
  | 'ERR_MULTIPROC_NOT_READABLE'
  | 'ERR_MULTIPROC_NOT_WRITABLE'
  | 'ERR_MULTIPROC_EOF'
  | 'ERR_MULTIPROC_TIMEOUT'
  | 'ERR_MULTIPROC_BUFFER_TOO_SHORT'
  | 'ERR_MULTIPROC_MESSAGE_SIZE'
  | 'ERR_MULTIPROC_AUTH'
  | 'ERR_MULTIPROC_UNSUPPORTED'
  | 'ERR_MULTIPROC_INTERNAL';

/**
 * What every error of multiproc itself is. Bad arguments are `TypeError` and `RangeError` with Node's own codes, an
 * aborted wait is an `AbortError` with the code `ABORT_ERR`.
 */
export class MultiprocError extends Error {
  constructor(code: ErrorCode, message: string, details?: { cause?: unknown; [property: string]: unknown });
  code: ErrorCode;
}

/** The barrier is broken: a party died, gave up, or aborted it. */
export class BrokenBarrierError extends MultiprocError {
  constructor(message: string, details?: { cause?: unknown; [property: string]: unknown });
  code: 'ERR_MULTIPROC_BROKEN_BARRIER';
  /** Whose death broke it; absent when it was a timeout, an abort or a reset. */
  deadParty?: AgentInfo;
}

/** A queue was full for as long as the call could wait; nothing was put. */
export class QueueFullError extends MultiprocError {
  constructor(message: string, details?: { cause?: unknown; [property: string]: unknown });
  code: 'ERR_MULTIPROC_QUEUE_FULL';
}

/** A queue was empty for as long as the call could wait. */
export class QueueEmptyError extends MultiprocError {
  constructor(message: string, details?: { cause?: unknown; [property: string]: unknown });
  code: 'ERR_MULTIPROC_QUEUE_EMPTY';
}

/** A message does not fit the memory that was given for it. */
export class BufferTooShortError extends MultiprocError {
  constructor(message: string, details?: { cause?: unknown; [property: string]: unknown });
  code: 'ERR_MULTIPROC_BUFFER_TOO_SHORT';
  /** The message. */
  bytes: Buffer;
}

/** One process of a cycle of waits. */
export interface DeadlockMember {
  pid: number;
  /** The thread in that process; the main thread's is `pid`. */
  threadId: number;
  /** As given to `new Process()`; `''` unless given. */
  name: string;
  /** What it holds and the one before it waits for, as in `lock "jobs"`. */
  holds: string;
  /** What it waits for, and the next one holds. */
  waitsFor: string;
}

/**
 * The wait would never have ended: it closed a cycle of waits, each for what the next one holds. Nothing was acquired.
 * See `setDeadlockPolicy()` for what counts.
 */
export class DeadlockError extends MultiprocError {
  constructor(message: string, details?: { cause?: unknown; [property: string]: unknown });
  code: 'ERR_MULTIPROC_DEADLOCK';
  /** Each waits for what the next one holds, the last one for what the first holds. */
  cycle: DeadlockMember[];
}

/** A value cannot travel to another process. */
export class SerializationError extends MultiprocError {
  constructor(message: string, details?: { cause?: unknown; [property: string]: unknown });
  code: 'ERR_MULTIPROC_SERIALIZE';
  /** The place inside the value, as in `args[0].rows[3].callback`. */
  path: string;
}

/** A process ended before its function returned, or could not be started (then with `cause`). */
export class ProcessDiedError extends MultiprocError {
  constructor(message: string, details?: { cause?: unknown; [property: string]: unknown });
  code: 'ERR_MULTIPROC_PROCESS_DIED';
  /** Absent when the process could not be started. */
  pid?: number;
  /** `null` when a signal ended it; absent when it could not be started. */
  exitCode?: number | null;
  /** `null` when it exited; absent when it could not be started. */
  signalCode?: NodeJS.Signals | null;
  exitReason: Exclude<ExitReason, 'ok'>;
}

/** A pool's worker died while it ran the task. */
export class WorkerDiedError extends MultiprocError {
  constructor(message: string, details?: { cause?: unknown; [property: string]: unknown });
  code: 'ERR_MULTIPROC_WORKER_DIED';
  pid: number;
  /** `null` when a signal ended it. */
  exitCode: number | null;
  /** `null` when it exited. */
  signalCode: NodeJS.Signals | null;
  /** `'ok'`: it ended with exit code 0, before the task was done. */
  exitReason: ExitReason;
}

/** A command could not be started, did not exit with 0, or was ended before its time: what `child.result` rejects with. */
export class CommandError extends MultiprocError {
  constructor(message: string, details?: { cause?: unknown; [property: string]: unknown });
  code: 'ERR_MULTIPROC_COMMAND_FAILED';
  /** The command and its arguments, with spaces between them. */
  command: string;
  /** `undefined` when it could not be started; then `cause` is why. */
  pid: number | undefined;
  /** `null` when a signal ended it, or it could not be started. */
  exitCode: number | null;
  /** `null` when it exited, or could not be started. */
  signalCode: NodeJS.Signals | null;
  exitReason: ExitReason;
  stdout: string | Buffer | null;
  stderr: string | Buffer | null;
  /** Both, in the order in which they came. */
  all: string | Buffer | null;
  durationMs: number;
  /** Whether `timeout` ended it. */
  timedOut: boolean;
  /** Whether `signal` ended it; then `cause` is the `AbortError`. */
  isCanceled: boolean;
  /** Whether it was ended because it printed more than `maxBuffer`. */
  isMaxBuffer: boolean;
  /** Whether a signal ended it, whoever sent that. */
  isTerminated: boolean;
  /** Whether that signal was SIGKILL. */
  isForcefullyTerminated: boolean;
}

/** For things thrown in another process that are no errors. Not raised by this version, which throws them as they are. */
export class RemoteError extends MultiprocError {
  constructor(message: string, details?: { cause?: unknown; [property: string]: unknown });
  code: 'ERR_MULTIPROC_REMOTE';
  value: unknown;
}

/**
 * Makes errors of a class arrive as that class: call it in every process that receives them.
 *
 * @param Class identified by its `name`. Its constructor is not called for errors that arrive.
 * @throws {TypeError} `ERR_INVALID_ARG_TYPE` for anything but a named class that extends `Error`
 */
// biome-ignore lint/suspicious/noExplicitAny: constructors with any parameters
export function registerError(Class: abstract new (...args: any[]) => Error): void;
