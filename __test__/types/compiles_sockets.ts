// What a TypeScript user may write about unrelated programs. Compiled, never run. `Same` pins the inferred types.

import type { Readable, Writable } from 'node:stream';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import {
  type BufferTooShortError,
  connect,
  type ConnectOptions,
  Listener,
  type ListenerOptions,
  type MessageConnection,
  MessageQueue,
  NamedPipe,
  Pipe,
  type QueuedMessage,
  type SocketAddress,
  SocketConnection,
} from 'multiproc';

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
function same<A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void {}

export async function sockets(signal: AbortSignal): Promise<void> {
  const address: SocketAddress = { port: 0 };
  const options: ListenerOptions = { authKey: new Uint8Array(8), backlog: 5, handshakeTimeout: 100, signal };
  const wanted: ConnectOptions = { authKey: 'key', anyUser: true, maxMessageBytes: 1, highWaterMark: 1, timeout: 1 };
  await using listener = new Listener(address, options).unref();
  listener.on('refused', (error) => same<typeof error, Error>());
  const accepted = await listener.accept({ timeout: 5 });
  same<typeof accepted, SocketConnection>();
  for await (const next of listener) same<typeof next, SocketConnection>();
  using connection = await connect(listener.address, wanted);
  await connection.send({ any: 1 }, { signal });
  same<ReturnType<SocketConnection['trySend']>, boolean>();
  await connection.sendBytes(Buffer.alloc(3), { offset: 1, length: 2, timeout: 1 });
  const bytes = await connection.recvBytes({ maxLength: 10 });
  same<typeof bytes, Buffer>();
  const count = await connection.recvBytesInto(new Float64Array(2), 8, { timeout: 5 });
  same<typeof count, number>();
  for await (const message of connection) same<typeof message, unknown>();
  same<BufferTooShortError['bytes'], Buffer>();
  // @ts-expect-error a key is text or bytes
  await connect('path', { authKey: 5 });
  // @ts-expect-error connections are made by connect() and accept()
  new SocketConnection();
  // @ts-expect-error a listener has an address
  new Listener();
}

/** Either kind of connection will do. */
export async function echo(connection: MessageConnection<string, number>): Promise<void> {
  for await (const message of connection) await connection.send(String(message), { timeout: 5 });
  same<ReturnType<typeof connection.recv>, Promise<number>>();
  const bytes = await connection.recvBytes({ maxLength: 10 });
  await connection.sendBytes(bytes.buffer, { offset: 1, length: 2 });
  // @ts-expect-error it sends text
  await connection.send(5);
}

export async function connections(address: SocketAddress): Promise<void> {
  const [one, other] = Pipe<string, number>();
  await echo(one);
  // @ts-expect-error the other end sends numbers
  await echo(other);
  const either: MessageConnection = await connect(address);
  either.close();
  const incoming: ReadableStream<number> = one.toReadableStream();
  const outgoing: WritableStream<string> = one.toWritableStream();
  await outgoing.getWriter().write('text');
  const { value } = await incoming.getReader().read();
  const read: number | undefined = value;
  await outgoing.getWriter().write(String(read));
  const readable: Readable = one.toReadable();
  readable.pipe(other.toWritable());
}

export async function pipes(signal: AbortSignal): Promise<void> {
  using pipe = NamedPipe.create(new URL('file:///tmp/x'), { mode: 0o600, exclusive: true });
  const reader: Readable = await pipe.openRead({ signal });
  const writer: Writable = await pipe.openWrite({ timeout: 5 });
  reader.pipe(writer);
  // @ts-expect-error the reading end is there at once
  await pipe.openRead({ timeout: 5 });
}

export async function queues(): Promise<void> {
  using queue = MessageQueue.open('/name', { create: true, maxMessages: 1, messageSize: 2, mode: 0o600 });
  await queue.send('text', { priority: 1, timeout: 5 });
  same<ReturnType<typeof queue.trySend>, boolean>();
  const message: QueuedMessage = await queue.receive();
  same<typeof message.data, Buffer>();
  same<ReturnType<typeof queue.tryReceive>, QueuedMessage | undefined>();
  // @ts-expect-error a queue carries bytes
  await queue.send({ a: 1 });
  // @ts-expect-error queues are opened
  new MessageQueue();
}
