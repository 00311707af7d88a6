import { expect } from 'chai';
import { LocalBus } from '../../../actors/bus/local-bus.js';
import { DeliveryCounts } from '../../../actors/monitor/delivery-counts.js';
import {
  LAGGING_FOR_MS,
  LOOP_LOOKS,
  LOOP_STUCK_MS
} from '../../../actors/monitor/finding-rules.js';
import { Incidents, QUIET_MS } from '../../../actors/monitor/incidents.js';
import { FINDINGS_MAX, Monitor, type FindingRow } from '../../../actors/monitor/monitor.js';
import { Threads } from '../../../actors/threads/threads.js';
import { Transitions } from '../../../actors/facts/transitions.js';
import { newChild, type ChildState } from '../../../machines/supervision/child-state.js';
import { RESTARTS, type ChildSpec } from '../../../machines/supervision/child-spec.js';
import { NO_RESULTS } from '../../../machines/supervision/child.js';
import { monitorMachine } from '../../../machines/monitor.machine.js';
import { TEST_THREAD_PREFIXES } from '../../../machines/delivery/test-thread.js';
import { supervise } from '../../machines/supervision/supervised.js';
import { VirtualClock } from '../../virtual-clock.js';
import { FakeLoop } from './fake-loop.js';
import { MemoryLog } from '../log/memory-log.js';
import { RecordedLogger } from '../recorded-logger.js';

const GRACE_MS = 10_000;

/** How often the server lets the monitor check, in milliseconds. */
const LOOK_MS = 1_000;

const FACTS = { handlers: ['publish'] };

/** A monitor on virtual time. */
class Rig {
  readonly clock = new VirtualClock();
  readonly logger = new RecordedLogger();
  readonly loop = new FakeLoop();
  readonly incidents = new Incidents({ clock: this.clock, logger: this.logger });
  readonly monitor = new Monitor({
    clock: this.clock,
    incidents: this.incidents,
    loop: this.loop
  });

  get lines(): string[] {
    return this.logger.lines.map(({ level, message }) => `${level} ${message}`);
  }

  get findings(): readonly FindingRow[] {
    return this.monitor.status().findings;
  }

  /** Lets time pass in the steps of the sweep. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += LOOK_MS) {
      await this.clock.advance(LOOK_MS);
      this.monitor.sweep();
    }
  }
}

function serving(): Rig {
  const rig = new Rig();
  rig.monitor.begin();
  return rig;
}

/** A registry that reports to the rig's monitor what happens to messages. */
function threadsOf({ clock, logger, incidents, monitor }: Rig, log = new MemoryLog()): Threads {
  return new Threads({
    log,
    feed: log.feed,
    clock,
    logger,
    incidents,
    monitor,
    transitions: new Transitions({ clock, record: () => null }),
    stopwatch: () => clock.now(),
    counts: new DeliveryCounts(),
    testThreadPrefixes: TEST_THREAD_PREFIXES,
    graceMs: GRACE_MS,
    bus: new LocalBus({
      tell: () => undefined,
      isReachable: () => false,
      fallback: () => 0,
      cut: () => undefined,
      kick: () => 0
    }),
    audience: { fanOut: () => undefined }
  });
}

let mids = 0;

function publish(threads: Threads, id: string): void {
  const entry = { mid: `m${String((mids += 1))}`, user: 'ada', kind: 'user_message' };
  threads.publish(threads.get(id), { ...entry, bodyJson: '1', at: 0 }, false, () => undefined);
}

function subscribe(threads: Threads, id: string): void {
  const thread = threads.get(id);
  threads.enter(thread, 'bob');
  threads.caughtUp(thread, 'bob');
}

function part(id: string, required: boolean, changes: Partial<ChildState> = {}): ChildState {
  const spec: ChildSpec = {
    id,
    logic: monitorMachine,
    required,
    restart: 'permanent',
    startTimeoutMs: 1_000,
    shutdownMs: 1_000
  };
  return { ...newChild(spec, 0), status: 'ready', starts: 1, ...changes };
}

describe('Monitor', () => {
  it('is healthy when nothing is wrong', () => {
    expect(serving().monitor.status()).to.deep.include({
      status: 'healthy',
      issues: [],
      findings: [],
      moreFindings: 0
    });
  });

  it('tells what became of messages', () => {
    const { monitor } = new Rig();
    monitor.counts.add('delivered', 2);
    expect(monitor.status().outcomes).to.deep.include({ delivered: 2, held: 0 });
  });

  it('names threads only where that is asked for', () => {
    const { monitor, incidents } = serving();
    monitor.undelivered('patient:john', 0);
    incidents.note('a request needs a damaged part', {
      actor: 'log',
      reason: 'entry 3 of thread patient:john'
    });
    expect(JSON.stringify(monitor.status('shown')).split('patient:john')).to.have.length(6);
    const asked: string[] = [];
    const midIn = (thread: string) => (asked.push(thread), 'm7');
    const { findings } = monitor.status('shown', midIn);
    const found = findings.find(({ kind }) => kind === 'undelivered');
    expect(found).to.deep.include({ thread: 'patient:john', mid: 'm7' });
    expect(asked).to.deep.equal(['patient:john']);
    const counted = monitor.status('counted', midIn);
    expect(asked, 'no message is looked up for strangers').to.have.length(1);
    for (const finding of counted.findings) expect(finding).to.include({ thread: null, mid: null });
    expect(JSON.stringify(counted)).not.to.include('john');
    expect(counted.issues.join()).to.include('1 thread holds undelivered messages: nobody');
    expect(counted.issues.join()).to.include('a request needs a damaged part (1 time lately)');
  });

  it('cannot start with an empty handler list', () => {
    const { ends } = supervise(new Rig().monitor.logic, { results: NO_RESULTS });
    expect(ends[0]).to.deep.include({ status: 'failed' });
  });

  it('is shown by its chart, also by one that is started again later', async () => {
    const { monitor } = serving();
    const start = () => supervise(monitor.logic, { results: FACTS });
    const value = ({ ref }: ReturnType<typeof start>): unknown => ref.getSnapshot().value;
    const one = start();
    expect(value(one)).to.deep.equal({ watching: 'healthy' });
    monitor.undelivered('t', 0);
    expect(value(one)).to.deep.equal({ watching: 'warning' });
    await one.stop();
    monitor.logFault('no space left');
    const other = start();
    expect(value(other)).to.deep.equal({ watching: 'failed' });
    monitor.logFault(null);
    expect(value(other)).to.deep.equal({ watching: 'warning' });
    await other.stop();
  });

  describe('told by the delivery actors', () => {
    it('has one incident for all real threads, opened, counted and closed, and none for test threads', async () => {
      const rig = serving();
      const threads = threadsOf(rig);
      threads.open();
      for (const id of ['test_a', 'startup_test_b', 'real-1']) publish(threads, id);
      await rig.pass(GRACE_MS - LOOK_MS);
      expect(rig.findings, 'the grace runs').to.deep.equal([]);
      await rig.pass(LOOK_MS);
      const since = new Date(rig.clock.now()).toISOString();
      expect(rig.findings).to.have.length(1);
      expect(rig.findings[0]).to.include({
        kind: 'undelivered',
        level: 'warning',
        count: 1,
        since
      });
      expect(rig.findings[0]?.message).to.match(/^1 thread holds undelivered messages \(real-1\)/);
      publish(threads, 'real-2');
      await rig.pass(GRACE_MS);
      expect(rig.findings[0]).to.include({ count: 2, since });
      expect(rig.findings[0]?.message).to.match(/^2 threads hold/);
      for (const id of ['real-1', 'real-2', 'test_a']) subscribe(threads, id);
      expect(rig.monitor.status()).to.include({ status: 'healthy' });
      expect(rig.monitor.status().issues).to.deep.equal([]);
      expect(rig.findings[0]?.endedAt).to.equal(new Date(rig.clock.now()).toISOString());
      await rig.pass(QUIET_MS);
      expect(rig.findings).to.deep.equal([]);
      // The delivery side has logged everything; the monitor adds no line.
      expect(rig.logger.lines.filter(({ fields }) => fields.actor !== 'delivery')).to.eql([]);
      threads.close();
    });

    it('knows what was left undelivered when the last process ended, and since when', async () => {
      const rig = new Rig();
      const log = new MemoryLog();
      await log.setUnwatched('left', { from: 1, since: 0, state: 'undelivered' });
      await log.setUnwatched('test_left', { from: 1, since: 0, state: 'undelivered' });
      const threads = threadsOf(rig, log);
      threads.open();
      expect(rig.monitor.status().status, 'the start is not judged').to.equal('healthy');
      rig.monitor.begin();
      expect(rig.findings[0]).to.include({ kind: 'undelivered', count: 1, level: 'critical' });
      threads.close();
    });

    it('is critical with many, says so once, and is not any more when they are few again', async () => {
      const rig = serving();
      const ids = Array.from({ length: 25 }, (_, index) => `t${String(index)}`);
      for (const id of ids) rig.monitor.undelivered(id, rig.clock.elapsed());
      expect(rig.monitor.status().status).to.equal('critical');
      for (const id of ids.slice(5)) rig.monitor.delivered(id);
      expect(rig.monitor.status().status).to.equal('warning');
      for (const id of ids.slice(5)) rig.monitor.undelivered(id, rig.clock.elapsed());
      for (const id of ids) rig.monitor.delivered(id);
      await rig.pass(QUIET_MS);
      expect(rig.lines).to.have.length(2);
      expect(rig.lines[0]).to.match(/^error 10 threads hold undelivered messages/);
      expect(rig.lines[1]).to.equal('info It is over: threads with undelivered messages');
      expect(rig.logger.lines[1]?.fields).to.include({ count: 45 });
    });
  });

  describe('of the event loop', () => {
    it('opens an incident for a stall and closes it when it has been well for long enough', async () => {
      const rig = serving();
      await rig.pass(3 * LOOK_MS);
      rig.loop.worstMs = LOOP_STUCK_MS;
      await rig.pass(LOOK_MS);
      expect(rig.monitor.status().status).to.equal('warning');
      expect(rig.findings[0]).to.include({ kind: 'event_loop_lag', count: 1 });
      rig.loop.worstMs = LOOP_STUCK_MS;
      await rig.pass(LOOK_MS);
      expect(rig.findings[0]).to.include({ count: 2 });
      await rig.pass(LOOP_LOOKS * LOOK_MS);
      expect(rig.monitor.status().status, 'out of the window').to.equal('healthy');
      expect(rig.findings).to.have.length(1);
      await rig.pass(QUIET_MS);
      expect(rig.findings).to.deep.equal([]);
      expect(rig.lines).to.have.length(2);
      expect(rig.lines[0]).to.match(/^warn the event loop was up to 2,000 ms late/);
      expect(rig.lines[1]).to.equal('info It is over: the event loop was late');
    });

    it('is measured while the server serves, and only then', () => {
      const { monitor, loop } = new Rig();
      expect(loop.isRunning).to.equal(false);
      loop.worstMs = 60_000;
      monitor.begin();
      expect(loop.isRunning).to.equal(true);
      monitor.sweep();
      expect(monitor.status().status, 'how late the start was').to.equal('healthy');
      monitor.rest();
      expect(loop.isRunning).to.equal(false);
    });
  });

  it('finds connections that lag when it are many for a while, and not a burst', async () => {
    const rig = serving();
    rig.monitor.lagging(5, 10);
    await rig.pass(LAGGING_FOR_MS - LOOK_MS);
    rig.monitor.lagging(0, 10);
    rig.monitor.lagging(5, 10);
    await rig.pass(LAGGING_FOR_MS - LOOK_MS);
    expect(rig.findings).to.deep.equal([]);
    await rig.pass(LOOK_MS);
    expect(rig.findings[0]).to.include({ kind: 'lagging_connections', level: 'warning' });
    rig.monitor.lagging(10, 20);
    expect(rig.monitor.status().status).to.equal('critical');
    rig.monitor.lagging(1, 20);
    await rig.pass(QUIET_MS);
    expect(rig.lines.map((line) => line.split(' ')[0])).to.deep.equal(['warn', 'error', 'info']);
  });

  it('finds parts that are missed and restarts, each for itself, and leaves the words to the supervisor', async () => {
    const rig = serving();
    const { monitor } = rig;
    const lost = { status: 'restarting', error: 'crashed', losses: 1 } as const;
    monitor.follow([part('sink', false), part('monitor', true)]);
    monitor.follow([part('sink', false, lost), part('monitor', true)]);
    expect(monitor.status()).to.deep.include({ status: 'warning', issues: ['sink: crashed'] });
    monitor.follow([part('sink', false, { starts: 2 }), part('monitor', true, lost)]);
    expect(monitor.status()).to.deep.include({
      status: 'critical',
      issues: ['monitor: crashed', 'sink was started again 1 time within 30 seconds']
    });
    const about = rig.findings.map(({ kind, about: id, endedAt }) => [kind, id, endedAt !== null]);
    expect(about).to.deep.equal([
      ['part_missed', 'monitor', false],
      ['restarts', 'sink', false],
      ['part_missed', 'sink', true]
    ]);
    monitor.follow([part('sink', false, { starts: 2 }), part('monitor', true, { starts: 2 })]);
    await rig.pass(RESTARTS.intensity.withinMs);
    expect(monitor.status().status, 'out of the window').to.equal('healthy');
    await rig.pass(QUIET_MS);
    expect([rig.findings, rig.lines]).to.deep.equal([[], []]);
  });

  it('says once that a required part is about to be given up, and is failed when it is', () => {
    const rig = serving();
    const { restarts } = RESTARTS.intensity;
    rig.monitor.follow([part('monitor', true)]);
    for (let starts = 2; starts <= restarts; starts += 1) {
      expect(rig.lines).to.deep.equal([]);
      rig.monitor.follow([part('monitor', true, { starts })]);
    }
    expect(rig.lines).to.have.length(1);
    expect(rig.lines[0]).to.match(/^error monitor was started again 4 times within 30 seconds/);
    rig.monitor.follow([part('monitor', true, { status: 'failed', error: 'crashed', starts: 5 })]);
    expect(rig.monitor.status().status).to.equal('failed');
    expect(rig.lines, 'the CRITICAL line is the root’s').to.have.length(1);
  });

  it('finds what the log and the sink tell, and forgets it when it is over', async () => {
    const rig = serving();
    const { monitor } = rig;
    monitor.diskLow(true);
    monitor.unreadableThreads(2, 'check it');
    monitor.sinkBehind(60_000, 3);
    monitor.logFault('no space left');
    expect(rig.findings.map(({ kind, level }) => `${level} ${kind}`)).to.deep.equal([
      'failed log_fault',
      'critical unreadable_threads',
      'warning disk_low',
      'warning sink_lag'
    ]);
    monitor.diskLow(false);
    monitor.unreadableThreads(0, 'check it');
    monitor.sinkBehind(0, 0);
    monitor.logFault(null);
    expect(monitor.status()).to.deep.include({ status: 'healthy', issues: [] });
    await rig.pass(QUIET_MS);
    expect(rig.findings).to.deep.equal([]);
    // Other findings are logged by the part that noticed them.
    expect(rig.logger.with('ClickHouse').map(({ level }) => level)).to.deep.equal(['warn', 'info']);
    expect(rig.lines).to.have.length(2);
  });

  it('has faults among its findings, with how often and why', () => {
    const { monitor, incidents } = new Rig();
    incidents.note('a handler failed', { reason: 'first' });
    expect(monitor.status().issues).to.deep.equal([
      'a handler failed (1 time lately, last: first)'
    ]);
    incidents.note('a handler failed', { reason: 'second' });
    expect(monitor.status()).to.deep.include({
      status: 'warning',
      issues: ['a handler failed (2 times lately, last: second)']
    });
  });

  it('finds nothing while the server starts and ends, and what is still so once it serves', () => {
    const { monitor, logger } = new Rig();
    const waiting = part('sink', false, { status: 'waiting', starts: 0 });
    const away = part('clickhouse', false, { status: 'degraded', error: 'refused' });
    monitor.follow([waiting, away]);
    monitor.lagging(50, 50);
    monitor.diskLow(true);
    expect(monitor.status()).to.deep.include({ status: 'healthy', issues: [], findings: [] });
    monitor.begin();
    // The sink waits for ClickHouse, which reports the outage itself: one outage is one issue.
    expect(monitor.status().issues).to.have.members([
      'clickhouse: refused',
      'the disk of the thread log is nearly full: what ClickHouse does not have is not kept for it past the retention'
    ]);
    const found = monitor.status().findings;
    monitor.rest();
    monitor.follow([part('clickhouse', false, { status: 'stopped' })]);
    monitor.logFault('closed');
    monitor.undelivered('t', 0);
    expect(monitor.status().findings).to.deep.equal(found);
    expect(logger.lines).to.deep.equal([]);
  });

  it('lists a bounded number of findings and issues, the worst first, and says how many more there are', () => {
    const { monitor, incidents } = serving();
    for (let kind = 0; kind < FINDINGS_MAX + 4; kind += 1) {
      incidents.note(`kind ${String(kind)}`, { reason: 'x' });
    }
    monitor.logFault('no space left');
    const { status, findings, moreFindings, issues } = monitor.status();
    expect([status, findings[0]?.kind]).to.deep.equal(['failed', 'log_fault']);
    expect([findings.length, moreFindings]).to.deep.equal([FINDINGS_MAX, 5]);
    expect([issues.length, issues.at(-1)]).to.deep.equal([FINDINGS_MAX + 1, 'and 5 more']);
  });
});
