// What a TypeScript user may write about processes. Compiled, never run. `Same` pins the inferred types.

import type { ChildProcess } from 'node:child_process';
import {
  cpuCount,
  currentProcess,
  daemonize,
  exec,
  type ExitReason,
  type ForkServer,
  fork,
  forkServer,
  forwardSignals,
  getStartMethod,
  Pool,
  parentProcess,
  PriorityQueue,
  Process,
  type ProcessEnd,
  type ProcessUsage,
  processState,
  Queue,
  type Sentinel,
  type StartMethod,
  setStartMethod,
  spawn,
  stopOnSignals,
  type Supervisor,
  supervise,
  type UnreapedChildProcess,
  wait,
} from 'multiproc';

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
function same<A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void {}

export async function processes(): Promise<void> {
  const child = new Process((n) => n + 1, {
    args: [1],
    orphan: 'allow',
    reap: 'manual',
    timeout: 1000,
    maxHeapMb: 100,
    maxRss: 2 ** 30,
    nice: 5,
    cpus: [0],
    nofile: 64,
    cpuTime: 1000,
    inspect: 'auto',
  });
  same<typeof child.state, 'new' | 'started' | 'exited' | 'closed'>();
  same<typeof child.exitReason, ExitReason | null>();
  same<typeof child.sentinel, Sentinel>();
  const usage: ProcessUsage | null = child.usage();
  const ended: boolean = child.joinSync(10);
  const end: ProcessEnd | null = await child.wait({ timeout: 10 });
  await child.terminate({ grace: 10, tree: false });
  await child.requestStop({ any: 'reason' }, { grace: Infinity });
  child.signal('SIGTERM', { tree: true });
  child.close();
  const ready = await wait([child.sentinel], { timeout: 10 });
  const queues = await wait([
    new Queue<number>(),
    new Queue<string, 'manual'>({ ackMode: 'manual' }),
    new PriorityQueue<Date>(),
  ]);
  same<(typeof queues)[number], Queue<number> | Queue<string, 'manual'> | PriorityQueue<Date>>();
  await wait([new Queue(), child, child.sentinel]);
  const manual = fork('child.js', { reap: 'manual' });
  same<typeof manual, UnreapedChildProcess>();
  const printed: string | null = (await manual.result).stdout;
  console.log(printed);
  same<typeof ready, Sentinel[]>();
  const { state, cpu } = processState(1);
  const user: number | undefined = cpu?.user;
  const signal: AbortSignal = currentProcess().stopSignal;
  parentProcess()?.once('exit', () => {});
  const cores: number = cpuCount({ physical: true });
  void [usage, ended, end, state, user, signal, cores];
}

class Sub extends Process<[], string> {
  word = 'x';

  constructor() {
    super(undefined);
  }

  override async run(): Promise<string> {
    return this.word;
  }
}

export function others(pool: Pool): void {
  const unreaped = spawn('true', { reap: 'manual' });
  same<typeof unreaped, UnreapedChildProcess>();
  const limited: ChildProcess = spawn('true', [], { nice: 3, cpus: [0], maxRss: 1e9 });
  const program = fork('x.js', { orphan: 'allow', nofile: 100 });
  const reasons: (ExitReason | null)[] = [unreaped.exitReason, program.exitReason, exec('true').exitReason];
  new Pool({ startMethod: 'forkserver', stdio: 'prefix' });
  new Process(() => 1, { startMethod: 'spawn', stdio: ['ignore', 'prefix', 'inherit'] });
  new Pool({ maxHeapMb: 64, maxRss: 1e9, nice: 3, cpus: [0], nofile: 100, cpuTime: 1000 });
  const supervisor: Supervisor = supervise(() => fork('x.js'), {
    backoff: { base: 1, cap: 2, jitter: 0 },
    maxRestarts: 3,
  });
  supervisor.on('restart', ({ attempt, delay, exitCode }) => void [attempt, delay, exitCode]);
  supervise({ module: './x.js' }, { args: [1], process: { name: 'x' }, restart: 'always' });
  forwardSignals(['SIGTERM'], [limited, new Sub()]).close();
  const { stopped } = stopOnSignals('SIGINT', [pool, program, supervisor, new Sub()], { grace: 100, end: false });
  same<typeof stopped, Promise<NodeJS.Signals>>();
  void reasons;
}

export async function startMethods(): Promise<void> {
  setStartMethod('forkserver', { preload: ['typescript', new URL('file:///x.js')], force: true });
  const chosen: StartMethod = getStartMethod();
  const server: ForkServer = forkServer;
  const isReady: boolean = await server.ready();
  const { state, pid, reason } = server;
  same<typeof state, 'off' | 'starting' | 'testing' | 'ready' | 'refused'>();
  same<typeof pid, number | null>();
  const how: StartMethod | null = new Process(() => 1, { startMethod: 'forkserver' }).startMethod;
  fork('x.js', { startMethod: 'forkserver' });
  new Pool({ startMethod: 'spawn' });
  if (!isReady) server.stop();
  daemonize({ stdout: 'log', stderr: 'errors', pidFile: 'pid', cwd: '/', umask: 0o022 });
  void [chosen, reason, how];
}
