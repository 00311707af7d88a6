/**
 * Publishes that are built beforehand. During the measurement a frame is only copied and its mid overwritten.
 */
import { randomBytes } from 'node:crypto';
import { messageFrame } from '../../protocol/message-frame.js';
import { isSocketIo, type TargetKind } from './target.js';
import { binaryFrame, clientFrame, NUMBER_AT, NUMBER_CHARS } from './wire.js';

/** Characters of a mid, which is a UUID. */
const MID_CHARS = 36;
const PLACE = 'm'.repeat(MID_CHARS);

/** First offset that is sent through a peer that passes bytes on. All later ones have as many digits. */
export const FIRST_RELAYED = 1_000_000;

/** Publishes of one thread. Each has its own mid, which sorts by time like the mids of the SDK. */
export class Publishes {
  private readonly template: Buffer;
  private readonly midAt: number;
  /** Place of the offset; -1 when the server gives it. */
  private readonly offsetAt: number;
  private offset = FIRST_RELAYED;

  constructor(kind: TargetKind, thread: string, bodyBytes: number, more: object = {}) {
    const body = { text: 'x'.repeat(Math.max(0, bodyBytes - '{"text":""}'.length)) };
    const json = JSON.stringify({ type: 'publish', id: 1, thread, mid: PLACE, body, ...more });
    this.template =
      kind === 'nats-server'
        ? natsPublish(thread, JSON.stringify(body))
        : clientFrame(isSocketIo(kind) ? `42["publish",${json}]` : json);
    this.midAt = this.template.indexOf(PLACE);
    this.offsetAt = this.template.indexOf(String(FIRST_RELAYED));
  }

  /** The next publish, ready to be written; with a number, its mid ends in it. */
  next(number?: number): Buffer {
    const frame = Buffer.from(this.template);
    frame.write(newMid(), this.midAt, MID_CHARS, 'latin1');
    if (this.offsetAt >= 0) frame.write(String(this.offset++), this.offsetAt, 'latin1');
    if (number !== undefined) {
      const digits = number.toString(16).padStart(NUMBER_CHARS, '0');
      frame.write(digits, this.midAt + NUMBER_AT, NUMBER_CHARS, 'latin1');
    }
    return frame;
  }
}

/** The broker passes on what it gets: the frame that Rollcall would send. */
function natsPublish(thread: string, bodyJson: string): Buffer {
  const text = messageFrame(thread, FIRST_RELAYED, {
    mid: PLACE,
    user: 'user-1000',
    kind: 'user_message',
    bodyJson,
    at: Date.now()
  });
  return binaryFrame(`PUB ${thread} ${String(text.length)}\r\n${text}\r\n`);
}

let random = randomBytes(16_384).toString('hex');
let used = 0;

/** A UUID of version 7 from cheap random digits. */
function newMid(): string {
  if (used + 18 > random.length) {
    random = randomBytes(16_384).toString('hex');
    used = 0;
  }
  const time = Date.now().toString(16).padStart(12, '0');
  const tail = random.slice(used, used + 18);
  used += 18;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(0, 3)}-8${tail.slice(3, 6)}-${tail.slice(6)}`;
}
