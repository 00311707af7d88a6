import { expect } from 'chai';
import { cpSync } from 'node:fs';
import { LETTERS_MAX } from '../../../../../actors/log/lmdb/outbox/lmdb-outbox.js';
import type { OutboxPolicy, OutboxRow } from '../../../../../actors/log/outbox.js';
import { LogFixture } from '../log-fixture.js';

const POLICY: OutboxPolicy = {
  wantsEntry: (thread, _, { kind }) => thread !== 'quiet' && kind !== 'unwanted',
  ofRecord: (_, kind, id, text) => (kind === 'member' ? `${id}=${String(text)}` : null),
  ofOwner: (_, owner) => `owner=${owner}`
};

const entry = (mid: string, kind = 'user_message') => ({
  mid,
  user: 'ada',
  kind,
  bodyJson: '1',
  at: 1
});

describe('LmdbOutbox', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  const open = (dir = fixture.dir()) => fixture.open({ dir, outbox: POLICY });
  const append = (
    log: Awaited<ReturnType<typeof open>>,
    thread: string,
    mid: string,
    kind?: string
  ) =>
    new Promise<void>((resolve) => {
      log.append(thread, entry(mid, kind), () => {
        resolve();
      });
    });

  /** Everything that waits in a thread, removed one by one. */
  async function drain(log: Awaited<ReturnType<typeof open>>, thread: string) {
    const rows: [number, string][] = [];
    for (let row = log.outbox.first(thread); row !== null; row = log.outbox.first(thread)) {
      rows.push([row.offset, row.text]);
      await log.outbox.end(row, {});
    }
    return rows;
  }

  it('has a row for each wanted entry, in order, and survives a restart', async () => {
    const dir = fixture.dir();
    const log = await open(dir);
    await append(log, 't', 'm1');
    await append(log, 't', 'm2', 'unwanted');
    await append(log, 't', 'm3');
    await append(log, 'quiet', 'm1');
    await append(log, 'u', 'm1');
    expect(log.outbox.waiting).to.equal(3);
    await log.close();
    const again = await open(dir);
    expect(again.outbox.waiting).to.equal(3);
    expect(again.outbox.threads(null, 10)).to.deep.equal(['t', 'u']);
    expect(again.outbox.threads('t', 10)).to.deep.equal(['u']);
    expect(again.outbox.threads(null, 1)).to.deep.equal(['t']);
    expect(await drain(again, 't')).to.deep.equal([
      [1, ''],
      [3, '']
    ]);
    expect(again.outbox.waiting).to.equal(1);
    expect(again.outbox.first('t')).to.equal(null);
  });

  it('puts what is no entry behind the entries before it', async () => {
    const log = await open();
    await append(log, 't', 'm1');
    await log.setRecord('t', 'member', 'bob', 'member');
    await log.setRecord('t', 'other', 'x', '1');
    await log.outbox.add('t', 'note');
    await append(log, 't', 'm2');
    await log.setOwner('t', 'eve');
    await log.outbox.add('!server', 'of the server');
    expect(await drain(log, 't')).to.deep.equal([
      [1, ''],
      [1, 'bob=member'],
      [1, 'note'],
      [2, ''],
      [2, 'owner=eve']
    ]);
    expect(await drain(log, '!server')).to.deep.equal([[0, 'of the server']]);
    expect(log.outbox.waiting).to.equal(0);
  });

  it('writes nothing without a policy, and keeps what is there', async () => {
    const dir = fixture.dir();
    const log = await open(dir);
    await append(log, 't', 'm1');
    await log.close();
    const off = await fixture.open({ dir });
    await append(off, 't', 'm2');
    await off.setRecord('t', 'member', 'bob', 'member');
    expect(await drain(off, 't')).to.deep.equal([[1, '']]);
  });

  it('makes further rows and marks in the commit that removes one', async () => {
    const log = await open();
    await append(log, 't', 'm1');
    const row = log.outbox.first('t');
    if (row === null) throw new Error('no row');
    await log.outbox.end(row, { rows: ['a', 'b'], told: ['bob', 'b"ob'] });
    expect(log.outbox.isTold('bob', 't')).to.equal(true);
    expect(log.outbox.isTold('bob', 'u')).to.equal(false);
    expect(await drain(log, 't')).to.deep.equal([
      [1, 'a'],
      [1, 'b']
    ]);
    await log.outbox.forget('bob');
    expect(log.outbox.isTold('bob', 't')).to.equal(false);
    expect(log.outbox.isTold('b"ob', 't')).to.equal(true);
  });

  it('is whole after a process that was killed, twice', async () => {
    const dir = fixture.dir();
    const log = await open(dir);
    await append(log, 't', 'm1');
    await append(log, 'u', 'm1');
    const row = log.outbox.first('t');
    if (row === null) throw new Error('no row');
    await log.outbox.end(row, { letters: ['given up'], told: ['bob'] });
    // Not closed: what a process leaves that was killed.
    for (const copy of [fixture.dir(), fixture.dir()]) {
      cpSync(dir, copy, { recursive: true });
      const killed = await open(copy);
      await append(killed, 't', 'm2');
      const last = fixture.dir();
      cpSync(copy, last, { recursive: true });
      const again = await open(last);
      expect([again.rebuilt, again.renewed]).to.deep.equal([null, null]);
      expect(again.outbox.threads(null, 9)).to.deep.equal(['t', 'u']);
      expect(again.outbox.first('t')).to.include({ offset: 2 });
      expect(again.outbox.readLetters(0, 9)).to.deep.equal([{ seq: 1, text: 'given up' }]);
      expect(again.outbox.isTold('bob', 't')).to.equal(true);
    }
  });

  it('keeps letters, sends them again behind what waits, and drops them', async () => {
    const dir = fixture.dir();
    const log = await open(dir);
    await append(log, 't', 'm1');
    const row = log.outbox.first('t');
    if (row === null) throw new Error('no row');
    await log.outbox.end(row, { letters: ['one'], stays: true });
    expect(log.outbox.waiting).to.equal(1);
    await log.outbox.end(row, { letters: ['two', 'three'] });
    await log.close();
    const again = await open(dir);
    expect(again.outbox.readLetters(0, 2)).to.deep.equal([
      { seq: 1, text: 'one' },
      { seq: 2, text: 'two' }
    ]);
    expect(again.outbox.readLetters(2, 2)).to.deep.equal([{ seq: 3, text: 'three' }]);
    await again.outbox.sendAgain([
      { seq: 2, thread: 't', offset: 1, text: 'two again' },
      { seq: 99, thread: 't', offset: 1, text: 'there is none' }
    ]);
    expect(await drain(again, 't')).to.deep.equal([[1, 'two again']]);
    await again.outbox.dropLetters([1, 1]);
    expect(again.outbox.readLetters(0, 9)).to.deep.equal([{ seq: 3, text: 'three' }]);
  });

  it('drops the oldest letter beyond the most, and counts it', async () => {
    const log = await open();
    const row: OutboxRow = { thread: 't', offset: 0, n: 1, text: '' };
    const letters = Array.from({ length: LETTERS_MAX }, (_, n) => String(n + 1));
    await log.outbox.end(row, { letters, stays: true });
    expect(log.outbox.lettersDropped).to.equal(0);
    await log.outbox.end(row, { letters: ['more', 'and more'], stays: true });
    expect(log.outbox.readLetters(0, 1)).to.deep.equal([{ seq: 3, text: '3' }]);
    expect([log.outbox.letters, log.outbox.lettersDropped]).to.deep.equal([LETTERS_MAX, 2]);
  });

  it('tells of work at once, and after each commit that adds some', async () => {
    const log = await open();
    let told = 0;
    await append(log, 't', 'm1');
    log.outbox.onWork(() => (told += 1));
    await Promise.resolve();
    expect(told).to.equal(1);
    await append(log, 't', 'm2');
    await Promise.resolve();
    expect(told).to.equal(2);
    await log.setRecord('t', 'member', 'bob', 'member');
    await Promise.resolve();
    expect(told).to.equal(3);
  });
});
