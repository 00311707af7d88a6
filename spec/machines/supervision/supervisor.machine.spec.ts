import { expect } from 'chai';
import { setup } from 'xstate';
import { NO_RESULTS } from '../../../machines/supervision/child.js';
import {
  MAX_CHILDREN,
  RESTARTS,
  type ChildSpec
} from '../../../machines/supervision/child-spec.js';
import { reportOf } from '../../../machines/supervision/child-state.js';
import { createSupervisorMachine } from '../../../machines/supervision/supervisor.machine.js';
import { keptBy, puppet, SHUTDOWN_MS, START_MS, type PuppetKind } from './puppet.js';
import { FAILED, POLICY, startPuppets, startSupervisor } from './supervisor-rig.js';

const NEEDED: PuppetKind = {};
const OPTIONAL: PuppetKind = { required: false };
const DEAF: PuppetKind = { manner: 'ignores' };

/** The backoff's wait before restart number n, with the rig's random number of a half. */
const waitMs = (n: number): number => Math.min(400, 100 * 2 ** (n - 1)) / 2;

describe('createSupervisorMachine', () => {
  describe('starting', () => {
    it('starts each child only when the one before has said that it is ready', () => {
      const run = startPuppets([NEEDED, NEEDED, NEEDED]);
      expect(run.journal).to.deep.equal(['a starts']);
      run.ready('a');
      expect(run.journal).to.deep.equal(['a starts', 'b starts']);
      expect(run.statuses()).to.deep.equal(['ready', 'starting', 'waiting']);
      run.ready('b', 'c');
      expect(run.readies()).to.have.length(1);
      expect(run.snapshot().hasTag('ready')).to.equal(true);
    });

    it('starts what is required first when the list has it later', () => {
      const run = startPuppets([{ requires: ['c'] }, NEEDED, NEEDED]);
      run.ready('c', 'a', 'b');
      expect(run.journal).to.deep.equal(['c starts', 'a starts', 'b starts']);
    });

    it('does not take a second ready for that of the next child', () => {
      const run = startPuppets([NEEDED, NEEDED, NEEDED]);
      run.ready('a', 'a');
      expect(run.journal).to.deep.equal(['a starts', 'b starts']);
    });

    it('is ready at once when it has no children', () => {
      expect(startPuppets([]).reports).to.deep.equal([
        { type: 'child.ready', id: 'phase', results: NO_RESULTS, children: [] }
      ]);
    });

    it('hands what a child has learnt to the next one and to its parent', () => {
      const run = startPuppets([NEEDED, NEEDED]);
      const results = { handlers: ['publish'] };
      run.make('a', { type: 'say.ready', results });
      run.ready('b');
      expect(run.snapshot().context.results).to.deep.equal(results);
      expect(run.readies()[0]).to.deep.include({ type: 'child.ready', results });
    });

    it('never waits for an optional child', () => {
      const run = startPuppets([OPTIONAL, NEEDED]);
      expect(run.statuses()).to.deep.equal(['starting', 'starting']);
      run.ready('b');
      expect(run.readies()).to.have.length(1);
      run.ready('a');
      expect(run.statuses()).to.deep.equal(['ready', 'ready']);
    });

    it('lets a child wait for the optional one that it requires, and for nothing else', () => {
      const run = startPuppets([OPTIONAL, { ...OPTIONAL, requires: ['a'] }, NEEDED]);
      expect(run.statuses()).to.deep.equal(['starting', 'waiting', 'starting']);
      run.ready('c');
      expect(run.readies()).to.have.length(1);
      run.ready('a');
      expect(run.statuses()).to.deep.equal(['ready', 'starting', 'ready']);
    });

    it('stops what had started, last first, and fails when a required child does not start in time', async () => {
      const run = startPuppets([NEEDED, NEEDED, NEEDED]);
      run.ready('a', 'b');
      await run.clock.advance(START_MS - 1);
      expect(run.ends).to.deep.equal([]);
      await run.clock.advance(1);
      expect(run.journal.slice(3)).to.deep.equal([
        'c is told to stop',
        'b is told to stop',
        'a is told to stop'
      ]);
      expect(run.ends).to.have.length(1);
      expect(run.ends[0]).to.deep.include({
        status: 'failed',
        service: 'c',
        error: `did not start within ${String(START_MS)} ms`
      });
      expect(run.statuses()).to.deep.equal(['stopped', 'stopped', 'failed']);
    });

    it('blames what a child that is late said it waits for', async () => {
      const run = startPuppets([NEEDED]);
      run.make('a', { type: 'say.waiting', on: 'the disk' });
      run.make('a', { type: 'say.waiting', on: 'attempt 2 of 5: db refuses' });
      await run.clock.advance(START_MS);
      expect(run.ends[0]).to.deep.include({
        error: `did not start within ${String(START_MS)} ms: it waits for attempt 2 of 5: db refuses`
      });
    });

    it('tells its own parent what it waits for, the innermost last', () => {
      const run = startPuppets([NEEDED]);
      run.make('a', { type: 'say.waiting', on: 'the disk' });
      expect(run.reports.at(-1)).to.deep.equal({
        type: 'child.waiting',
        id: 'phase',
        on: 'a: the disk'
      });
    });

    it('gives each child the whole of its time to start', async () => {
      const run = startPuppets([NEEDED, NEEDED]);
      await run.clock.advance(START_MS - 1);
      run.ready('a');
      await run.clock.advance(START_MS - 1);
      expect(run.statuses()).to.deep.equal(['ready', 'starting']);
      await run.clock.advance(1);
      expect(run.ends).to.have.length(1);
    });

    it('tries an optional child that is late again, when nothing of it is left', async () => {
      const run = startPuppets([{ ...OPTIONAL, ...DEAF }]);
      await run.clock.advance(START_MS);
      expect(run.journal).to.deep.equal(['a starts', 'a is told to stop']);
      await run.clock.advance(SHUTDOWN_MS - 1);
      expect(run.running()).to.deep.equal(['a']);
      await run.clock.advance(1);
      expect([run.running(), run.statuses()]).to.deep.equal([[], ['restarting']]);
      await run.clock.advance(waitMs(1));
      expect(run.journal.slice(2)).to.deep.equal(['a starts']);
    });

    for (const [what, order, error] of [
      ['fails', FAILED, 'disk full'],
      ['crashes', { type: 'crash' }, 'crashed'],
      ['ends by itself', { type: 'end', output: { status: 'stopped' } }, 'ended by itself'],
      ['ends without an output', { type: 'end', output: undefined }, 'ended without saying why']
    ] as const) {
      it(`fails with its reason when a required child ${what} before it is ready`, () => {
        const run = startPuppets([NEEDED, NEEDED]);
        run.ready('a');
        run.make('b', order);
        expect(run.ends[0]).to.deep.include({ status: 'failed', service: 'b', error });
        expect(run.journal.at(-1)).to.equal('a is told to stop');
      });

      it(`fails when an earlier required child ${what} while a later one starts`, () => {
        const run = startPuppets([NEEDED, NEEDED]);
        run.ready('a');
        run.make('a', order);
        expect(run.ends[0]).to.deep.include({ status: 'failed', service: 'a', error });
        expect(run.journal.at(-1)).to.equal('b is told to stop');
      });

      it(`goes on, and tries again, when an optional child ${what} before it is ready`, async () => {
        const run = startPuppets([OPTIONAL, NEEDED]);
        run.make('a', order);
        run.ready('b');
        expect(run.statuses()).to.deep.equal(['restarting', 'ready']);
        expect([run.errorOf('a'), run.ends]).to.deep.equal([error, []]);
        await run.clock.advance(waitMs(1));
        expect(run.statuses()).to.deep.equal(['starting', 'ready']);
      });
    }

    it('takes the end of a required child that has done its work for no loss', () => {
      const run = startPuppets([{ restart: 'transient' }, NEEDED]);
      run.ready('a');
      run.make('a', { type: 'end', output: { status: 'stopped' } });
      run.ready('b');
      expect([run.statuses(), run.ends]).to.deep.equal([['stopped', 'ready'], []]);
    });
  });

  describe('running', () => {
    it('tells when a child is degraded and when it has recovered', () => {
      const run = startPuppets([NEEDED]);
      run.ready('a');
      const since = run.clock.now();
      run.make('a', { type: 'say.degraded' });
      expect(run.child('a')).to.deep.include({ status: 'degraded', error: 'lost', since });
      run.make('a', { type: 'say.recovered' });
      expect(run.child('a')).to.deep.include({ status: 'ready', error: null });
      expect(run.reports.at(-1)?.type).to.equal('child.changed');
    });

    it('reports a lost child in the one shape of all reports', async () => {
      const run = startPuppets([NEEDED]);
      run.ready('a');
      await run.clock.advance(7);
      run.make('a', { type: 'crash' });
      const lost = run.child('a');
      if (lost === undefined) throw new Error('a is gone');
      expect(reportOf(lost, run.clock.elapsed())).to.deep.equal({
        service: 'a',
        reason: 'crashed',
        action: 'restarting',
        since: run.clock.now(),
        restarts: 0,
        nextAttemptMs: waitMs(1)
      });
      await run.clock.advance(waitMs(1));
      run.ready('a');
      const back = run.child('a');
      if (back === undefined) throw new Error('a is gone');
      expect(reportOf(back, run.clock.elapsed())).to.deep.include({
        reason: null,
        action: 'none',
        restarts: 1,
        nextAttemptMs: null
      });
    });

    for (const [restart, order, comesBack] of [
      ['permanent', { type: 'crash' }, true],
      ['permanent', FAILED, true],
      ['permanent', { type: 'end', output: { status: 'stopped' } }, true],
      ['transient', { type: 'crash' }, true],
      ['transient', FAILED, true],
      ['transient', { type: 'end', output: { status: 'stopped' } }, false],
      ['temporary', { type: 'crash' }, false],
      ['temporary', FAILED, false],
      ['temporary', { type: 'end', output: { status: 'stopped' } }, false]
    ] as const) {
      const isWell = 'output' in order && order !== FAILED;
      const how = order.type === 'crash' ? 'crashes' : isWell ? 'ends well' : 'fails';
      it(`${comesBack ? 'starts' : 'does not start'} a ${restart} child again that ${how}`, async () => {
        const run = startPuppets([NEEDED, { ...OPTIONAL, restart }]);
        run.ready('a', 'b');
        run.make('b', order);
        const ended = isWell ? 'stopped' : 'failed';
        expect(run.statuses()).to.deep.equal(['ready', comesBack ? 'restarting' : ended]);
        await run.clock.advance(60_000);
        expect(run.journal.filter((line) => line === 'b starts').length > 1).to.equal(comesBack);
        expect(run.journal.filter((line) => line === 'a starts')).to.have.length(1);
      });
    }

    it('waits longer from loss to loss, up to the bound', async () => {
      const run = startPuppets([OPTIONAL]);
      run.ready('a');
      for (const loss of [1, 2, 3, 4, 5]) {
        run.make('a', { type: 'crash' });
        expect(run.clock.nextMs).to.equal(waitMs(loss));
        await run.clock.advance(waitMs(loss));
        run.ready('a');
      }
      expect(waitMs(5)).to.equal(waitMs(4));
    });

    it('begins with short waits again when a child has been up for long enough', async () => {
      const run = startPuppets([OPTIONAL]);
      run.ready('a');
      for (const loss of [1, 2]) {
        run.make('a', { type: 'crash' });
        await run.clock.advance(waitMs(loss));
        run.ready('a');
      }
      await run.clock.advance(POLICY.settledMs - 1);
      expect(run.child('a')?.losses).to.equal(2);
      await run.clock.advance(1);
      run.make('a', { type: 'crash' });
      expect(run.clock.nextMs).to.equal(waitMs(1));
    });

    it('takes as long to start as chance says, from nothing to the bound', async () => {
      let chance = 0;
      const run = startPuppets([OPTIONAL], { random: () => chance });
      run.ready('a');
      run.make('a', { type: 'crash' });
      await run.clock.advance(0);
      expect(run.statuses()).to.deep.equal(['starting']);
      run.ready('a');
      chance = 0.999;
      run.make('a', { type: 'crash' });
      expect(run.clock.nextMs).to.equal(199);
    });

    it('fails with the reason and a report when a required child is lost too often in the window', async () => {
      const run = startPuppets([NEEDED, NEEDED]);
      run.ready('a', 'b');
      for (const loss of [1, 2, 3]) {
        run.make('b', { type: 'crash' });
        await run.clock.advance(waitMs(loss));
        run.ready('b');
      }
      run.make('b', { type: 'crash' });
      const error = 'crashed (restarted 3 times within 10000 ms, the most allowed)';
      expect(run.ends).to.deep.equal([
        {
          status: 'failed',
          service: 'b',
          error,
          report: {
            service: 'b',
            reason: error,
            action: 'escalated',
            since: run.clock.now(),
            restarts: 3,
            nextAttemptMs: null
          }
        }
      ]);
      expect(run.journal.at(-1)).to.equal('a is told to stop');
    });

    it('goes on for ever when a required child is lost no more often than the window allows', async () => {
      const run = startPuppets([NEEDED]);
      run.ready('a');
      for (let loss = 0; loss < 30; loss += 1) {
        run.make('a', { type: 'crash' });
        await run.clock.advance(400);
        run.ready('a');
        await run.clock.advance(POLICY.intensity.withinMs / POLICY.intensity.restarts);
      }
      expect(run.ends).to.deep.equal([]);
    });

    for (const jumpMs of [172_800_000, -172_800_000]) {
      it(`keeps its window when the wall clock jumps by ${String(jumpMs)} ms`, async () => {
        const run = startPuppets([NEEDED, NEEDED]);
        run.ready('a', 'b');
        for (const id of ['a', 'b', 'a']) {
          run.make(id, { type: 'crash' });
          await run.clock.advance(400);
          run.ready(id);
          run.clock.jump(jumpMs);
        }
        run.make('b', { type: 'crash' });
        expect(run.ends[0]).to.deep.include({ status: 'failed', service: 'b' });
      });
    }

    for (const jumpMs of [172_800_000, -172_800_000]) {
      it(`tells the same wait when the wall clock jumps by ${String(jumpMs)} ms`, async () => {
        const run = startPuppets([NEEDED]);
        run.ready('a');
        await run.clock.advance(7);
        run.make('a', { type: 'crash' });
        run.clock.jump(jumpMs);
        const lost = run.child('a');
        if (lost === undefined) throw new Error('a is gone');
        expect(reportOf(lost, run.clock.elapsed()).nextAttemptMs).to.equal(waitMs(1));
      });
    }

    it('counts the losses of all required children together', async () => {
      const run = startPuppets([NEEDED, NEEDED]);
      run.ready('a', 'b');
      for (const id of ['a', 'b', 'a']) {
        run.make(id, { type: 'crash' });
        await run.clock.advance(400);
        run.ready(id);
      }
      run.make('b', { type: 'crash' });
      expect(run.ends[0]).to.deep.include({ status: 'failed', service: 'b' });
    });

    it('never gives an optional child up, and counts it against nobody', async () => {
      const run = startPuppets([OPTIONAL, NEEDED]);
      run.ready('a', 'b');
      for (let loss = 0; loss < 20; loss += 1) {
        run.make('a', { type: 'crash' });
        await run.clock.advance(400);
        run.ready('a');
      }
      run.make('b', { type: 'crash' });
      expect([run.ends, run.statuses()]).to.deep.equal([[], ['ready', 'restarting']]);
      expect(run.child('a')?.starts).to.equal(21);
    });

    it('lets a child that is due wait while what it requires is away', async () => {
      const run = startPuppets([OPTIONAL, { ...OPTIONAL, requires: ['a'] }]);
      run.ready('a', 'b');
      run.make('b', { type: 'crash' });
      run.make('a', { type: 'crash' });
      await run.clock.advance(waitMs(1));
      expect(run.statuses()).to.deep.equal(['starting', 'waiting']);
      run.ready('a');
      expect(run.statuses()).to.deep.equal(['ready', 'starting']);
    });
  });

  describe('rest_for_one', () => {
    const policy = { strategy: 'rest_for_one' } as const;

    it('stops those that started later, last first, and starts them again in order', async () => {
      const run = startPuppets([NEEDED, NEEDED, NEEDED, NEEDED], { policy });
      run.ready('a', 'b', 'c', 'd');
      run.journal.length = 0;
      run.make('b', { type: 'crash' });
      expect(run.journal).to.deep.equal(['d is told to stop', 'c is told to stop']);
      expect(run.statuses()).to.deep.equal(['ready', 'restarting', 'restarting', 'restarting']);
      await run.clock.advance(waitMs(1));
      run.ready('b', 'c', 'd');
      expect(run.journal.slice(2)).to.deep.equal(['b starts', 'c starts', 'd starts']);
      expect(run.statuses()).to.deep.equal(['ready', 'ready', 'ready', 'ready']);
      expect(run.readies()).to.have.length(1);
    });

    it('takes the rest along when one before them is lost while they come up', async () => {
      const run = startPuppets([NEEDED, NEEDED, NEEDED], { policy });
      run.ready('a', 'b', 'c');
      run.make('b', { type: 'crash' });
      await run.clock.advance(waitMs(1));
      run.ready('b');
      run.journal.length = 0;
      run.make('a', { type: 'crash' });
      expect(run.journal).to.deep.equal(['c is told to stop', 'b is told to stop']);
      await run.clock.advance(400);
      run.ready('a', 'b', 'c');
      expect(run.statuses()).to.deep.equal(['ready', 'ready', 'ready']);
    });

    it('takes the loss of one that it is about to stop for no loss of its own', () => {
      const run = startPuppets([NEEDED, NEEDED, DEAF], { policy });
      run.ready('a', 'b', 'c');
      run.make('a', { type: 'crash' });
      run.make('b', { type: 'crash' });
      expect(run.snapshot().context.restarts).to.have.length(1);
      run.make('c', { type: 'end', output: { status: 'stopped' } });
      expect(run.statuses()).to.deep.equal(['restarting', 'restarting', 'restarting']);
    });

    it('stops one that waits for its own restart, too', async () => {
      const run = startPuppets([NEEDED, OPTIONAL], { policy });
      run.ready('a', 'b');
      run.make('b', { type: 'crash' });
      run.make('a', { type: 'crash' });
      await run.clock.advance(400);
      run.ready('a', 'b');
      expect(run.journal).to.deep.equal(['a starts', 'b starts', 'a starts', 'b starts']);
    });
  });

  describe('one_for_all', () => {
    const policy = { strategy: 'one_for_all' } as const;

    it('stops all others, last first, and starts all again', async () => {
      const run = startPuppets([NEEDED, NEEDED, NEEDED], { policy });
      run.ready('a', 'b', 'c');
      run.journal.length = 0;
      run.make('b', { type: 'crash' });
      expect(run.journal).to.deep.equal(['c is told to stop', 'a is told to stop']);
      await run.clock.advance(waitMs(1));
      run.ready('a', 'b', 'c');
      expect(run.journal.slice(2)).to.deep.equal(['a starts', 'b starts', 'c starts']);
    });

    it('begins anew when one fails while it comes up, and gives up at the intensity', async () => {
      const run = startPuppets([NEEDED, NEEDED], { policy });
      run.ready('a', 'b');
      run.make('b', { type: 'crash' });
      for (const loss of [2, 3]) {
        await run.clock.advance(400);
        run.ready('a');
        run.make('b', FAILED);
        expect(run.child('b')?.losses).to.equal(loss);
        expect(run.running()).to.deep.equal([]);
      }
      await run.clock.advance(400);
      run.make('a', FAILED);
      expect(run.ends[0]).to.deep.include({ status: 'failed', service: 'a' });
    });

    it('starts one again that had done its work, as it starts all', async () => {
      const run = startPuppets([NEEDED, { restart: 'transient' }], { policy });
      run.ready('a', 'b');
      run.make('b', { type: 'end', output: { status: 'stopped' } });
      run.make('a', { type: 'crash' });
      await run.clock.advance(waitMs(1));
      run.ready('a');
      expect(run.statuses()).to.deep.equal(['ready', 'starting']);
    });

    it('ends when it is told to stop while it rests', async () => {
      const run = startPuppets([NEEDED, NEEDED], { policy });
      run.ready('a', 'b');
      run.make('a', { type: 'crash' });
      run.stop();
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
      expect(run.clock.waiting).to.equal(0);
      await run.clock.advance(60_000);
      expect(run.running()).to.deep.equal([]);
    });
  });

  describe('stopping', () => {
    it('stops its children in reverse order, each only when the one behind has ended', () => {
      const run = startPuppets([DEAF, DEAF, NEEDED]);
      run.ready('a', 'b', 'c');
      run.stop();
      expect(run.journal.slice(3)).to.deep.equal(['c is told to stop', 'b is told to stop']);
      run.make('b', { type: 'end', output: { status: 'stopped' } });
      expect(run.journal.at(-1)).to.equal('a is told to stop');
    });

    it('cuts a child off when its own deadline is over, and goes on', async () => {
      const run = startPuppets([NEEDED, DEAF, DEAF]);
      run.ready('a', 'b', 'c');
      run.stop();
      await run.clock.advance(SHUTDOWN_MS - 1);
      expect(run.running()).to.deep.equal(['a', 'b', 'c']);
      await run.clock.advance(1);
      expect(run.running()).to.deep.equal(['a', 'b']);
      await run.clock.advance(SHUTDOWN_MS - 1);
      expect(run.ends).to.deep.equal([]);
      await run.clock.advance(1);
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
      expect(run.clock.waiting).to.equal(0);
      expect(run.errorOf('c')).to.contain('was cut off');
    });

    it('goes on after children that fail or throw when they are told to stop', () => {
      const run = startPuppets([NEEDED, { manner: 'throws' }, { manner: 'fails' }]);
      run.ready('a', 'b', 'c');
      run.stop();
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
      expect([run.errorOf('b'), run.errorOf('c')]).to.deep.equal(['crashed', 'cannot let go']);
    });

    it('stops the child that is starting, too, when it is told to stop meanwhile', () => {
      const run = startPuppets([NEEDED, NEEDED, NEEDED]);
      run.ready('a');
      run.stop();
      expect(run.journal).to.deep.equal([
        'a starts',
        'b starts',
        'b is told to stop',
        'a is told to stop'
      ]);
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
      expect(run.statuses()).to.deep.equal(['stopped', 'stopped', 'waiting']);
    });

    it('tells a child once, and keeps to its deadline, when another one ends meanwhile', async () => {
      const run = startPuppets([NEEDED, DEAF]);
      run.ready('a', 'b');
      run.stop();
      await run.clock.advance(SHUTDOWN_MS - 1);
      run.make('a', { type: 'crash' });
      expect(run.journal.slice(2)).to.deep.equal(['b is told to stop']);
      await run.clock.advance(1);
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
    });

    it('does not restart its stop when it is told to stop twice', () => {
      const run = startPuppets([DEAF]);
      run.ready('a');
      run.stop();
      run.stop();
      expect(run.journal.slice(1)).to.deep.equal(['a is told to stop']);
    });

    it('starts nothing that was to be restarted', async () => {
      const run = startPuppets([NEEDED, DEAF]);
      run.ready('a', 'b');
      run.make('a', { type: 'crash' });
      run.stop();
      await run.clock.advance(SHUTDOWN_MS + 60_000);
      expect(run.journal.filter((line) => line === 'a starts')).to.have.length(1);
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
    });

    it('keeps the first failure when another child fails while it stops', () => {
      const run = startPuppets([NEEDED, DEAF, NEEDED], {
        policy: { intensity: { restarts: 0, withinMs: 1 } }
      });
      run.ready('a', 'b', 'c');
      run.make('c', FAILED);
      run.make('b', { type: 'crash' });
      expect(run.ends[0]).to.deep.include({ status: 'failed', service: 'c', error: 'disk full' });
    });
  });

  it('contains a child that throws while it is made', () => {
    const broken: ChildSpec = {
      ...puppet('a', []),
      logic: setup({}).createMachine({
        context: () => {
          throw new Error('no context');
        }
      })
    };
    const [end] = startSupervisor([broken]).ends;
    expect(end).to.deep.include({ status: 'failed', service: 'a', error: 'no context' });
  });

  it('contains a child that throws what cannot be said in words', () => {
    const broken: ChildSpec = {
      ...puppet('a', []),
      logic: setup({}).createMachine({
        entry: () => {
          throw Object.create(null);
        }
      })
    };
    const [end] = startSupervisor([broken]).ends;
    expect(end).to.deep.include({ status: 'failed', service: 'a' });
  });

  it('refuses what cannot be supervised, all of it by name, before it starts anything', () => {
    const journal: string[] = [];
    const specs = [
      puppet('a', journal),
      puppet('a', journal),
      puppet('b', journal, { requires: ['x'] })
    ];
    const run = startSupervisor(specs, journal);
    expect(journal).to.deep.equal([]);
    expect(run.ends).to.deep.equal([
      {
        status: 'failed',
        service: 'phase',
        error: 'two children have the id a; b requires x, which is not there',
        report: null
      }
    ]);
  });

  it('supervises as many children as it may have', () => {
    const ids = Array.from({ length: MAX_CHILDREN }, (_, n) => `c${String(n)}`);
    const run = startSupervisor(ids.map((id) => puppet(id, [])));
    run.ready(...ids);
    expect(run.running()).to.deep.equal(ids);
    run.stop();
    expect(run.running()).to.deep.equal([]);
  });

  describe('under another supervisor', () => {
    const settings = { now: () => 0, elapsed: () => 0, random: () => 0.5 };
    const nest = (journal: string[]) => {
      const inner: ChildSpec = {
        ...puppet('inner', []),
        logic: createSupervisorMachine(settings),
        input: { children: [puppet('a', journal)], policy: RESTARTS },
        startTimeoutMs: START_MS / 2
      };
      return startSupervisor([inner], journal);
    };

    it('is started, fails and is stopped like any child', () => {
      const journal: string[] = [];
      const run = nest(journal);
      const innermost = () => keptBy(keptBy(run.ref, 'inner'), 'a');
      innermost().send({ type: 'say.ready' });
      expect(run.statuses()).to.deep.equal(['ready']);
      run.stop();
      expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
      const failing = nest([]);
      keptBy(keptBy(failing.ref, 'inner'), 'a').send(FAILED);
      expect(failing.ends[0]).to.deep.include({ service: 'inner', error: 'a: disk full' });
    });

    it('blames the innermost part when that does not start in time', async () => {
      const journal: string[] = [];
      const run = nest(journal);
      await run.clock.advance(START_MS / 2);
      expect(run.ends[0]).to.deep.include({
        service: 'inner',
        error: `did not start within ${String(START_MS / 2)} ms: it waits for a`
      });
      expect(journal.at(-1)).to.equal('a is told to stop');
    });
  });
});
