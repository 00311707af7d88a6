/** WebSocket frames as a client sends and receives them, and what the cases of Autobahn's suite are made of. */
import { createHash } from 'node:crypto';
import type { ENGINE_DIFFERENCES, Outcome } from '../../../../scripts/docs/engine-differences.js';

/** A case of the suite: what is sent, in writes of their own, and what is right here. */
export interface AutobahnCase {
  /** As the suite counts. */
  readonly number: string;
  readonly writes: readonly Buffer[];
  /** Whether each write is whole frames that are read, and answered where they are, before the next is sent. */
  readonly isStepwise?: boolean;
  /** What {@link told} says of the frames that come back, without the close frame. */
  readonly back: readonly string[];
  /** How it ends, on both engines, or the row of what differs. */
  readonly end: Outcome | { readonly differs: keyof typeof ENGINE_DIFFERENCES };
}

/** How a case is sent. */
export type Sending = Pick<AutobahnCase, 'writes' | 'isStepwise'>;

/** Opcodes of the protocol. */
export const OP = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** What the specs' server answers to a binary message, which the contract has not. */
export const NO_BINARY = 'no binary';

const MASK = Buffer.from('37fa213d', 'hex');

/** Final bit and reserved bits of a frame. */
export interface FrameBits {
  readonly fin?: boolean;
  /** From 1 to 7. */
  readonly rsv?: number;
}

/** A masked frame. */
export function frame(
  opcode: number,
  payload: string | Buffer = '',
  { fin = true, rsv = 0 }: FrameBits = {}
): Buffer {
  const bytes = Buffer.from(payload);
  const head = Buffer.alloc(bytes.length < 126 ? 2 : bytes.length < 65_536 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  if (head.length === 2) head[1] = 0x80 | bytes.length;
  else if (head.length === 4) {
    head[1] = 0xfe;
    head.writeUInt16BE(bytes.length, 2);
  } else {
    head[1] = 0xff;
    head.writeBigUInt64BE(BigInt(bytes.length), 2);
  }
  const masked = bytes.map((byte, at) => byte ^ (MASK[at % 4] ?? 0));
  return Buffer.concat([head, MASK, masked]);
}

/** A message in one frame for each part. */
export function inFrames(opcode: number, parts: readonly (string | Buffer)[]): Buffer[] {
  return parts.map((part, at) =>
    frame(at === 0 ? opcode : OP.more, part, { fin: at === parts.length - 1 })
  );
}

/** Bytes in pieces of a length. */
export function pieces(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
    bytes.subarray(at * length, (at + 1) * length)
  );
}

/** Frames in a write each, each waited for; or all in one; or each byte in one. */
export const chopped = {
  byFrame: (frames: readonly Buffer[]): Sending => ({ writes: frames, isStepwise: true }),
  asGiven: (frames: readonly Buffer[]): Sending => ({ writes: frames }),
  together: (frames: readonly Buffer[]): Sending => ({ writes: [Buffer.concat(frames)] }),
  byByte: (frames: readonly Buffer[]): Sending => ({ writes: pieces(Buffer.concat(frames), 1) })
};

/** Payload of a close frame. */
export function closing(code: number, reason: string | Buffer = ''): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

/** A frame in a word and its payload, or the digest of a long one. */
export function told(opcode: number, payload: string | Buffer): string {
  const bytes = Buffer.from(payload);
  const name = Object.entries(OP).find(([, code]) => code === opcode)?.[0] ?? String(opcode);
  const what =
    bytes.length <= 125 ? bytes.toString('hex') : createHash('sha1').update(bytes).digest('hex');
  return `${name} of ${String(bytes.length)} bytes: ${what}`;
}

/** The whole frames at the start of what a server sent. */
export function framesOf(data: Buffer): { opcode: number; payload: Buffer }[] {
  const frames: { opcode: number; payload: Buffer }[] = [];
  for (let at = 0; at + 2 <= data.length;) {
    const short = data.readUInt8(at + 1);
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
    if (data.length < start) break;
    const length =
      short === 126
        ? data.readUInt16BE(at + 2)
        : short === 127
          ? Number(data.readBigUInt64BE(at + 2))
          : short;
    if (data.length < start + length) break;
    frames.push({
      opcode: data.readUInt8(at) & 0x0f,
      payload: data.subarray(start, start + length)
    });
    at = start + length;
  }
  return frames;
}
