/** A WebSocket client on plain TCP that reads only as many bytes as the spec says, like a client on a slow line. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Frame } from './wire-client.js';

const FINAL_TEXT = 0x81;
const MASKED = 0x80;
const CLOSE = 0x8;

/** One connection that reads slowly. */
export class SlowReader {
  /** Frames read so far. */
  readonly frames: Frame[] = [];
  private readonly tcp: Socket;
  private unread: Buffer[] = [];
  private unreadBytes = 0;
  private hasHead = false;
  private onFrame: () => void = () => undefined;

  private constructor(tcp: Socket) {
    this.tcp = tcp;
    tcp.on('error', () => undefined);
  }

  /** Connects, subscribes from now on, and stops reading. */
  static async open(url: string, user: string, threads: readonly string[]): Promise<SlowReader> {
    const { hostname, port } = new URL(url);
    const tcp = connect(Number(port), hostname);
    await once(tcp, 'connect');
    const reader = new SlowReader(tcp);
    const key = randomBytes(16).toString('base64');
    tcp.write(
      `GET /ws HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`
    );
    // No frame may be sent before the server has accepted the upgrade.
    while (!reader.hasHead) {
      await once(tcp, 'readable');
      reader.readSome(65_536);
    }
    reader.send({ type: 'connect', user });
    for (const thread of threads) reader.send({ type: 'subscribe', thread });
    while (reader.frames.filter(({ type }) => type === 'caught_up').length < threads.length) {
      reader.readSome(65_536);
      await once(tcp, 'readable');
    }
    return reader;
  }

  /** Sends one small frame. */
  send(frame: object): void {
    const payload = Buffer.from(JSON.stringify(frame));
    if (payload.length > 125) throw new Error('only small frames are sent here');
    // A mask of zeros is allowed and leaves the payload unchanged.
    const head = [FINAL_TEXT, MASKED | payload.length, 0, 0, 0, 0];
    this.tcp.write(Buffer.concat([Buffer.from(head), payload]));
  }

  /** Reads at most this many of the bytes that have arrived. */
  readSome(bytes: number): void {
    const size = Math.min(bytes, this.tcp.readableLength);
    const chunk: unknown = size === 0 ? this.tcp.read(0) : this.tcp.read(size);
    if (Buffer.isBuffer(chunk)) this.take(chunk);
  }

  /** Reads as fast as possible, until the function returns true for the frames. */
  async readUntil(isDone: (frames: readonly Frame[]) => boolean): Promise<void> {
    if (this.tcp.listenerCount('data') === 0) {
      this.tcp.on('data', (chunk: Buffer) => {
        this.take(chunk);
      });
      this.tcp.resume();
    }
    const closed = once(this.tcp, 'close').then(() => {
      throw new Error(`the connection ended after ${String(this.frames.length)} frames`);
    });
    await Promise.race([
      closed,
      new Promise<void>((resolve) => {
        this.onFrame = () => {
          if (isDone(this.frames)) resolve();
        };
        this.onFrame();
      })
    ]);
    closed.catch(() => undefined);
  }

  /** Cuts the connection. */
  cut(): void {
    this.tcp.destroy();
  }

  private take(chunk: Buffer): void {
    this.unread.push(chunk);
    this.unreadBytes += chunk.length;
    for (;;) {
      const need = this.next();
      if (need === null || need > this.unreadBytes) return;
    }
  }

  /** Takes one frame out of the bytes read; null when none is complete. */
  private next(): number | null {
    if (this.unreadBytes < 2) return null;
    const data = this.unread.length === 1 ? this.unread[0]! : Buffer.concat(this.unread);
    this.unread = [data];
    if (!this.hasHead) {
      const end = data.indexOf('\r\n\r\n');
      if (end < 0) return null;
      this.hasHead = true;
      return this.drop(data, end + 4);
    }
    const short = data[1]! & 0x7f;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (data.length < start) return null;
    const length =
      short === 126
        ? data.readUInt16BE(2)
        : short === 127
          ? Number(data.readBigUInt64BE(2))
          : short;
    if (data.length < start + length) return null;
    const payload = data.subarray(start, start + length);
    if ((data[0]! & 0xf) !== CLOSE) {
      for (const line of payload.toString().split('\n'))
        this.frames.push(JSON.parse(line) as Frame);
      this.onFrame();
    }
    return this.drop(data, start + length);
  }

  private drop(data: Buffer, bytes: number): number {
    const rest = data.subarray(bytes);
    this.unread = rest.length === 0 ? [] : [rest];
    this.unreadBytes = rest.length;
    return 2;
  }
}
