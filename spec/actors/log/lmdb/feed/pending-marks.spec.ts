import { expect } from 'chai';
import { pendingKey } from '../../../../../actors/log/lmdb/log-keys.js';
import {
  openStore,
  type LogStore,
  type LogWrite
} from '../../../../../actors/log/lmdb/log-store.js';
import { PendingMarks } from '../../../../../actors/log/lmdb/feed/pending-marks.js';
import { ThreadHeads, type Head } from '../../../../../actors/log/lmdb/thread-heads.js';
import { appendMany, LogFixture } from '../log-fixture.js';

describe('PendingMarks', () => {
  const fixture = new LogFixture();
  let store: LogStore;
  let marks: PendingMarks;
  let head: Head;
  let into: LogWrite[];

  beforeEach(async () => {
    const dir = fixture.dir();
    const log = await fixture.open({ dir });
    await appendMany(log, 't1', 5);
    await log.close();
    store = openStore({ dir, use: 'read' });
    marks = new PendingMarks(store);
    head = new ThreadHeads(store, dir).open('t1');
    into = [];
  });
  afterEach(async () => {
    await store.close();
    await fixture.clear();
  });

  const removed: LogWrite = { key: pendingKey('t1'), value: null };
  function at(offset: number): LogWrite {
    return { key: pendingKey('t1'), value: String(offset) };
  }

  it('finds the mark that the first append has written, and counts it', () => {
    expect(head).to.include({ pending: 1, written: 5 });
    expect(marks.threads).to.equal(1);
  });

  it('writes nothing when a thread that has its mark is appended to', () => {
    marks.append(head, 6, into);
    expect(into).to.deep.equal([]);
    expect(head).to.include({ pending: 1, written: 6 });
  });

  it('removes the mark when all that is written has been taken', () => {
    marks.take(head, 1, 5, into);
    expect(into).to.deep.equal([removed]);
    expect(marks.threads).to.equal(0);
  });

  it('moves the mark when more is written than has been taken', () => {
    marks.append(head, 6, into);
    marks.take(head, 1, 5, into);
    expect(into).to.deep.equal([at(6)]);
    expect(marks.threads).to.equal(1);
  });

  it('writes the mark anew when an append is written behind a take of everything', () => {
    marks.take(head, 1, 5, into);
    marks.append(head, 6, into);
    expect(into).to.deep.equal([removed, at(6)]);
    expect(marks.threads).to.equal(1);
  });

  it('notes nothing when the same is taken again', () => {
    marks.append(head, 6, into);
    marks.take(head, 1, 5, into);
    marks.take(head, 1, 5, into);
    expect(into).to.deep.equal([at(6)]);
  });

  it('notes nothing when what comes before has not been taken', () => {
    marks.take(head, 3, 5, into);
    expect(into).to.deep.equal([]);
  });

  it('takes from the first kept entry on when those before it have been trimmed', () => {
    head.first = 3;
    marks.take(head, 3, 4, into);
    expect(into).to.deep.equal([at(5)]);
  });

  it('removes the mark when the last pending entry is trimmed, and only then', () => {
    head.first = 5;
    marks.trim(head, into);
    expect(into).to.deep.equal([]);
    head.first = 6;
    marks.trim(head, into);
    expect(into).to.deep.equal([removed]);
  });

  it('sets the mark to the first kept entry when it is rewound', () => {
    marks.take(head, 1, 5, into);
    head.first = 2;
    marks.rewind(head, into);
    expect(into).to.deep.equal([removed, at(2)]);
  });

  it('sets no mark when it is rewound and nothing is kept', () => {
    marks.take(head, 1, 5, into);
    head.first = 6;
    marks.rewind(head, into);
    expect(into).to.deep.equal([removed]);
  });
});
