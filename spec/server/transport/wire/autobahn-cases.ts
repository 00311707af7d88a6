/**
 * The cases of Autobahn's suite for servers: framing, pings, reserved bits, opcodes, fragments, closing, and messages
 * up to and over the limit. The server of the specs echoes each text. `autobahn-utf8.ts` has group 6. Groups 12 and 13
 * are left out: they test compression, and our servers never agree on it.
 */
import type { Outcome } from '../../../../scripts/docs/engine-differences.js';
import {
  NO_BINARY,
  OP,
  chopped,
  closing,
  frame,
  inFrames,
  pieces,
  told,
  type AutobahnCase,
  type Sending
} from './autobahn-frames.js';

/** Longest message that the server of these specs takes: the longest in the first group of the suite. */
export const MESSAGE_BYTES = 65_536;

type End = AutobahnCase['end'];
type Writes = (frames: readonly Buffer[]) => Sending;

const OPEN: Outcome = 'none stays';
const BROKEN: End = { differs: 'brokenFrame' };
const { asGiven, byByte, byFrame, together } = chopped;
const HELLO = 'Hello, world!';
const text = (payload: string | Buffer): Buffer => frame(OP.text, payload);
const ping = (payload: string | Buffer = ''): Buffer => frame(OP.ping, payload);
const echo = (payload: string | Buffer): string => told(OP.text, payload);
const pong = (payload: string | Buffer = ''): string => told(OP.pong, payload);
const row = (
  number: string,
  frames: readonly Buffer[],
  back: readonly string[],
  end: End = OPEN,
  writes: Writes = together
): AutobahnCase => ({ number, ...writes(frames), back, end });
/** The same frames in one write, in one write a frame, and in one write a byte, numbered as in the suite. */
const threeWays = (
  group: number,
  first: number,
  ...[frames, back, end]: [readonly Buffer[], readonly string[], End?]
): AutobahnCase[] =>
  [together, byFrame, byByte].map((writes, at) =>
    row(`${String(group)}.${String(first + at)}`, frames, back, end, writes)
  );

const LENGTHS = [0, 125, 126, 127, 128, 65_535, 65_536];
const star = (length: number): string => '*'.repeat(length);
const messages: AutobahnCase[] = [
  ...LENGTHS.map((length, at) =>
    row(`1.1.${String(at + 1)}`, [text(star(length))], [echo(star(length))])
  ),
  row('1.1.8', pieces(text(star(65_536)), 997), [echo(star(65_536))], OPEN, asGiven),
  ...LENGTHS.map((length, at) =>
    row(`1.2.${String(at + 1)}`, [frame(OP.binary, Buffer.alloc(length, 0xfe))], [echo(NO_BINARY)])
  ),
  row(
    '1.2.8',
    pieces(frame(OP.binary, Buffer.alloc(65_536, 0xfe)), 997),
    [echo(NO_BINARY)],
    OPEN,
    asGiven
  )
];

const OCTETS = Buffer.from('00fffefdfcfb00ff', 'hex');
const LONGEST = Buffer.alloc(125, 0xfe);
const TEN = Array.from({ length: 10 }, (_, n) => `payload-${String(n)}`);
const pings: AutobahnCase[] = [
  row('2.1', [ping()], [pong()]),
  row('2.2', [ping(HELLO)], [pong(HELLO)]),
  row('2.3', [ping(OCTETS)], [pong(OCTETS)]),
  row('2.4', [ping(LONGEST)], [pong(LONGEST)]),
  row('2.5', [ping(Buffer.alloc(126, 0xfe))], [], BROKEN),
  row('2.6', [ping(LONGEST)], [pong(LONGEST)], OPEN, byByte),
  row('2.7', [frame(OP.pong)], []),
  row('2.8', [frame(OP.pong, 'unsolicited')], []),
  row('2.9', [frame(OP.pong, 'unsolicited'), ping('asked')], [pong('asked')]),
  row('2.10', TEN.map(ping), TEN.map(pong)),
  row('2.11', TEN.map(ping), TEN.map(pong), OPEN, byByte)
];

/** A text that is answered, then a frame that breaks the rules, then a ping that is no longer answered. */
const within = (number: string, broken: Buffer, writes: Writes = byFrame): AutobahnCase =>
  row(number, [text(HELLO), broken, ping()], [echo(HELLO)], BROKEN, writes);
const reserved: AutobahnCase[] = [
  row('3.1', [frame(OP.text, HELLO, { rsv: 1 })], [], BROKEN),
  within('3.2', frame(OP.text, HELLO, { rsv: 2 })),
  within('3.3', frame(OP.text, HELLO, { rsv: 3 })),
  within('3.4', frame(OP.text, HELLO, { rsv: 4 }), byByte),
  row('3.5', [frame(OP.binary, OCTETS, { rsv: 5 })], [], BROKEN),
  row('3.6', [frame(OP.ping, HELLO, { rsv: 6 })], [], BROKEN),
  row('3.7', [frame(OP.close, closing(1000), { rsv: 7 })], [], BROKEN),
  ...[3, 11].flatMap((opcode, at) => [
    row(`4.${String(at + 1)}.1`, [frame(opcode)], [], BROKEN),
    row(`4.${String(at + 1)}.2`, [frame(opcode + 1, 'reserved')], [], BROKEN),
    within(`4.${String(at + 1)}.3`, frame(opcode + 2)),
    within(`4.${String(at + 1)}.4`, frame(opcode + 3, 'reserved')),
    within(`4.${String(at + 1)}.5`, frame(opcode + 4, 'reserved'), byByte)
  ])
];

const [HALF = Buffer.alloc(0), REST = Buffer.alloc(0)] = inFrames(OP.text, ['frag1', 'frag2']);
const WHOLE = 'frag1frag2';
const more = (payload: string, fin: boolean): Buffer => frame(OP.more, payload, { fin });
const FIVE = inFrames(OP.text, ['f1', 'f2', 'f3', 'f4', 'f5']);
const fiveWithPings = [
  ...FIVE.slice(0, 2),
  ping('ping 1'),
  ...FIVE.slice(2, 4),
  ping('ping 2'),
  ...FIVE.slice(4)
];
const fragments: AutobahnCase[] = [
  row('5.1', inFrames(OP.ping, ['a', 'b']), [], BROKEN),
  row('5.2', inFrames(OP.pong, ['a', 'b']), [], BROKEN),
  ...threeWays(5, 3, [HALF, REST], [echo(WHOLE)]),
  ...threeWays(5, 6, [HALF, ping('between'), REST], [pong('between'), echo(WHOLE)]),
  ...threeWays(5, 9, [more('nothing to go on', true), text(HELLO)], [], BROKEN),
  ...threeWays(5, 12, [more('nothing to go on', false), text(HELLO)], [], BROKEN),
  row('5.15', [HALF, REST, more('f3', false), text('f4')], [echo(WHOLE)], BROKEN, byFrame),
  row('5.16', [more('f1', false), text('f2'), more('f3', true)], [], BROKEN),
  row('5.17', [more('f1', true), frame(OP.text, 'f2', { fin: false })], [], BROKEN),
  row('5.18', [HALF, text('frag2')], [], BROKEN),
  row('5.19', fiveWithPings, [pong('ping 1'), pong('ping 2'), echo('f1f2f3f4f5')], OPEN, byFrame),
  row('5.20', fiveWithPings, [pong('ping 1'), pong('ping 2'), echo('f1f2f3f4f5')])
];

const close = (code: number, reason: string | Buffer = ''): Buffer =>
  frame(OP.close, closing(code, reason));
const CLOSED: Outcome = '1000 closed';
const codes = (
  group: string,
  end: (code: number) => End,
  list: readonly number[]
): AutobahnCase[] =>
  list.map((code, at) => row(`${group}.${String(at + 1)}`, [close(code)], [], end(code)));
const closes: AutobahnCase[] = [
  row('7.1.1', [text(HELLO), close(1000)], [echo(HELLO)], CLOSED, byFrame),
  row('7.1.2', [close(1000), close(1000)], [], CLOSED),
  row('7.1.3', [close(1000), ping()], [], CLOSED),
  row('7.1.4', [close(1000), text(HELLO)], [], CLOSED),
  row('7.1.5', [HALF, close(1000), REST], [], CLOSED),
  row(
    '7.1.6',
    [text(star(MESSAGE_BYTES)), text(HELLO), close(1000), ping()],
    [echo(star(MESSAGE_BYTES)), echo(HELLO)],
    CLOSED,
    byFrame
  ),
  row('7.3.1', [frame(OP.close)], [], '1005 closed'),
  row('7.3.2', [frame(OP.close, 'a')], [], { differs: 'badClose' }),
  row('7.3.3', [close(1000)], [], CLOSED),
  row('7.3.4', [close(1000, 'a reason')], [], CLOSED),
  row('7.3.5', [close(1000, star(123))], [], CLOSED),
  row('7.3.6', [close(1000, star(124))], [], BROKEN),
  row('7.5.1', [close(1000, Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex'))], [], {
    differs: 'badReason'
  }),
  ...codes(
    '7.7',
    (code) => (code < 3000 || code > 3999 ? `${String(code)} closed` : { differs: 'echoedClose' }),
    [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
  ),
  ...codes(
    '7.9',
    () => ({ differs: 'badClose' }),
    [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999]
  ),
  ...codes('7.13', () => ({ differs: 'badClose' }), [5000, 65_535]),
  // Not in the suite: codes that no frame may have, and codes that were registered after the suite was written.
  row('7.x 1012', [close(1012)], [], { differs: 'echoedClose' }),
  row('7.x 1015', [close(1015)], [], { differs: 'badClose' })
];

const TOO_LONG: End = '1009 closed';
const FAR_TOO_LONG: End = { differs: 'hugeFrame' };
/** 64 kB is the limit. The longer messages of the suite have 256 kB to 16 MB; their head is enough here. */
const sizes = (
  group: string,
  opcode: number,
  answer: (payload: string) => string
): AutobahnCase[] => [
  row(`${group}.1`, [frame(opcode, star(65_536))], [answer(star(65_536))]),
  ...[256, 1_024, 4_096, 8_192, 16_384].map((kB, at) => {
    const head = Buffer.from(`8${String(opcode)}ff0000000000000000`, 'hex');
    head.writeBigUInt64BE(BigInt(kB * 1_024), 2);
    return row(`${group}.${String(at + 2)}`, [head, Buffer.alloc(4)], [], FAR_TOO_LONG);
  })
];
const split = (opcode: number, length: number, size: number): Buffer[] =>
  inFrames(opcode, pieces(Buffer.alloc(length, '*'), size));
const inPieces = (
  group: string,
  opcode: number,
  answer: (payload: string) => string
): AutobahnCase[] =>
  [64, 256, 1_024, 4_096, 16_384, 65_536].flatMap((size, at) => [
    row(`${group}.${String(at + 1)} of 64 kB`, split(opcode, 65_536, size), [answer(star(65_536))]),
    row(`${group}.${String(at + 1)} of 128 kB`, split(opcode, 131_072, size), [], TOO_LONG)
  ]);
const inChops = (
  group: string,
  opcode: number,
  answer: (payload: string) => string
): AutobahnCase[] =>
  [64, 128, 256, 512, 1_024, 2_048].map((size, at) =>
    row(
      `${group}.${String(at + 1)}`,
      pieces(frame(opcode, star(65_536)), size),
      [answer(star(65_536))],
      OPEN,
      asGiven
    )
  );
const many = (group: string, opcode: number, answer: (payload: string) => string): AutobahnCase[] =>
  [0, 16, 64, 256, 1_024, 4_096].map((size, at) =>
    row(
      `${group}.${String(at + 1)}`,
      Array.from({ length: 100 }, () => frame(opcode, star(size))),
      Array.from({ length: 100 }, () => answer(star(size)))
    )
  );
const refused = (): string => echo(NO_BINARY);
const loads: AutobahnCase[] = [
  ...sizes('9.1', OP.text, echo),
  ...sizes('9.2', OP.binary, refused),
  ...inPieces('9.3', OP.text, echo),
  ...inPieces('9.4', OP.binary, refused),
  ...inChops('9.5', OP.text, echo),
  ...inChops('9.6', OP.binary, refused),
  ...many('9.7', OP.text, echo),
  ...many('9.8', OP.binary, refused),
  row('10.1.1', split(OP.text, 65_536, 1_300), [echo(star(65_536))])
];

/** All cases except those of group 6. */
export const CASES: readonly AutobahnCase[] = [
  ...messages,
  ...pings,
  ...reserved,
  ...fragments,
  ...closes,
  ...loads
];
