import { expect } from 'chai';
import fc from 'fast-check';
import { fromPromise } from 'xstate';
import {
  HANDLER_GRACE_MS,
  handlersMachine,
  isWithinGrace,
  type Registration
} from '../../machines/handlers.machine.js';
import { settle } from '../virtual-clock.js';
import { Deferred, supervise } from './supervision/supervised.js';

/** Runs the chart with a registration that the spec settles. */
async function run(graceMs = HANDLER_GRACE_MS) {
  const registering = new Deferred<Registration>();
  const told: string[] = [];
  const child = supervise(
    handlersMachine.provide({
      actors: { register: fromPromise<Registration>(() => registering.promise) },
      actions: {
        warnZeroHandlers: () => told.push('zero'),
        announceRegistered: (_, { handlers }) => told.push(`registered ${String(handlers.length)}`)
      }
    }),
    { graceMs }
  );
  await settle();
  return { ...child, registering, told };
}

const REGISTERED: Registration = { handlers: ['connect', 'publish'], tookMs: 2 };

describe('isWithinGrace', () => {
  it('is inside while the time is less than the grace, and over when it is equal', () => {
    expect([0, 9_999, 10_000, 10_001].map((ms) => isWithinGrace(ms, 10_000))).to.deep.equal([
      true,
      true,
      false,
      false
    ]);
  });

  it('is over from the start when there is no grace', () => {
    expect(isWithinGrace(0, 0)).to.equal(false);
  });
});

describe('handlersMachine', () => {
  it('says ready with its handlers as soon as they are registered', async () => {
    const handlers = await run();
    expect(handlers.hasTag('initializing')).to.equal(true);
    await handlers.registering.resolve(REGISTERED);
    expect(handlers.said).to.deep.equal([
      { type: 'child.ready', id: 'ch', results: { handlers: ['connect', 'publish'] } }
    ]);
    expect(handlers.told).to.deep.equal(['registered 2']);
    await handlers.clock.advance(10 * HANDLER_GRACE_MS);
    expect(handlers.told).to.deep.equal(['registered 2']);
  });

  it('is initializing inside the grace and overdue when it is over, with one warning', async () => {
    const handlers = await run();
    await handlers.clock.advance(HANDLER_GRACE_MS - 1);
    expect(handlers.hasTag('initializing')).to.equal(true);
    expect(handlers.told).to.deep.equal([]);
    await handlers.clock.advance(1);
    expect(handlers.hasTag('initializing')).to.equal(false);
    expect(handlers.hasTag('failed')).to.equal(true);
    await handlers.clock.advance(10 * HANDLER_GRACE_MS);
    expect(handlers.told).to.deep.equal(['zero']);
    expect(handlers.ends).to.deep.equal([]);
  });

  it('is ready all the same when registration comes late', async () => {
    const handlers = await run();
    await handlers.clock.advance(HANDLER_GRACE_MS);
    await handlers.registering.resolve(REGISTERED);
    expect(handlers.hasTag('ready')).to.equal(true);
    expect(handlers.said).to.have.length(1);
    expect(handlers.told).to.deep.equal(['zero', 'registered 2']);
  });

  it('fails when the table is empty', async () => {
    const handlers = await run();
    await handlers.registering.resolve({ handlers: [], tookMs: 0 });
    expect(handlers.said).to.deep.equal([]);
    expect(handlers.ends).to.deep.equal([{ status: 'failed', error: 'the route table is empty' }]);
  });

  it('fails with the reason when registration fails', async () => {
    const handlers = await run();
    await handlers.registering.reject(new Error('two handlers for publish'));
    expect(handlers.ends).to.deep.equal([{ status: 'failed', error: 'two handlers for publish' }]);
  });

  it('ends as stopped when it is told to, whenever that is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(2 * HANDLER_GRACE_MS),
        fc.boolean(),
        async (afterMs, isRegistered) => {
          const handlers = await run();
          await handlers.clock.advance(afterMs);
          if (isRegistered) await handlers.registering.resolve(REGISTERED);
          await handlers.stop();
          expect(handlers.ends).to.deep.equal([{ status: 'stopped' }]);
          expect(handlers.clock.waiting).to.equal(0);
          expect(handlers.told.includes('zero')).to.equal(afterMs >= HANDLER_GRACE_MS);
        }
      ),
      { numRuns: 50 }
    );
  });
});
