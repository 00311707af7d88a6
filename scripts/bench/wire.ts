/**
 * The generator's side of a WebSocket: raw TCP, frames built beforehand, and a reader that looks at a few bytes of each
 * frame. A whole client would cost more than the servers that it measures.
 */
import { createConnection, type Socket } from 'node:net';
import { parseMessageFrame } from '../../protocol/message-frame.js';

/** All sockets read into this one buffer; each read is processed before the next one begins. */
const READ_BUFFER = Buffer.allocUnsafeSlow(262_144);

/** One message out of this many is parsed completely. */
const SAMPLE_EVERY = 4_096;

const HEAD_END = '\r\n\r\n';
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const MESSAGE_START = '{"type":"message","thread":"';
const OFFSET_MARK = '","offset":';
const MID_MARK = ',"mid":"';
/** Place and length of the number in a mid, which is a UUID: its last part, in hexadecimal digits. */
export const NUMBER_AT = 24;
export const NUMBER_CHARS = 12;
/** Place in a frame of the first letters of its type. */
const TYPE_AT = '{"type":"'.length;
const TEXT = 1;
const BINARY = 2;
const A = 0x61;
const C = 0x63;
const E = 0x65;
const I = 0x69;
const M = 0x6d;
const P = 0x70;
const R = 0x72;
const BRACE = 0x7b;

/** A masked text frame as a client sends it. The mask is zero; the server unmasks it all the same. */
export function clientFrame(text: string): Buffer {
  return masked(TEXT, Buffer.from(text));
}

/** The same as {@link clientFrame}, but a frame of bytes, as NATS expects it. */
export function binaryFrame(text: string): Buffer {
  return masked(BINARY, Buffer.from(text));
}

function masked(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 6 : 8);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (length < 126 ? length : 126);
  if (length >= 126) head.writeUInt16BE(length, 2);
  return Buffer.concat([head, payload]);
}

const PONG = clientFrame('{"type":"pong"}');

/** What a group of sockets has seen, all together. */
export class Tally {
  messages = 0;
  acks = 0;
  /** Skipped offsets, and offsets that came again or out of order. */
  lost = 0;
  duplicated = 0;
  /** Messages that did not parse, and error frames. */
  malformed = 0;
  errors: string[] = [];
  private wanted = Infinity;
  private reached: () => void = () => undefined;

  /** Calls `reached` when this many messages have come. */
  when(messages: number, reached: () => void): void {
    this.wanted = messages;
    this.reached = reached;
    if (this.messages >= messages) this.check();
  }

  /** Counts a message; called by the sockets. */
  count(): void {
    if (++this.messages >= this.wanted) this.check();
  }

  /** Whether nothing was lost, doubled, damaged or refused. */
  get isClean(): boolean {
    return this.lost + this.duplicated + this.malformed + this.errors.length === 0;
  }

  private check(): void {
    this.wanted = Infinity;
    this.reached();
  }
}

/** Where a socket connects to, and the form of the frames that it gets. */
export interface SocketOptions {
  readonly port: number;
  readonly path: string;
  readonly thread: string;
  readonly tally: Tally;
  /** Bytes before the JSON of each frame: 0, or the length of an envelope. */
  readonly shift?: number;
  /** Offset that the client has already: the next one must come first. Without it the first may have any. */
  readonly after?: number;
}

/** One WebSocket of the generator. */
export class RawSocket {
  onAck: (() => void) | null = null;
  /** Gets the number that `Publishes` wrote into the mid of each message that comes. */
  onNumber: ((number: number) => void) | null = null;
  /** Gets the text of all frames that are neither messages nor acks. */
  onText: ((text: string) => void) | null = null;
  /** Gets frames of bytes, which only NATS sends, as a range of a buffer. */
  onBytes: ((chunk: Buffer, start: number, end: number) => void) | null = null;
  private readonly tally: Tally;
  private readonly socket: Socket;
  private readonly shift: number;
  private readonly offsetAt: number;
  private lastOffset: number | null;
  private carry: Buffer | null = null;
  private isUpgraded = false;
  private upgraded: () => void = () => undefined;
  private refused: (error: Error) => void = () => undefined;
  private broken: (error: Error) => void = () => undefined;
  private readonly whenUpgraded: Promise<void>;

  private constructor(options: SocketOptions) {
    const { port, path, thread, tally, shift = 0, after = null } = options;
    this.tally = tally;
    this.lastOffset = after;
    this.shift = shift;
    this.offsetAt = shift + MESSAGE_START.length + thread.length + OFFSET_MARK.length;
    this.whenUpgraded = new Promise((resolve, reject) => {
      this.upgraded = resolve;
      this.refused = reject;
    });
    this.socket = createConnection({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (bytes) => {
          this.take(bytes);
          return true;
        }
      }
    });
    this.socket.on('error', (error) => {
      this.fail(error);
    });
    this.socket.on('close', () => {
      this.fail(new Error(`the server at ${String(port)}${path} closed a connection`));
    });
    this.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13${HEAD_END}`
    );
  }

  /** Connects; resolves once the upgrade is done, or, with `greeting`, once a frame with that text has come. */
  static async open(options: SocketOptions, greeting?: string): Promise<RawSocket> {
    const socket = new RawSocket(options);
    const greeted = greeting === undefined ? undefined : socket.text(greeting);
    await Promise.all([socket.whenUpgraded, greeted]);
    return socket;
  }

  /** Writes frames made by {@link clientFrame}. */
  send(frames: Buffer): void {
    this.socket.write(frames);
  }

  /**
   * Resolves to the next frame that holds the text and is neither a message nor an ack. `seen` gets each such frame up
   * to that one.
   */
  text(part: string, seen?: (text: string) => void): Promise<string> {
    return new Promise((resolve, reject) => {
      this.broken = reject;
      this.onText = (text) => {
        seen?.(text);
        if (!text.includes(part)) return;
        this.onText = null;
        resolve(text);
      };
    });
  }

  /** Cuts the connection. */
  close(): void {
    this.broken = () => undefined;
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private fail(error: Error): void {
    this.tally.errors.push(error.message);
    this.refused(error);
    this.broken(error);
  }

  private take(bytes: number): void {
    let chunk = READ_BUFFER;
    let end = bytes;
    if (this.carry !== null) {
      chunk = Buffer.concat([this.carry, READ_BUFFER.subarray(0, bytes)]);
      end = chunk.length;
      this.carry = null;
    }
    let at = 0;
    if (!this.isUpgraded) {
      const head = chunk.indexOf(HEAD_END);
      if (head < 0 || head >= end) {
        this.carry = Buffer.from(chunk.subarray(0, end));
        return;
      }
      const status = chunk.toString('latin1', 9, 12);
      if (status !== '101') {
        this.fail(new Error(`the upgrade was answered ${status}`));
        return;
      }
      this.isUpgraded = true;
      at = head + HEAD_END.length;
      this.upgraded();
    }
    while (end - at >= 2) {
      let length = (chunk[at + 1] ?? 0) & 127;
      let start = at + 2;
      if (length === 126) {
        if (end - at < 4) break;
        length = chunk.readUInt16BE(at + 2);
        start = at + 4;
      } else if (length === 127) {
        if (end - at < 10) break;
        length = Number(chunk.readBigUInt64BE(at + 2));
        start = at + 10;
      }
      if (start + length > end) break;
      const opcode = (chunk[at] ?? 0) & 15;
      if (opcode === TEXT) this.frame(chunk, start, start + length);
      else if (opcode === BINARY) this.onBytes?.(chunk, start, start + length);
      at = start + length;
    }
    if (at < end) this.carry = Buffer.from(chunk.subarray(at, end));
  }

  private frame(chunk: Buffer, start: number, end: number): void {
    const type = start + this.shift + TYPE_AT;
    const first = chunk[type];
    const second = chunk[type + 1];
    if (chunk[start + this.shift] !== BRACE) this.onText?.(chunk.toString('utf8', start, end));
    else if (first === M && second === E) this.message(chunk, start, end);
    else if (first === A && second === C) this.acked();
    else if (first === P && second === I) this.send(PONG);
    else {
      const text = chunk.toString('utf8', start, end);
      if (first === E && second === R) this.tally.errors.push(text);
      this.onText?.(text);
    }
  }

  /** Counts an ack. */
  acked(): void {
    this.tally.acks++;
    this.onAck?.();
  }

  /** Reads the text of a `message` frame and counts it. */
  message(chunk: Buffer, start: number, end: number): void {
    const { tally } = this;
    let offset = 0;
    let at = start + this.offsetAt;
    for (; at < end; at++) {
      const digit = (chunk[at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      offset = offset * 10 + digit;
    }
    if (this.lastOffset !== null && offset !== this.lastOffset + 1) {
      if (offset <= this.lastOffset) tally.duplicated++;
      else tally.lost += offset - this.lastOffset - 1;
    }
    this.lastOffset = offset;
    if (tally.messages % SAMPLE_EVERY === 0) {
      const json = chunk.toString('utf8', start + this.shift, this.shift === 0 ? end : end - 1);
      if (parseMessageFrame(json)?.offset !== offset) tally.malformed++;
    }
    if (this.onNumber !== null) {
      const numberAt = at + MID_MARK.length + NUMBER_AT;
      this.onNumber(parseInt(chunk.toString('latin1', numberAt, numberAt + NUMBER_CHARS), 16));
    }
    tally.count();
  }
}
