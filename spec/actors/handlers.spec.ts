import { expect } from 'chai';
import { HandlerRegistry } from '../../actors/handlers.js';
import { supervise, Deferred } from '../machines/supervision/supervised.js';
import { settle, VirtualClock } from '../virtual-clock.js';
import { RecordedLogger } from './recorded-logger.js';

const GRACE_MS = 10_000;
const ZERO = 'ZERO WebSocket message handlers';

/** Runs a registry whose registration the spec settles. */
async function run() {
  const logger = new RecordedLogger();
  const registering = new Deferred<readonly string[]>();
  const clock = new VirtualClock();
  const registry = new HandlerRegistry({
    register: () => registering.promise,
    clock,
    logger,
    graceMs: GRACE_MS,
    stopwatch: () => clock.elapsed()
  });
  const { logic, input } = registry.child();
  const child = supervise(logic, input, clock);
  await settle();
  return { ...child, registering, registry, logger };
}

describe('HandlerRegistry', () => {
  it('is initializing with nothing elapsed before it has been started', () => {
    const registry = new HandlerRegistry({
      register: () => ['connect'],
      clock: new VirtualClock(),
      logger: new RecordedLogger(),
      graceMs: GRACE_MS
    });
    expect(registry.status()).to.deep.include({ status: 'initializing', elapsedMs: 0, count: 0 });
  });

  it('is initializing while less than the grace has elapsed and in error when it is over', async () => {
    const { clock, registry } = await run();
    await clock.advance(GRACE_MS - 1);
    expect(registry.status()).to.deep.equal({
      status: 'initializing',
      count: 0,
      handlers: [],
      registrationMs: null,
      elapsedMs: GRACE_MS - 1,
      gracePeriodActive: true,
      message: 'no handlers yet, 1 ms of grace left'
    });
    await clock.advance(1);
    expect(registry.status()).to.deep.equal({
      status: 'error',
      count: 0,
      handlers: [],
      registrationMs: null,
      elapsedMs: GRACE_MS,
      gracePeriodActive: false,
      message: 'ZERO handlers, and the grace of 10000 ms is over'
    });
  });

  it('warns once when the grace is over, however often it is asked', async () => {
    const { clock, registry, logger } = await run();
    for (let second = 0; second < 60; second += 1) {
      expect(logger.with(ZERO)).to.have.length(second >= 10 ? 1 : 0);
      registry.status();
      registry.status();
      await clock.advance(1_000);
    }
    expect(logger.lines.map(({ level }) => level)).to.deep.equal(['warn']);
  });

  it('is ready and says so as soon as the handlers are registered', async () => {
    const { clock, registering, registry, logger } = await run();
    await clock.advance(1_234);
    clock.jump(-86_400_000);
    await registering.resolve(['connect', 'publish']);
    await clock.advance(500);
    expect(registry.status()).to.deep.equal({
      status: 'ready',
      count: 2,
      handlers: ['connect', 'publish'],
      registrationMs: 1_234,
      elapsedMs: 1_734,
      gracePeriodActive: false,
      message: '2 handlers registered'
    });
    expect(logger.lines).to.have.length(1);
    expect(logger.lines[0]).to.deep.include({
      level: 'info',
      message: '✅ Registered 2 WebSocket handlers',
      fields: { actor: 'handlers', tookMs: 1_234 }
    });
  });

  it('is ready, too, when registration comes after the grace', async () => {
    const { clock, registering, registry, logger } = await run();
    await clock.advance(GRACE_MS + 1);
    await registering.resolve(['connect']);
    expect(registry.status()).to.deep.include({ status: 'ready', count: 1 });
    await clock.advance(GRACE_MS);
    expect(logger.with(ZERO)).to.have.length(1);
  });

  it('fails as a child, and is never called ready, when there are no routes', async () => {
    const { registering, registry, ends, logger } = await run();
    await registering.resolve([]);
    expect(ends).to.deep.equal([{ status: 'failed', error: 'the route table is empty' }]);
    expect(registry.status()).to.deep.include({ status: 'initializing', count: 0 });
    expect(logger.with('Registered')).to.deep.equal([]);
  });
});
