import { expect } from 'chai';
import fc from 'fast-check';
import {
  fileName,
  FILE_BYTES_MAX,
  FILE_MESSAGES_MAX,
  readRecording,
  tooLarge,
  writeRecording
} from '../../../../../client/pages/inspect/recording/recording-file.js';
import {
  BEGIN,
  became,
  CHART,
  inState,
  left,
  met,
  recordingOf,
  sent,
  unwatched
} from '../recorded.js';

const ADA = { sessionId: 'x:1', name: 'ada' };
const RECORDING = recordingOf(
  [
    sent(2, ADA, 'go', 'x:0'),
    became(3, ADA, inState({ up: 'well' }, { context: { list: [1, null, { deep: true }] } })),
    unwatched(4, 900),
    left(5, 'x:7')
  ],
  { actors: [met(1, ADA)], charts: [CHART], dropped: 12 }
);

/** Returns the message with which a value is refused as a recording. */
function refusal(value: unknown): string {
  const read = readRecording(JSON.stringify(value));
  return read.ok ? 'not refused' : read.message;
}

const changed = (rest: object) => refusal({ ...RECORDING, ...rest });
const message = (rest: object) => changed({ messages: [{ ...RECORDING.messages[1], ...rest }] });

describe('readRecording', () => {
  it('reads what was written', () => {
    expect(readRecording(writeRecording(RECORDING))).to.eql({ ok: true, recording: RECORDING });
  });

  it('says of a file that is cut off that it is damaged', () => {
    expect(readRecording(JSON.stringify(RECORDING).slice(0, -5))).to.eql({
      ok: false,
      message: 'The file is damaged: it is not JSON. Perhaps only a part of it has been copied.'
    });
    expect(readRecording('').ok).to.equal(false);
  });

  it('says of another file that it is no recording', () => {
    for (const value of [null, 7, [], {}, 'text', { format: 'something' }]) {
      expect(refusal(value)).to.equal(
        'This is no recording of Rollcall: it does not say that it is one.'
      );
    }
  });

  it('says which version a recording has that it does not read', () => {
    expect(changed({ version: 2 })).to.match(
      /^This recording has version 2 and this page reads version 1: open it/
    );
    expect(changed({ version: { a: 1 } })).to.include('version unknown');
  });

  it('names what in it is wrong', () => {
    expect(changed({ node: 5 })).to.include('it does not say which server it is of');
    expect(changed({ at: 'now' })).to.include('when it was made');
    expect(changed({ charts: {} })).to.include('no list of actors, messages or charts');
    expect(changed({ actors: [met(1, ADA), 5] })).to.include('number 2 of its actors is none');
    expect(changed({ charts: [{ ...CHART, nodes: [{}] }] })).to.include('number 1 of its charts');
    expect(changed({ messages: [unwatched(4, 1), met(4, ADA)] })).to.include('not in their order');
    expect(changed({ messages: [{ type: 'other', seq: 1, at: 1 }] })).to.include(
      'number 1 of its messages is none'
    );
  });

  it('refuses messages whose fields have other shapes', () => {
    for (const rest of [
      { sessionId: 5 },
      { name: 'x'.repeat(1_001) },
      { at: 9e15 },
      { at: -1 },
      { seq: 1.5 },
      { snapshot: { status: 'odd' } },
      { snapshot: { status: 'active', value: 5 } },
      { snapshot: { status: 'active', tags: [5] } },
      { event: { type: 5 } },
      { transitions: 'all' },
      { chart: undefined }
    ]) {
      expect(message(rest), JSON.stringify(rest).slice(0, 60)).to.include(
        'of its messages is none'
      );
    }
  });

  it('refuses nesting that could not be walked through, and does not overflow on it', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 30; depth++) deep = { deep };
    expect(message({ snapshot: { status: 'active', context: deep } })).to.include('is none');
    const abyss = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(readRecording(abyss).ok).to.equal(false);
    const hidden = JSON.stringify(RECORDING).replace('"n1"', abyss);
    expect(readRecording(hidden).ok).to.equal(false);
  });

  it('refuses more messages, and larger files, than a page keeps', () => {
    const messages = Array.from({ length: FILE_MESSAGES_MAX + 1 }, () => 0);
    expect(changed({ messages })).to.equal(
      'The recording has 20001 messages, and at most 20000 can be shown.'
    );
    expect(tooLarge(FILE_BYTES_MAX + 1)).to.equal(
      'The file is too large: 129 MB, and recordings have at most 128 MB.'
    );
  });

  it('answers a sentence to whatever JSON there is, and never throws', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(readRecording(text).ok).to.equal(false);
      })
    );
    const keys = Object.keys(RECORDING);
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue(), (key, value) => {
        const read = readRecording(JSON.stringify({ ...RECORDING, [key]: value }));
        if (!read.ok) expect(read.message).to.match(/^[A-Z].*\.$/s);
      })
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(RECORDING.messages[1]!)),
        fc.jsonValue(),
        (key, value) => {
          const messages = [{ ...RECORDING.messages[1], [key]: value }];
          readRecording(JSON.stringify({ ...RECORDING, messages }));
        }
      )
    );
  });
});

describe('fileName', () => {
  it('is a name that every file system takes', () => {
    expect(fileName(BEGIN)).to.equal('rollcall-2026-01-01T12-00-00.json');
  });
});
