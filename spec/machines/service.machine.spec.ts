import { expect } from 'chai';
import { fromPromise } from 'xstate';
import { serviceMachine } from '../../machines/service.machine.js';
import { settle } from '../virtual-clock.js';
import { Deferred, supervise } from './supervision/supervised.js';

/** Runs the chart with a `start` and a `stop` that the spec settles. */
async function run() {
  const starting = new Deferred<void>();
  const stopping = new Deferred<void>();
  const calls: string[] = [];
  const child = supervise(
    serviceMachine.provide({
      actors: {
        start: fromPromise<void>(({ signal }) => {
          calls.push('start');
          signal.addEventListener('abort', () => calls.push('start aborted'));
          return starting.promise;
        }),
        stop: fromPromise<void>(() => {
          calls.push('stop');
          return stopping.promise;
        })
      }
    })
  );
  await settle();
  return { ...child, starting, stopping, calls };
}

const READY = { type: 'child.ready', id: 'ch' };

describe('serviceMachine', () => {
  it('says ready only when its start is done', async () => {
    const service = await run();
    expect(service.said).to.deep.equal([]);
    expect(service.hasTag('initializing')).to.equal(true);
    await service.starting.resolve();
    expect(service.said).to.deep.equal([READY]);
    expect(service.hasTag('ready')).to.equal(true);
  });

  it('stops once and ends as stopped when it is told to', async () => {
    const service = await run();
    await service.starting.resolve();
    await service.stop();
    await service.stop();
    expect(service.ends).to.deep.equal([]);
    expect(service.hasTag('draining')).to.equal(true);
    await service.stopping.resolve();
    expect(service.calls).to.deep.equal(['start', 'stop']);
    expect(service.ends).to.deep.equal([{ status: 'stopped' }]);
  });

  it('lets go of what it had taken before it fails with the reason when its start fails', async () => {
    const service = await run();
    await service.starting.reject(new Error('the port is taken'));
    expect(service.calls).to.deep.equal(['start', 'stop']);
    expect(service.ends).to.deep.equal([]);
    await service.stopping.resolve();
    expect(service.ends).to.deep.equal([{ status: 'failed', error: 'the port is taken' }]);
    expect(service.said).to.deep.equal([]);
  });

  it('keeps the first reason when letting go fails as well', async () => {
    const service = await run();
    await service.starting.reject(new Error('the port is taken'));
    await service.stopping.reject(new Error('cannot close'));
    expect(service.ends).to.deep.equal([{ status: 'failed', error: 'the port is taken' }]);
  });

  it('aborts its start and stops when it is told to in the middle of it', async () => {
    const service = await run();
    await service.stop();
    expect(service.calls).to.deep.equal(['start', 'start aborted', 'stop']);
    await service.starting.resolve();
    expect(service.said).to.deep.equal([]);
    await service.stopping.resolve();
    expect(service.ends).to.deep.equal([{ status: 'stopped' }]);
  });

  it('says why when it could not be stopped', async () => {
    const service = await run();
    await service.starting.resolve();
    await service.stop();
    await service.stopping.reject(new Error('cannot close'));
    expect(service.ends).to.deep.equal([{ status: 'failed', error: 'cannot close' }]);
  });

  it('lets go and fails with the reason when it crashes while it is ready', async () => {
    const service = await run();
    await service.starting.resolve();
    service.ref.send({ type: 'service.crashed', error: 'the disk is gone' });
    await settle();
    expect(service.hasTag('failed')).to.equal(true);
    await service.stopping.resolve();
    expect(service.calls).to.deep.equal(['start', 'stop']);
    expect(service.ends).to.deep.equal([{ status: 'failed', error: 'the disk is gone' }]);
  });
});
