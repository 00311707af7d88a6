import { expect } from 'chai';
import { serviceLogic } from '../../actors/service.js';
import { supervise } from '../machines/supervision/supervised.js';
import { settle } from '../virtual-clock.js';

describe('serviceLogic', () => {
  it('starts the service, and stops it when told to', async () => {
    const calls: string[] = [];
    const child = supervise(
      serviceLogic({
        start: async () => {
          calls.push('start');
        },
        stop: async () => {
          calls.push('stop');
        }
      })
    );
    await settle();
    expect(child.said).to.deep.equal([{ type: 'child.ready', id: 'ch' }]);
    await child.stop();
    expect(calls).to.deep.equal(['start', 'stop']);
    expect(child.ends).to.deep.equal([{ status: 'stopped' }]);
  });

  it('aborts the signal of a start that is interrupted', async () => {
    let isAborted = false;
    const child = supervise(
      serviceLogic({
        start: (signal) =>
          new Promise(() => {
            signal.addEventListener('abort', () => (isAborted = true));
          }),
        stop: () => Promise.resolve()
      })
    );
    await settle();
    await child.stop();
    expect(isAborted).to.equal(true);
    expect(child.ends).to.deep.equal([{ status: 'stopped' }]);
  });

  it('fails with the reason when the start throws before it has a promise', async () => {
    const child = supervise(
      serviceLogic({
        start: () => {
          throw new Error('no such folder');
        },
        stop: () => Promise.resolve()
      })
    );
    await settle();
    expect(child.ends).to.deep.equal([{ status: 'failed', error: 'no such folder' }]);
  });
});
