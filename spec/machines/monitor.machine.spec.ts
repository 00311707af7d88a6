import { expect } from 'chai';
import { createActor, fromCallback, type EventObject } from 'xstate';
import { getSimplePaths } from 'xstate/graph';
import { NO_RESULTS } from '../../machines/supervision/child.js';
import { MONITOR_LEVELS, type MonitorLevel } from '../../machines/finding.js';
import { monitorMachine, type MonitorEvent } from '../../machines/monitor.machine.js';
import { supervise } from './supervision/supervised.js';

const results = { handlers: ['connect', 'publish'] };

const changed = (level: MonitorLevel): MonitorEvent => ({ type: 'findings.changed', level });
const EVENTS: MonitorEvent[] = [...MONITOR_LEVELS.map(changed), { type: 'child.stop' }];

/** A monitor whose findings the spec sets. */
function watched(level: MonitorLevel) {
  let tell: (event: MonitorEvent) => void = () => undefined;
  let watchers = 0;
  const logic = monitorMachine.provide({
    actors: {
      watch: fromCallback<EventObject>(({ sendBack }) => {
        watchers += 1;
        tell = sendBack;
        sendBack(changed(level));
        return () => {
          watchers -= 1;
        };
      })
    }
  });
  const child = supervise(logic, { results });
  return {
    ...child,
    tell: (event: MonitorEvent) => {
      tell(event);
    },
    watchers: () => watchers,
    value: (): unknown => child.ref.getSnapshot().value
  };
}

// While paths are enumerated there is no parent to report to. They are replayed under a parent below.
const silent = monitorMachine.provide({ actions: { reportReady: () => undefined } });
const paths = getSimplePaths(silent, {
  input: { id: 'ch', results },
  events: EVENTS,
  serializeState: ({ value }) => JSON.stringify(value)
});

describe('monitorMachine', () => {
  it('refuses to start when it is given no handlers', () => {
    const monitor = supervise(monitorMachine, { results: NO_RESULTS });
    expect(monitor.said).to.deep.equal([]);
    expect(monitor.ends).to.deep.equal([
      { status: 'failed', error: 'the monitor was given no handlers to watch' }
    ]);
  });

  it('says ready with the handlers that it watches', () => {
    const monitor = supervise(monitorMachine, { results });
    expect(monitor.said).to.deep.equal([{ type: 'child.ready', id: 'ch', results }]);
    expect(monitor.hasTag('ready')).to.equal(true);
  });

  it('ends as stopped when it is told to', async () => {
    const monitor = supervise(monitorMachine, { results });
    await monitor.stop();
    expect(monitor.ends).to.deep.equal([{ status: 'stopped' }]);
  });

  for (const level of MONITOR_LEVELS) {
    it(`stands at ${level} from the start when that is how it is`, () => {
      const monitor = watched(level);
      expect(monitor.value()).to.deep.equal({ watching: level });
      expect(monitor.said).to.have.length(1);
    });
  }

  it('has 32 paths, to every level from every other and to its end', () => {
    expect(paths.length).to.equal(32);
    const values = new Set(paths.map(({ state: { value } }) => JSON.stringify(value)));
    const levels = MONITOR_LEVELS.map((level) => JSON.stringify({ watching: level }));
    expect([...values].sort()).to.deep.equal([...levels, '"stopped"'].sort());
  });

  it('holds on every path: it is what it was last told, up as long as it is not told to stop, and says so once', async () => {
    for (const { steps } of paths) {
      const monitor = watched('healthy');
      for (const { event } of steps.slice(1)) {
        if (event.type === 'child.stop') await monitor.stop();
        else monitor.tell(event);
        const isStopped = event.type === 'child.stop';
        expect(monitor.value()).to.deep.equal(
          isStopped ? 'stopped' : { watching: 'level' in event ? event.level : '' }
        );
        expect(monitor.hasTag('ready')).to.equal(!isStopped);
        expect(monitor.watchers(), 'listens while it is up, and only then').to.equal(
          isStopped ? 0 : 1
        );
      }
      expect(monitor.said).to.have.length(1);
      await monitor.stop();
      expect(monitor.ends).to.deep.equal([{ status: 'stopped' }]);
      expect(monitor.watchers()).to.equal(0);
    }
  });

  it('stays where it is when the level is told again, and at what it does not know', () => {
    const actor = createActor(silent, { input: { id: 'ch', results } }).start();
    for (const level of MONITOR_LEVELS) {
      actor.send(changed(level));
      const { value } = actor.getSnapshot();
      actor.send(changed(level));
      actor.send({ type: 'findings.changed', level: 'splendid' as MonitorLevel });
      expect(actor.getSnapshot().value).to.deep.equal(value);
    }
    actor.stop();
  });
});
