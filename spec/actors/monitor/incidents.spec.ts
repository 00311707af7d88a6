import { expect } from 'chai';
import {
  FAULTS_CRITICAL,
  Incidents,
  INCIDENTS_MAX,
  QUIET_MS,
  type Condition,
  type Verdict
} from '../../../actors/monitor/incidents.js';
import type { MonitorLevel } from '../../../machines/finding.js';
import { VirtualClock } from '../../virtual-clock.js';
import { RecordedLogger } from '../recorded-logger.js';

function start() {
  const clock = new VirtualClock();
  const logger = new RecordedLogger();
  return { clock, logger, incidents: new Incidents({ clock, logger }) };
}

describe('Incidents', () => {
  for (const jumpMs of [172_800_000, -172_800_000]) {
    it(`closes what is over after as long as ever when the wall clock jumps by ${String(jumpMs)} ms`, async () => {
      const { clock, logger, incidents } = start();
      const kind = { kind: 'sink_lag', about: null, title: 'it was', logs: 'all' } as const;
      const condition = { ...kind, forMs: 1_000 };
      incidents.note('a handler failed', { actor: 'handlers', reason: 'first' });
      incidents.judge(condition, { level: 'warning', message: 'it is' });
      clock.jump(jumpMs);
      incidents.judge(condition, { level: 'warning', message: 'it is' });
      expect(incidents.all()).to.have.length(1);
      await clock.advance(1_000);
      incidents.judge(condition, { level: 'warning', message: 'it is' });
      expect(incidents.all()).to.have.length(2);
      await clock.advance(500);
      clock.jump(-jumpMs);
      incidents.judge(condition, { level: 'healthy', message: 'it is' });
      await clock.advance(QUIET_MS - 1);
      clock.jump(jumpMs);
      incidents.sweep();
      expect(incidents.all()).to.have.length(1);
      await clock.advance(1);
      incidents.sweep();
      expect(incidents.all()).to.deep.equal([]);
      const lasted = logger.lines.slice(-2).map(({ fields }) => fields?.['lastedMs']);
      expect(lasted).to.deep.equal([0, 500]);
    });
  }

  it('tells a fault once, however often it comes, and once that it is over', async () => {
    const { clock, logger, incidents } = start();
    for (const reason of ['first', 'second', 'third']) {
      incidents.note('a handler failed', { actor: 'handlers', reason });
      incidents.sweep();
      await clock.advance(QUIET_MS - 1);
    }
    expect(logger.lines.map(({ level, message }) => [level, message])).to.deep.equal([
      ['error', 'a handler failed']
    ]);
    expect(incidents.all()).to.have.length(1);
    expect(incidents.all()[0]).to.deep.include({ count: 3, reason: 'third' });
    await clock.advance(1);
    incidents.sweep();
    incidents.sweep();
    expect(logger.lines[1]).to.deep.include({
      level: 'info',
      message: 'It is over: a handler failed'
    });
    expect(logger.lines[1]?.fields).to.deep.include({
      actor: 'handlers',
      count: 3,
      lastedMs: 2 * (QUIET_MS - 1)
    });
    expect([logger.lines.length, incidents.all()]).to.deep.equal([2, []]);
  });

  it('keeps different faults apart, and opens a new incident when one comes again later', async () => {
    const { clock, logger, incidents } = start();
    incidents.note('one', { reason: 'x' });
    incidents.note('other', { reason: 'y' });
    await clock.advance(QUIET_MS);
    incidents.sweep();
    incidents.note('one', { reason: 'x' });
    expect(logger.lines.filter(({ level }) => level === 'error')).to.have.length(3);
  });

  it('counts faults of ever new kinds as one more, so that it stays small', () => {
    const { logger, incidents } = start();
    for (let kind = 0; kind < INCIDENTS_MAX + 9; kind += 1) {
      incidents.note(`kind ${String(kind)}`, { reason: 'x' });
    }
    expect(incidents.all()).to.have.length(INCIDENTS_MAX + 1);
    expect(incidents.all().at(-1)?.count).to.equal(9);
    expect(logger.lines).to.have.length(INCIDENTS_MAX + 1);
  });

  it('says once more when a fault comes too often, and not again', async () => {
    const { clock, logger, incidents } = start();
    for (let times = 1; times < FAULTS_CRITICAL.times; times += 1) {
      incidents.note('a handler failed', { reason: 'x' });
    }
    expect([incidents.level, logger.lines.length]).to.deep.equal(['warning', 1]);
    incidents.note('a handler failed', { reason: 'x' });
    incidents.note('a handler failed', { reason: 'x' });
    expect(incidents.level).to.equal('critical');
    expect(logger.lines.map(({ level, message }) => [level, message])).to.deep.equal([
      ['error', 'a handler failed'],
      ['error', 'a handler failed: 10 times within a minute']
    ]);
    // When failures come slowly it stays a warning, however long they go on.
    await clock.advance(FAULTS_CRITICAL.withinMs - 1);
    incidents.note('a handler failed', { reason: 'x' });
    await clock.advance(FAULTS_CRITICAL.withinMs - 1);
    incidents.note('a handler failed', { reason: 'x' });
    expect(incidents.level).to.equal('warning');
  });

  it('leaves a fault that harms nobody a warning, however often it comes', () => {
    const { logger, incidents } = start();
    for (let times = 0; times < 2 * FAULTS_CRITICAL.times; times += 1) {
      incidents.note('an observer failed', { reason: 'x' }, 'warning');
    }
    expect([incidents.level, logger.lines.length]).to.deep.equal(['warning', 1]);
  });

  describe('of conditions', () => {
    const LATE: Condition = {
      kind: 'event_loop_lag',
      about: null,
      title: 'it was late',
      forMs: 0,
      logs: 'all'
    };
    const as = (level: MonitorLevel): Verdict => ({ level, message: `it is ${level}` });
    const lines = (logger: RecordedLogger) =>
      logger.lines.map(({ level, message }) => `${level} ${message}`);

    it('opens one with a line of its level, and closes it with one when it has been gone for long enough', async () => {
      for (const [level, line] of [
        ['warning', 'warn'],
        ['critical', 'error'],
        ['failed', 'error']
      ] as const) {
        const { clock, logger, incidents } = start();
        incidents.judge(LATE, as(level));
        incidents.judge(LATE, as(level), 2);
        expect(incidents.level).to.equal(level);
        await clock.advance(500);
        incidents.judge(LATE, as('healthy'));
        expect(incidents.level, 'what is gone is not there').to.equal('healthy');
        expect(incidents.all()[0]).to.include({ level, endedAt: clock.now() });
        await clock.advance(QUIET_MS - 1);
        incidents.judge(LATE, as('healthy'));
        incidents.sweep();
        expect(incidents.all()).to.have.length(1);
        await clock.advance(1);
        incidents.sweep();
        incidents.sweep();
        expect(incidents.all()).to.deep.equal([]);
        expect(lines(logger)).to.deep.equal([
          `${line} it is ${level}`,
          'info It is over: it was late'
        ]);
        expect(logger.lines[1]?.fields).to.deep.equal({
          actor: 'monitor',
          finding: 'event_loop_lag',
          count: 3,
          lastedMs: 500
        });
      }
    });

    it('takes what comes back in time for the same one, counted on and without a line', async () => {
      const { clock, logger, incidents } = start();
      const since = clock.now();
      for (let times = 1; times <= 5; times += 1) {
        incidents.judge(LATE, as('warning'));
        expect(incidents.all()[0]).to.include({ count: times, since, endedAt: null });
        expect(incidents.level).to.equal('warning');
        incidents.judge(LATE, as('healthy'));
        await clock.advance(QUIET_MS - 1);
        incidents.sweep();
      }
      expect(lines(logger)).to.deep.equal(['warn it is warning']);
      await clock.advance(1);
      incidents.sweep();
      incidents.judge(LATE, as('warning'));
      expect(incidents.all()[0]).to.include({ count: 1, since: clock.now() });
    });

    it('tells each level that it had not come to once, and none that it goes back to', () => {
      const { logger, incidents } = start();
      for (const level of ['warning', 'critical', 'warning', 'critical', 'failed'] as const) {
        incidents.judge(LATE, as(level));
        expect(incidents.level).to.equal(level);
      }
      incidents.judge(LATE, as('healthy'));
      incidents.judge(LATE, as('failed'));
      expect(lines(logger)).to.deep.equal([
        'warn it is warning',
        'error it is critical',
        'error it is failed'
      ]);
      expect(logger.lines[1]?.fields).to.include({ was: 'warning', became: 'critical' });
    });

    it('waits until it has held for as long as is asked', async () => {
      const { clock, logger, incidents } = start();
      const slow = { ...LATE, forMs: 5_000 };
      incidents.judge(slow, as('warning'));
      await clock.advance(4_999);
      incidents.judge(slow, as('warning'));
      incidents.judge(slow, as('healthy'));
      await clock.advance(1);
      incidents.judge(slow, as('warning'));
      expect([incidents.level, incidents.all()]).to.deep.equal(['healthy', []]);
      await clock.advance(5_000);
      incidents.judge(slow, as('warning'));
      expect([incidents.level, lines(logger)]).to.deep.equal(['warning', ['warn it is warning']]);
    });

    it('logs only what is worse than was told elsewhere, and its end then', async () => {
      for (const [logs, expected] of [
        ['worse', ['error it is critical', 'info It is over: it was late']],
        ['nothing', []]
      ] as const) {
        const { clock, logger, incidents } = start();
        incidents.judge({ ...LATE, logs }, as('warning'));
        expect([incidents.level, lines(logger)]).to.deep.equal(['warning', []]);
        incidents.judge({ ...LATE, logs }, as('critical'));
        incidents.judge({ ...LATE, logs }, as('healthy'));
        await clock.advance(QUIET_MS);
        incidents.sweep();
        expect(lines(logger)).to.deep.equal(expected);
      }
      const { clock, logger, incidents } = start();
      incidents.judge({ ...LATE, logs: 'worse' }, as('warning'));
      incidents.judge(LATE, as('healthy'));
      await clock.advance(QUIET_MS);
      incidents.sweep();
      expect([logger.lines, incidents.all()]).to.deep.equal([[], []]);
    });

    it('keeps those of several parts apart, and tells the worst of all at once and when it changes', () => {
      const { incidents } = start();
      const levels: MonitorLevel[] = [];
      const part = (about: string): Condition => ({ ...LATE, kind: 'restarts', about });
      incidents.judge(part('sink'), as('warning'));
      const leave = incidents.onLevel((level) => levels.push(level));
      incidents.judge(part('monitor'), as('critical'));
      incidents.judge(part('sink'), as('healthy'));
      incidents.judge(part('sink'), as('warning'));
      incidents.judge(part('monitor'), as('healthy'));
      incidents.judge(part('sink'), as('healthy'));
      leave();
      incidents.judge(part('sink'), as('failed'));
      expect(levels).to.deep.equal(['warning', 'critical', 'warning', 'healthy']);
    });
  });
});
