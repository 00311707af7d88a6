/**
 * The generator's side of the protocol of NATS. The broker puts as many messages as it has into one frame of a WebSocket, so
 * that the frames are parts of a stream of bytes.
 */
import { binaryFrame, type RawSocket } from '../wire.js';

const LINE_END = '\r\n';
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const M = 0x4d;
const PLUS = 0x2b;

/** With `verbose` each publish is answered with `+OK`, which counts as its ack. */
const CONNECT = 'CONNECT {"verbose":true,"pedantic":false,"lang":"bench","version":"1"}';

/** Introduces a connection to the broker and subscribes it to a thread, or to none; resolves when the broker has done so. */
export async function joinNats(socket: RawSocket, thread: string | null): Promise<void> {
  let isJoined = false;
  await new Promise<void>((resolve, reject) => {
    const stream = new NatsStream({
      message: (chunk, start, end) => {
        socket.message(chunk, start, end);
      },
      ok: () => {
        // The first answers are those to CONNECT and SUB.
        if (isJoined) socket.acked();
      },
      line: (text) => {
        if (text === 'PING') socket.send(binaryFrame(`PONG${LINE_END}`));
        else if (text.startsWith('-ERR')) reject(new Error(`the broker said ${text}`));
        else if (text === 'PONG') {
          isJoined = true;
          resolve();
        }
      }
    });
    socket.onBytes = (chunk, start, end) => {
      stream.take(chunk, start, end);
    };
    const lines = [CONNECT, ...(thread === null ? [] : [`SUB ${thread} 1`]), 'PING'];
    socket.send(binaryFrame(lines.map((line) => `${line}${LINE_END}`).join('')));
  });
}

/** What is made of the stream. */
export interface NatsListener {
  /** A message that was published, as a range of bytes. */
  message(chunk: Buffer, start: number, end: number): void;
  /** `+OK`: the broker has taken what was sent. */
  ok(): void;
  /** Any other line, for instance `PING`. */
  line(text: string): void;
}

/** Reads what a broker sends to one connection. */
export class NatsStream {
  private readonly listener: NatsListener;
  private carry: Buffer | null = null;

  constructor(listener: NatsListener) {
    this.listener = listener;
  }

  /** Reads a part of the stream. */
  take(bytes: Buffer, from: number, to: number): void {
    let chunk = bytes;
    let at = from;
    let end = to;
    if (this.carry !== null) {
      chunk = Buffer.concat([this.carry, bytes.subarray(from, to)]);
      at = 0;
      end = chunk.length;
      this.carry = null;
    }
    while (at < end) {
      const lineEnd = chunk.indexOf(LINE_END, at, 'latin1');
      if (lineEnd < 0 || lineEnd + LINE_END.length > end) break;
      const next = lineEnd + LINE_END.length;
      if (chunk[at] === M) {
        const start = next;
        const last = start + sizeBefore(chunk, lineEnd);
        if (last + LINE_END.length > end) break;
        this.listener.message(chunk, start, last);
        at = last + LINE_END.length;
        continue;
      }
      if (chunk[at] === PLUS) this.listener.ok();
      else this.listener.line(chunk.toString('latin1', at, lineEnd));
      at = next;
    }
    if (at < end) this.carry = Buffer.from(chunk.subarray(at, end));
  }
}

/** The number at the end of a line: of `MSG <subject> <id> <size>` the size of the message behind it. */
function sizeBefore(chunk: Buffer, lineEnd: number): number {
  let size = 0;
  for (let at = lineEnd - 1, unit = 1; ; at--, unit *= 10) {
    const byte = chunk[at] ?? SPACE;
    if (byte === SPACE || byte === CARRIAGE_RETURN) return size;
    size += (byte - 0x30) * unit;
  }
}
