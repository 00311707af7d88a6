/** WebSocket frames as a client sends and receives them, and the type of the cases of Autobahn's suite. */
import { createHash } from 'node:crypto';
import type { ENGINE_DIFFERENCES, Outcome } from '../../../../scripts/docs/engine-differences.js';

/** A case of the suite: the writes that send it, and the right answer of our servers. */
export interface AutobahnCase {
  /** Number of the case in the suite. */
  readonly number: string;
  readonly writes: readonly Buffer[];
  /** Whether each write holds whole frames, and the next write waits until the server has read them. */
  readonly isStepwise?: boolean;
  /** The frames that come back, as {@link told} describes them, without the close frame. */
  readonly back: readonly string[];
  /** How the case ends on both engines, or the row of the table of differences. */
  readonly end: Outcome | { readonly differs: keyof typeof ENGINE_DIFFERENCES };
}

/** The writes that send a case. */
export type Sending = Pick<AutobahnCase, 'writes' | 'isStepwise'>;

/** Opcodes of the protocol. */
export const OP = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Answer of the specs' server to a binary message. The contract has no binary messages. */
export const NO_BINARY = 'no binary';

const MASK = Buffer.from('37fa213d', 'hex');

/** Final bit and reserved bits of a frame. */
export interface FrameBits {
  readonly fin?: boolean;
  /** From 1 to 7. */
  readonly rsv?: number;
}

/** Returns a masked frame. */
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

/** Returns a message as one frame for each part. */
export function inFrames(opcode: number, parts: readonly (string | Buffer)[]): Buffer[] {
  return parts.map((part, at) =>
    frame(at === 0 ? opcode : OP.more, part, { fin: at === parts.length - 1 })
  );
}

/** Cuts bytes into pieces of a length. */
export function pieces(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
    bytes.subarray(at * length, (at + 1) * length)
  );
}

/** Ways to send frames: one write a frame, with or without waiting for each; one write for all; one write a byte. */
export const chopped = {
  byFrame: (frames: readonly Buffer[]): Sending => ({ writes: frames, isStepwise: true }),
  asGiven: (frames: readonly Buffer[]): Sending => ({ writes: frames }),
  together: (frames: readonly Buffer[]): Sending => ({ writes: [Buffer.concat(frames)] }),
  byByte: (frames: readonly Buffer[]): Sending => ({ writes: pieces(Buffer.concat(frames), 1) })
};

/** Returns the payload of a close frame. */
export function closing(code: number, reason: string | Buffer = ''): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

/** Describes a frame: its opcode, its length, and its payload in hex or the digest of a long payload. */
export function told(opcode: number, payload: string | Buffer): string {
  const bytes = Buffer.from(payload);
  const name = Object.entries(OP).find(([, code]) => code === opcode)?.[0] ?? String(opcode);
  const what =
    bytes.length <= 125 ? bytes.toString('hex') : createHash('sha1').update(bytes).digest('hex');
  return `${name} of ${String(bytes.length)} bytes: ${what}`;
}

/** Returns the complete frames at the start of what a server sent. */
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
