/**
 * Publishes that are built beforehand. During the measurement a frame is only copied and its mid overwritten.
 */
import { randomBytes } from 'node:crypto';
import { isSocketIo, type TargetKind } from './target.js';
import { clientFrame, NUMBER_AT, NUMBER_CHARS } from './wire.js';

/** Characters of a mid, which is a UUID. */
const MID_CHARS = 36;
const PLACE = 'm'.repeat(MID_CHARS);

/** Publishes of one thread. Each has its own mid, which sorts by time like the mids of the SDK. */
export class Publishes {
  private readonly template: Buffer;
  private readonly midAt: number;

  constructor(kind: TargetKind, thread: string, bodyBytes: number, more: object = {}) {
    const body = { text: 'x'.repeat(Math.max(0, bodyBytes - '{"text":""}'.length)) };
    const json = JSON.stringify({ type: 'publish', id: 1, thread, mid: PLACE, body, ...more });
    this.template = clientFrame(isSocketIo(kind) ? `42["publish",${json}]` : json);
    this.midAt = this.template.indexOf(PLACE);
  }

  /** The next publish, ready to be written; with a number, its mid ends in it. */
  next(number?: number): Buffer {
    const frame = Buffer.from(this.template);
    frame.write(newMid(), this.midAt, MID_CHARS, 'latin1');
    if (number !== undefined) {
      const digits = number.toString(16).padStart(NUMBER_CHARS, '0');
      frame.write(digits, this.midAt + NUMBER_AT, NUMBER_CHARS, 'latin1');
    }
    return frame;
  }
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
