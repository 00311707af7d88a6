import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { JOB_COPIES, PROBE_MS } from '../../../../actors/log/lmdb/commit-queue.js';
import { ByteBudget } from '../../../../actors/memory/byte-budget.js';
import type { LmdbLogOptions } from '../../../../actors/log/lmdb/lmdb-log.js';
import type { EmbeddedLog } from '../../../../actors/log/lmdb/replica/embedded-log.js';
import { checkLog } from '../../../../actors/log/lmdb/check/log-check.js';
import {
  LogCorruptError,
  LogFormatError,
  LogOpenError
} from '../../../../actors/log/log-errors.js';
import { entryKey, META_KEY, RUN_KEY } from '../../../../actors/log/lmdb/log-keys.js';
import { openStore, type LogWrite } from '../../../../actors/log/lmdb/log-store.js';
import { SWEEP_MS } from '../../../../actors/log/lmdb/log-trim.js';
import {
  frameHeader,
  messageFrame,
  parseMessageFrame
} from '../../../../protocol/message-frame.js';
import type { AppendResult } from '../../../../actors/log/log-writer.js';
import {
  append,
  appendMany,
  entry,
  HandClock,
  LogFixture,
  nextHealth,
  offsets,
  until
} from './log-fixture.js';

const DAY_MS = 86_400_000;

describe('openLmdbLog', () => {
  const fixture = new LogFixture();
  afterEach(() => fixture.clear());

  async function refusal(options: Partial<LmdbLogOptions>): Promise<unknown> {
    try {
      await fixture.open(options);
    } catch (error) {
      return error;
    }
    return null;
  }

  describe('append', () => {
    it('takes the longest mid and user when they need the most escaping', async () => {
      const log = await fixture.open();
      const item = entry('\u0000'.repeat(64), { user: '\u0000'.repeat(128) });
      await append(log, 't'.repeat(128), item);
      expect(await append(log, 't'.repeat(128), item)).to.include({ duplicate: true });
    });

    it('counts the characters of mids and users as the schema does', async () => {
      const log = await fixture.open();
      const item = entry('😀'.repeat(64), { user: '😀'.repeat(128) });
      expect(await append(log, 't1', item)).to.include({ ok: true });
      const longer = entry('😀'.repeat(65));
      expect(await append(log, 't1', longer)).to.include({ code: 'unavailable' });
    });

    it('answers unavailable when the mid is too long for a key', async () => {
      const log = await fixture.open();
      expect(await append(log, 't1', entry('m'.repeat(65)))).to.include({ code: 'unavailable' });
    });

    it('answers unavailable when the queue is full, and takes more when it has gone down', async () => {
      const log = await fixture.open({ memory: new ByteBudget(16 * JOB_COPIES * 1024) });
      const bodyJson = JSON.stringify('x'.repeat(4 * 1024));
      const results = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          append(log, 't1', entry(`m${String(index)}`, { bodyJson }))
        )
      );
      expect(results.map(({ ok }) => ok)).to.deep.equal([true, true, true, true, false, false]);
      expect(await append(log, 't1', entry('later'))).to.include({ ok: true, offset: 5 });
    });

    it('answers the others when a listener throws', async () => {
      const log = await fixture.open();
      const listeners = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      const surfaced = once(process, 'uncaughtException');
      try {
        log.append('t1', entry('m1'), () => {
          throw new Error('listener');
        });
        expect(await append(log, 't1', entry('m2'))).to.include({ ok: true, offset: 2 });
        expect(String((await surfaced)[0])).to.include('listener');
      } finally {
        for (const listener of listeners) process.on('uncaughtException', listener);
      }
    });
  });

  describe('withMid', () => {
    it('finds nothing that is not durable yet, or that has been trimmed', async () => {
      const log = await fixture.open({ retention: { messages: 20, days: null } });
      const stored = append(log, 't', entry('first'));
      expect(log.withMid('first', 9)).to.deep.equal([]);
      await stored;
      expect(log.withMid('first', 9)).to.have.length(1);
      await appendMany(log, 't', 50);
      await until(() => log.withMid('first', 9).length === 0);
      expect(log.withMid('m50', 9)).to.have.length(1);
    });
  });

  describe('ensure', () => {
    it('gives the epoch of the first message without writing when the thread is new', async () => {
      const dir = fixture.dir();
      const log = await fixture.open({ dir });
      const path = join(dir, 'data.mdb');
      const before = readFileSync(path);
      expect(log.ensure('t1')).to.deep.equal({
        epoch: 'e1',
        first: 1,
        last: 0,
        at: 0,
        owner: null
      });
      expect(readFileSync(path).equals(before)).to.equal(true);
      expect(await append(log, 't1', entry('m1'))).to.include({ epoch: 'e1' });
    });
  });

  describe('epoch', () => {
    const cases: [string, LmdbLogOptions['durability'], boolean, string | null, boolean][] = [
      ['a disk log was closed and the machine restarted', 'disk', true, 'boot-2', false],
      ['a disk log was cut off and the machine restarted', 'disk', false, 'boot-2', false],
      ['a process log was closed and the machine restarted', 'process', true, 'boot-2', false],
      ['a process log was cut off and the machine stayed up', 'process', false, 'boot-1', false],
      ['a process log was cut off and the machine restarted', 'process', false, 'boot-2', true],
      ['a process log was cut off and boots are not known', 'process', false, null, true]
    ];
    for (const [when, durability, closed, boot, renewed] of cases) {
      it(`${renewed ? 'changes' : 'stays'} when ${when}`, async () => {
        const dir = fixture.dir();
        const log = await fixture.open({ dir, durability });
        await append(log, 't1', entry('m1'));
        await log.close();
        if (!closed) {
          const store = openStore({ dir, use: 'disk' });
          const run = { durability, boot: 'boot-1', clean: false };
          await store.commit([{ key: RUN_KEY, value: JSON.stringify(run) }]);
          await store.close();
        }
        const again = await fixture.open({ dir, durability, bootId: () => boot });
        expect(again.renewed).to.equal(renewed ? 'lost' : null);
        expect(again.head('t1')?.epoch).to.equal(renewed ? 'e2' : 'e1');
        expect(offsets(again, 't1')).to.deep.equal([1]);
      });
    }
  });

  describe('owner', () => {
    it('is who was named when that came before the first message', async () => {
      const dir = fixture.dir();
      const log = await fixture.open({ dir });
      await Promise.all([log.setOwner('t1', 'eve'), append(log, 't1', entry('m1'))]);
      expect(log.head('t1')).to.include({ owner: 'eve', last: 1 });
      await log.close();
      expect((await fixture.open({ dir })).head('t1')).to.include({ owner: 'eve', last: 1 });
    });

    it('is who was named when that came after the first message', async () => {
      const dir = fixture.dir();
      const log = await fixture.open({ dir });
      await Promise.all([append(log, 't1', entry('m1')), log.setOwner('t1', 'eve')]);
      await log.close();
      expect((await fixture.open({ dir })).head('t1')).to.include({ owner: 'eve', last: 1 });
    });

    it('is who a message names, from the commit that stores the message', async () => {
      const dir = fixture.dir();
      const log = await fixture.open({ dir });
      await append(log, 't1', entry('m1'));
      expect(await append(log, 't1', entry('m2', { owner: 'eve' }))).to.include({ offset: 2 });
      expect(log.head('t1')).to.include({ owner: 'eve', last: 2 });
      await append(log, 't2', entry('m1', { owner: 'eve' }));
      expect(log.head('t2')).to.include({ owner: 'eve', last: 1 });
      await log.close();
      const again = await fixture.open({ dir });
      expect(again.head('t1')).to.include({ owner: 'eve', last: 2 });
      expect(again.head('t2')).to.include({ owner: 'eve', last: 1 });
    });

    it('is not who a message names that is refused or was stored before', async () => {
      const log = await fixture.open();
      await append(log, 't1', entry('m1'));
      const other = entry('m1', { owner: 'eve', bodyJson: '"other"' });
      expect(await append(log, 't1', other)).to.include({ code: 'conflict' });
      expect(await append(log, 't1', entry('m1', { owner: 'eve' }))).to.include({
        duplicate: true
      });
      expect(log.head('t1')?.owner).to.equal('ada');
    });

    it('stands alone when there is no message yet', async () => {
      const log = await fixture.open({ headsMax: 1 });
      await log.setOwner('t1', 'eve');
      // Evicts the head of the other thread.
      await append(log, 't2', entry('m1'));
      expect(log.head('t1')).to.include({ owner: 'eve', first: 1, last: 0 });
      expect(await append(log, 't1', entry('m1'))).to.include({ offset: 1 });
    });
  });

  describe('setRecord', () => {
    it('is remembered across a restart, and trimmed by no retention', async () => {
      const dir = fixture.dir();
      const log = await fixture.open({ dir, retention: { messages: 20, days: null } });
      await log.setRecord('t1', 'member', 'bob', '{"since":1}');
      await appendMany(log, 't1', 50);
      await until(() => log.head('t1')?.first === 31);
      await log.close();
      const again = await fixture.open({ dir });
      expect([...again.records('t1', 'member')]).to.deep.equal([
        { id: 'bob', text: '{"since":1}' }
      ]);
    });
  });

  describe('setUnwatched', () => {
    it('is remembered across a restart until it is taken back', async () => {
      const dir = fixture.dir();
      const log = await fixture.open({ dir });
      await log.setUnwatched('t1', { from: 3, since: 7, state: 'waiting' });
      const authors = [{ author: 'ada', from: 1, since: 8 }];
      await log.setUnwatched('t2', { from: 1, since: 8, state: 'undelivered', authors });
      await log.close();
      const again = await fixture.open({ dir });
      expect([...again.allUnwatched()]).to.deep.equal([
        { thread: 't1', from: 3, since: 7, state: 'waiting' },
        { thread: 't2', from: 1, since: 8, state: 'undelivered', authors }
      ]);
      await again.setUnwatched('t1', null);
      expect(again.unwatched('t1')).to.equal(null);
      expect(again.unwatched('t2')).to.include({ state: 'undelivered' });
    });
  });

  describe('retention', () => {
    it('keeps the newest messages and says so in first when there are too many', async () => {
      const log = await fixture.open({ retention: { messages: 20, days: null } });
      await appendMany(log, 't1', 50);
      await until(() => log.head('t1')?.first === 31);
      expect(offsets(log, 't1')).to.deep.equal(Array.from({ length: 20 }, (_, i) => 31 + i));
    });

    it('forgets the mids of trimmed messages and keeps the others’', async () => {
      const log = await fixture.open({ retention: { messages: 20, days: null } });
      await appendMany(log, 't1', 50);
      await until(() => log.head('t1')?.first === 31);
      expect(await append(log, 't1', entry('m50'))).to.include({ duplicate: true, offset: 50 });
      expect(await append(log, 't1', entry('m1'))).to.include({ duplicate: false, offset: 51 });
      expect(await append(log, 't1', entry('m1'))).to.include({ duplicate: true, offset: 51 });
    });

    it('trims by age when a thread is written to', async () => {
      const clock = new HandClock();
      const log = await fixture.open({ clock, retention: { messages: null, days: 2 } });
      await append(log, 't1', entry('m1', { at: clock.now() }));
      clock.advance(DAY_MS);
      await append(log, 't1', entry('m2', { at: clock.now() }));
      clock.advance(DAY_MS + 120_000);
      await append(log, 't1', entry('m3', { at: clock.now() }));
      await until(() => log.head('t1')?.first === 2);
      expect(offsets(log, 't1')).to.deep.equal([2, 3]);
    });

    it('trims by age down to nothing when a thread is idle, and offsets go on', async () => {
      const clock = new HandClock();
      const dir = fixture.dir();
      const retention = { messages: null, days: 2 };
      const log = await fixture.open({ dir, clock, retention, headsMax: 1 });
      await append(log, 't1', entry('m1', { at: clock.now() }));
      await append(log, 't1', entry('m2', { at: clock.now() }));
      // Evicts the head of the idle thread.
      await append(log, 't2', entry('m1', { at: clock.now() }));
      clock.advance(2 * DAY_MS + SWEEP_MS);
      await until(() => log.head('t1')?.first === 3);
      expect(offsets(log, 't1')).to.deep.equal([]);
      await log.close();
      const again = await fixture.open({ dir, clock, retention });
      expect(again.head('t1')).to.include({ first: 3, last: 2 });
      expect(await append(again, 't1', entry('m1', { at: clock.now() }))).to.include({
        offset: 3,
        duplicate: false
      });
      await again.close();
      expect((await checkLog(dir)).problems).to.deep.equal([]);
    });

    it('trims nothing because the clock has jumped, and says so once', async () => {
      const clock = new HandClock();
      const jumps: number[] = [];
      const log = await fixture.open({
        clock,
        retention: { messages: null, days: 1 },
        onClockJump: (byMs) => jumps.push(byMs)
      });
      await append(log, 't1', entry('m1', { at: clock.now() }));
      clock.jump(2 * DAY_MS);
      await append(log, 't1', entry('m2', { at: clock.now() }));
      for (let sweep = 0; sweep < 10; sweep += 1) {
        clock.advance(SWEEP_MS);
        await append(log, 't1', entry(`n${String(sweep)}`, { at: clock.now() }));
      }
      expect(offsets(log, 't1')[0]).to.equal(1);
      expect(jumps).to.deep.equal([2 * DAY_MS]);
      clock.advance(DAY_MS);
      await until(() => log.head('t1')?.first === 2);
    });

    it('sets no timer when nothing is to be trimmed', async () => {
      const clock = new HandClock();
      await fixture.open({ clock });
      expect(clock.pending).to.equal(0);
    });
  });

  describe('opening again', () => {
    it('knows everything when it was closed', async () => {
      const dir = fixture.dir();
      const log = await fixture.open({ dir });
      await appendMany(log, 't1', 30);
      await log.close();
      const again = await fixture.open({ dir });
      expect(again.head('t1')).to.deep.equal({
        epoch: 'e1',
        first: 1,
        last: 30,
        at: 1,
        owner: 'ada'
      });
      expect(await append(again, 't1', entry('m7'))).to.include({ duplicate: true, offset: 7 });
      expect(await append(again, 't1', entry('m31'))).to.include({ duplicate: false, offset: 31 });
    });

    it('is refused when the directory cannot be made', async () => {
      const file = join(fixture.dir(), 'file');
      writeFileSync(file, '');
      expect(await refusal({ dir: join(file, 'log') })).to.be.instanceOf(LogOpenError);
    });

    async function spoilt(...writes: LogWrite[]): Promise<unknown> {
      const dir = fixture.dir();
      const log = await fixture.open({ dir });
      await appendMany(log, 't1', 5);
      await log.close();
      const store = openStore({ dir, use: 'disk' });
      await store.commit(writes);
      await store.close();
      return refusal({ dir });
    }

    it('is refused with both commands when the format is newer', async () => {
      const error = await spoilt({ key: META_KEY, value: '{"format":6,"epoch":"x"}' });
      expect(error).to.be.instanceOf(LogFormatError);
      expect(String(error)).to.match(/format 6.*rollcall log check.*rollcall log export/);
    });

    for (const [what, write] of [
      ['the meta row does not decode', { key: META_KEY, value: '{' }],
      ['the meta row is gone', { key: META_KEY, value: null }],
      ['the run row does not decode', { key: RUN_KEY, value: 'x' }],
      ['the newest entry does not decode', { key: entryKey('t1', 5), value: '{"type":"mess' }],
      ['an entry lies under another’s key', { key: entryKey('t1', 4), value: frame5() }]
    ] satisfies [string, LogWrite][]) {
      it(`is refused with both commands when ${what}`, async () => {
        // Entries are sampled in logs of formats without checksums.
        const old: LogWrite = { key: META_KEY, value: '{"format":2,"epoch":"x"}' };
        const error = await (write.key[0] === 'e' ? spoilt(old, write) : spoilt(write));
        expect(error).to.be.instanceOf(LogCorruptError);
        expect(String(error)).to.match(/rollcall log check.*rollcall log export/);
      });
    }

    for (const [what, content] of [
      ['empty', ''],
      ['short', 'xyz'],
      ['something else', 'x'.repeat(40_960)]
    ] as const) {
      it(`is refused when the data file is ${what}`, async () => {
        const dir = fixture.dir();
        writeFileSync(join(dir, 'data.mdb'), content);
        expect(await refusal({ dir })).to.be.instanceOf(LogCorruptError);
      });
    }
  });

  describe('a full disk', () => {
    const DISK_BYTES = 25_165_824;
    const FILLER_BYTES = 12_582_912;

    /** A log after 400 appends in two threads have filled its small disk. */
    async function full(
      test: Mocha.Context
    ): Promise<{ log: EmbeddedLog; dir: string; clock: HandClock; results: AppendResult[] }> {
      const dir = fixture.smallDisk(DISK_BYTES);
      if (dir === null) {
        if (process.env['CI'] === 'true') throw new Error('CI must be able to mount a tmpfs');
        test.skip();
      }
      const clock = new HandClock();
      const log = await fixture.open({ dir, clock });
      writeFileSync(join(dir, 'filler'), Buffer.alloc(FILLER_BYTES));
      const bodyJson = JSON.stringify('x'.repeat(10_000));
      const results: AppendResult[] = [];
      // Appends come in waves, so that the disk runs full between successful commits.
      for (let wave = 0; log.health().writable; wave += 1) {
        results.push(
          ...(await Promise.all(
            Array.from({ length: 40 }, (_, index) =>
              append(
                log,
                `t${String(index % 2)}`,
                entry(`m${String(wave)}-${String(index)}`, { bodyJson })
              )
            )
          ))
        );
      }
      return { log, dir, clock, results };
    }

    function acked(results: AppendResult[]): string[] {
      return results.flatMap((result) => (result.ok ? [result.frame] : []));
    }
    function kept(log: EmbeddedLog): string[] {
      return ['t0', 't1'].flatMap((thread) =>
        log.read(thread, 0, 1e6, Infinity).map(({ frame }) => frame)
      );
    }

    it('fails whole commits, shows nothing of them and refuses at once when it is full', async function () {
      const { log, dir, results } = await full(this);
      expect(results.filter(({ ok }) => !ok)).to.have.lengthOf(40);
      expect(log.health().reason).to.match(/cannot write: .*bytes are free/);
      expect(kept(log).sort()).to.deep.equal(acked(results).sort());
      let answered = false;
      log.append('t0', entry('more'), (result) => {
        expect(result).to.include({ code: 'unavailable' });
        answered = true;
      });
      expect(answered).to.equal(true);
      await log.close();
      const again = await fixture.open({ dir: await roomy(dir) });
      expect(kept(again).sort()).to.deep.equal(acked(results).sort());
    });

    async function roomy(dir: string): Promise<string> {
      unlinkSync(join(dir, 'filler'));
      return Promise.resolve(dir);
    }

    it('reports the failure and the recovery once each and goes on at the next offset', async function () {
      const { log, dir, clock, results } = await full(this);
      const turns: boolean[] = [];
      log.onHealth(({ writable }) => turns.push(writable));
      clock.advance(PROBE_MS);
      await until(() => clock.pending > 0);
      expect(turns).to.deep.equal([]);
      await roomy(dir);
      const recovered = nextHealth(log);
      clock.advance(PROBE_MS);
      expect(await recovered).to.deep.equal({ writable: true, reason: null });
      const last = log.head('t0')?.last ?? 0;
      expect(last).to.equal(acked(results).filter((frame) => frame.includes('"t0"')).length);
      expect(existsSync(join(dir, 'probe'))).to.equal(false);
      expect(await append(log, 't0', entry('after'))).to.include({ ok: true, offset: last + 1 });
      await log.close();
      expect((await checkLog(dir)).problems).to.deep.equal([]);
    });

    it('rejects records when it cannot write', async function () {
      const { log } = await full(this);
      let reason: unknown = null;
      await log.setOwner('t0', 'eve').catch((error: unknown) => (reason = error));
      expect(reason).to.include({ code: 'unavailable' });
      expect(log.head('t0')?.owner).to.equal('ada');
    });

    it('leaves no rejection unhandled when a commit fails', async function () {
      const unhandled: unknown[] = [];
      const listener = (reason: unknown): void => void unhandled.push(reason);
      process.on('unhandledRejection', listener);
      try {
        await full(this);
        await new Promise((resolve) => setImmediate(resolve));
        expect(unhandled).to.deep.equal([]);
      } finally {
        process.off('unhandledRejection', listener);
      }
    });
  });

  describe('a killed process', () => {
    const ROUNDS = 5;
    const child = fileURLToPath(new URL('log-writer.child.ts', import.meta.url));

    for (const durability of ['disk', 'process'] as const) {
      it(`has lost nothing it acknowledged when durability is ${durability}`, async function () {
        this.timeout(120_000);
        const dir = fixture.dir();
        const acked = new Map<string, Map<number, string>>();
        for (let round = 0; round < ROUNDS; round += 1) {
          // Each round kills the process after a different number of acks, whatever it is doing.
          for (const line of await ackedUntilKilled(dir, durability, round, 1 + round * 397)) {
            const [thread = '', offset = '', mid = ''] = line.split(' ');
            const known = acked.get(thread) ?? new Map<number, string>();
            expect(known.has(Number(offset)), line).to.equal(false);
            acked.set(thread, known.set(Number(offset), mid));
          }
        }
        expect((await checkLog(dir)).problems).to.deep.equal([]);
        const log = await fixture.open({ dir, durability });
        let found = 0;
        for (const [thread, known] of acked) {
          const entries = log.read(thread, 0, 1e7, Infinity);
          expect(entries.map(({ offset }) => offset)).to.deep.equal(entries.map((_, i) => i + 1));
          const mids = entries.map(({ frame }) => parseMessageFrame(frame)?.mid);
          expect(new Set(mids).size).to.equal(mids.length);
          for (const [offset, mid] of known) {
            expect(mids[offset - 1]).to.equal(mid);
            found += 1;
          }
        }
        expect(found).to.be.greaterThan(ROUNDS * 397);
      });
    }

    async function ackedUntilKilled(
      dir: string,
      durability: string,
      round: number,
      count: number
    ): Promise<string[]> {
      const writer = spawn(
        process.execPath,
        ['--import', 'tsx', child, dir, durability, String(round)],
        { stdio: ['ignore', 'pipe', 'inherit'] }
      );
      let text = '';
      for await (const chunk of writer.stdout) {
        text += String(chunk);
        if (text.split('\n').length > count) writer.kill('SIGKILL');
      }
      // The rest of the pipe has been read too; half a line is no ack.
      return text.split('\n').slice(0, -1);
    }
  });

  it('behaves like a plain map when appended to, repeated, contradicted, trimmed and restarted', async function () {
    this.timeout(60_000);
    const KEEP = 15;
    const command = fc.oneof(
      { weight: 10, arbitrary: fc.record({ thread: fc.nat(2), mid: fc.nat(40), body: fc.nat(1) }) },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
      { weight: 1, arbitrary: fc.constant('wait' as const) }
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 150 }), async (commands) => {
        const dir = fixture.dir();
        // There are fewer cached heads than threads, so that heads are evicted and read again all the time.
        const options = { dir, retention: { messages: KEEP, days: null }, headsMax: 2 };
        let log = await fixture.open(options);
        const model = new Map<string, { mid: string; body: string }[]>();
        let answers: Promise<void>[] = [];
        for (const step of commands) {
          if (typeof step === 'string') {
            await Promise.all(answers);
            answers = [];
            if (step === 'restart') {
              await log.close();
              log = await fixture.open(options);
            }
            continue;
          }
          const thread = `t${String(step.thread)}`;
          const mid = `m${String(step.mid)}`;
          const body = String(step.body);
          const entries = model.get(thread) ?? [];
          model.set(thread, entries);
          const first = log.head(thread)?.first ?? 1;
          const at = entries.findLastIndex((known) => known.mid === mid) + 1;
          const known = at >= first ? entries[at - 1] : undefined;
          if (known === undefined) entries.push({ mid, body });
          const offset = known === undefined ? entries.length : at;
          const expected =
            known !== undefined && known.body !== body
              ? { ok: false, code: 'conflict' }
              : { ok: true, offset, duplicate: known !== undefined };
          answers.push(
            append(log, thread, entry(mid, { bodyJson: body })).then((result) => {
              expect(result).to.include(expected);
            })
          );
        }
        await Promise.all(answers);
        for (const [thread, entries] of model) {
          const { first, last } = log.head(thread) ?? { first: 0, last: 0 };
          expect(last).to.equal(entries.length);
          expect(last - first + 1).to.be.at.least(Math.min(KEEP, last));
          expect(
            log.read(thread, 0, 1e6, Infinity).map(({ frame }) => frameHeader(frame)?.mid)
          ).to.deep.equal(entries.slice(first - 1).map(({ mid }) => mid));
        }
        await log.close();
        expect((await checkLog(dir)).problems).to.deep.equal([]);
      }),
      { numRuns: 25 }
    );
  });
});

function frame5(): string {
  return messageFrame('t1', 5, entry('m5'));
}
