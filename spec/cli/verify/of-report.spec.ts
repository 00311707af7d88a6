import { expect } from 'chai';
import { HandlerRegistry } from '../../../actors/handlers.js';
import type { Bench } from '../../../cli/verify/bench/check.js';
import {
  checkClickhouse,
  checkHandlers,
  checkPhases,
  REGISTRATION_MS
} from '../../../cli/verify/checks/of-report.js';
import { PHASES } from '../../../machines/startup.machine.js';
import { RecordedLogger } from '../../actors/recorded-logger.js';
import { supervise } from '../../machines/supervision/supervised.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

const benchOf = (report: object): Bench => ({ report }) as unknown as Bench;

describe('checkHandlers', () => {
  /** The status of a registry whose registration takes so long. */
  const registered = async (tookMs: number, handlers: readonly string[]) => {
    const clock = new VirtualClock();
    const registry = new HandlerRegistry({
      register: async () => {
        await clock.advance(tookMs);
        return handlers;
      },
      clock,
      logger: new RecordedLogger(),
      graceMs: 10_000,
      stopwatch: () => clock.elapsed()
    });
    const { logic, input } = registry.child();
    supervise(logic, input, clock);
    await settle();
    return benchOf({ handlers: registry.status() });
  };

  it('holds when they were registered at once', async () => {
    const bench = await registered(REGISTRATION_MS - 1, ['connect']);
    expect(checkHandlers(bench)).to.eql({ figure: 'ready, 1 registered in 99 ms', faults: [] });
  });

  it('finds a slow registration', async () => {
    const { faults } = checkHandlers(await registered(REGISTRATION_MS, ['connect']));
    expect(faults).to.eql(['they were registered in 100 ms, and should be in less than 100 ms']);
  });

  it('finds that there are none after the grace', async () => {
    const { faults } = checkHandlers(await registered(10_000, []));
    expect(faults).to.have.length.above(0);
  });
});

describe('checkClickhouse', () => {
  const row = (status: string, required: boolean) =>
    checkClickhouse(
      benchOf({
        services: [{ service: 'clickhouse', required, status, error: 'refused', mode: 'server' }]
      })
    );

  it('holds when it is connected, or not required', () => {
    expect(row('connected', true).faults).to.eql([]);
    expect(row('failed', false).faults).to.eql([]);
    expect(row('failed', false).notes).to.have.length(1);
    expect(checkClickhouse(benchOf({ services: [] })).faults).to.eql([]);
  });

  it('finds that it is required and not there', () => {
    expect(row('degraded', true).faults).to.eql([
      'ClickHouse is degraded: refused; it is required'
    ]);
  });
});

describe('checkPhases', () => {
  const phases = PHASES.map((name, index) => ({
    name,
    startedAtMs: index * 10,
    tookMs: 9,
    status: 'done'
  }));
  const check = (changed: readonly object[], tookMs: number | null = 50) =>
    checkPhases(
      benchOf({ startup: { complete: true, phase: 'serving', tookMs, phases: changed } })
    );

  it('holds when each came after the one before', () => {
    const { figure, faults } = check(phases);
    expect(faults).to.eql([]);
    expect(figure).to.equal(
      '50 ms (infrastructure 9, handlers 9, monitoring 9, services 9, health 9)'
    );
  });

  it('finds phases in another order, at the same time, or not done', () => {
    expect(check([...phases].reverse()).faults[0]).to.match(/^the phases are health services/);
    const early = phases.map((phase) =>
      phase.name === 'monitoring' ? { ...phase, startedAtMs: 11 } : phase
    );
    expect(check(early).faults).to.eql(['monitoring began before handlers was done']);
    const running = phases.map((phase) =>
      phase.name === 'health' ? { ...phase, tookMs: null, status: 'running' } : phase
    );
    expect(check(running, null).faults).to.eql(['health is running, not done']);
  });
});
