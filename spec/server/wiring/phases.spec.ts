import { expect } from 'chai';
import { HandlerRegistry } from '../../../actors/handlers.js';
import { Incidents } from '../../../actors/monitor/incidents.js';
import { Monitor } from '../../../actors/monitor/monitor.js';
import type { Service } from '../../../actors/service.js';
import { monitorMachine } from '../../../machines/monitor.machine.js';
import { impossibleIn, type ChildSpec } from '../../../machines/supervision/child-spec.js';
import { BOUNDS, phasesOf } from '../../../server/wiring/phases.js';
import { RecordedLogger } from '../../actors/recorded-logger.js';
import { VirtualClock } from '../../virtual-clock.js';

const NOTHING: Service = { start: () => Promise.resolve(), stop: () => Promise.resolve() };

function treeWith(...services: ChildSpec[]) {
  const clock = new VirtualClock();
  const logger = new RecordedLogger();
  return phasesOf({
    traces: null,
    nats: null,
    log: NOTHING,
    listener: NOTHING,
    handlers: new HandlerRegistry({ clock, logger, graceMs: 1, register: () => ['ping'] }),
    monitor: new Monitor({
      clock,
      incidents: new Incidents({ clock, logger }),
      loop: { start: () => undefined, stop: () => undefined, takeWorstMs: () => 0 }
    }),
    sweep: NOTHING,
    services,
    probe: NOTHING
  });
}

describe('phasesOf', () => {
  const agents: ChildSpec = { ...BOUNDS, id: 'agents', logic: monitorMachine, required: false };

  it('puts each part under the supervisor of its phase, in the order of the start', () => {
    const ids = Object.entries(treeWith(agents)).map(([phase, { children }]) => [
      phase,
      children.map(({ id }) => id)
    ]);
    expect(ids).to.deep.equal([
      ['infrastructure', ['thread-log', 'listener']],
      ['handlers', ['handler-registry']],
      ['monitoring', ['monitor', 'sweep']],
      ['services', ['agents']],
      ['health', ['loopback-probe']]
    ]);
  });

  it('leaves the services empty when there are none', () => {
    expect(treeWith().services.children).to.deep.equal([]);
  });

  it('asks no supervisor for what is impossible', () => {
    for (const { children, policy } of Object.values(treeWith(agents))) {
      expect(impossibleIn(children, policy)).to.deep.equal([]);
    }
  });
});
