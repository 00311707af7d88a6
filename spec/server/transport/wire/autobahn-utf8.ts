/** Group 6 of Autobahn's suite: texts in UTF-8, and bytes that are not UTF-8. */
import type { Outcome } from '../../../../scripts/docs/engine-differences.js';
import {
  OP,
  chopped,
  frame,
  inFrames,
  pieces,
  told,
  type AutobahnCase,
  type Sending
} from './autobahn-frames.js';

const { byByte, byFrame, together } = chopped;
const OPEN: Outcome = 'none stays';
const hex = (bytes: string): Buffer => Buffer.from(bytes.replaceAll(' ', ''), 'hex');
const KOSME = Buffer.from('κόσμε');
const EDITED = 'edited';

/** A message in these parts; `isRight` says whether it is UTF-8. */
const row = (
  number: string,
  parts: readonly Buffer[],
  isRight: boolean,
  writes: (frames: readonly Buffer[]) => Sending = together
): AutobahnCase => ({
  number,
  ...writes(inFrames(OP.text, parts)),
  back: isRight ? [told(OP.text, Buffer.concat([...parts]))] : [],
  end: isRight ? OPEN : { differs: 'notUtf8' }
});

/** Each message in one frame, and again in one frame for each byte, so that characters are split. */
const group = (
  number: string,
  isRight: boolean,
  list: readonly string[],
  from = 1
): AutobahnCase[] =>
  list.flatMap((bytes, at) => {
    const name = `6.${number}.${String(from + at)}`;
    const whole = hex(bytes);
    return [
      row(name, [whole], isRight),
      row(`${name} in fragments of a byte`, pieces(whole, 1), isRight)
    ];
  });

/** All start bytes in a range, each followed by a space instead of the rest of its sequence. */
const lonely = (first: number, last: number): string =>
  Array.from({ length: last - first + 1 }, (_, at) => `${(first + at).toString(16)}20`).join('');
const continuations = Array.from({ length: 64 }, (_, at) => (0x80 + at).toString(16)).join('');

/** The last two code points of each plane. They are no characters, but valid in UTF-8. */
const nonCharacters = Array.from({ length: 17 }, (_, plane) => plane).flatMap((plane) =>
  [0xfffe, 0xffff].map((low) =>
    Buffer.from(String.fromCodePoint((plane << 16) | low)).toString('hex')
  )
);

const HELLO = Buffer.from('Hello-µ@ßöäüàá-UTF-8!!');
const BAD = Buffer.concat([KOSME, hex('eda080'), Buffer.from(EDITED)]);
const AFTER = [KOSME, hex('f4908080'), Buffer.from(EDITED)];
const inChops = (parts: readonly Buffer[]): AutobahnCase['writes'] =>
  pieces(frame(OP.text, Buffer.concat([...parts])), 9);

/** The cases of group 6. */
export const UTF8_CASES: readonly AutobahnCase[] = [
  row('6.1.1', [Buffer.alloc(0)], true),
  row('6.1.2', [Buffer.alloc(0), Buffer.alloc(0), Buffer.alloc(0)], true),
  row('6.1.3', [Buffer.alloc(0), Buffer.from('middle'), Buffer.alloc(0)], true),
  row('6.2.1', [HELLO], true),
  row('6.2.2', [HELLO.subarray(0, 7), HELLO.subarray(7)], true),
  row('6.2.3', pieces(HELLO, 1), true),
  row('6.2.4', pieces(KOSME, 1), true),
  row('6.3.1', [BAD], false),
  row('6.3.2', pieces(BAD, 1), false),
  row('6.4.1', AFTER, false, byFrame),
  row('6.4.2', [Buffer.concat([KOSME, hex('f4')]), hex('90'), hex('808045')], false, byFrame),
  { ...row('6.4.3', AFTER, false), writes: inChops(AFTER) },
  row('6.4.4', AFTER, false, byByte),
  ...group('5', true, [KOSME.toString('hex')]),
  ...Array.from({ length: KOSME.length }, (_, at) => {
    const part = KOSME.subarray(0, at + 1);
    const isRight = Buffer.from(part.toString()).equals(part);
    return row(`6.6.${String(at + 1)}`, [part], isRight);
  }),
  ...group('7', true, ['00', 'c280', 'e0a080', 'f0908080']),
  ...group('8', false, ['f888808080', 'fc8480808080']),
  ...group('9', true, ['7f', 'dfbf', 'efbfbf', 'f48fbfbf']),
  ...group('10', false, ['f7bfbfbf', 'fbbfbfbfbf', 'fdbfbfbfbfbf']),
  ...group('11', true, ['ed9fbf', 'ee8080', 'efbfbd', 'f48fbfbf']),
  ...group('11', false, ['f4908080'], 5),
  ...group('12', false, ['80', 'bf', '80bf', '80bf80', '80bf80bf', '80bf80bf80', '80bf80bf80bf']),
  ...group('12', false, [continuations], 8),
  ...group('13', false, [
    lonely(0xc0, 0xdf),
    lonely(0xe0, 0xef),
    lonely(0xf0, 0xf7),
    lonely(0xf8, 0xfb),
    lonely(0xfc, 0xfd)
  ]),
  ...group('14', false, [
    'c0',
    'e080',
    'f08080',
    'f8808080',
    'fc80808080',
    'df',
    'efbf',
    'f7bfbf',
    'fbbfbfbf',
    'fdbfbfbfbf'
  ]),
  ...group('15', false, ['c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf']),
  ...group('16', false, ['fe', 'ff', 'fefeffff']),
  ...group('17', false, ['c0af', 'e080af', 'f08080af', 'f8808080af', 'fc80808080af']),
  ...group('18', false, ['c1bf', 'e09fbf', 'f08fbfbf', 'f887bfbfbf', 'fc83bfbfbfbf']),
  ...group('19', false, ['c080', 'e08080', 'f0808080', 'f880808080', 'fc8080808080']),
  ...group('20', false, ['eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbe80', 'edbfbf']),
  ...group('21', false, [
    'eda080edb080',
    'eda080edbfbf',
    'edadbfedb080',
    'edadbfedbfbf',
    'edae80edb080',
    'edae80edbfbf',
    'edafbfedb080',
    'edafbfedbfbf'
  ]),
  ...group('22', true, nonCharacters),
  ...group('23', true, ['efbfb9', 'efbfba', 'efbfbb', 'efbfbc', 'efbfbd', 'efbfbe', 'efbfbf'])
];
