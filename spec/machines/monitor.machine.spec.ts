import { expect } from 'chai';
import { NO_FACTS } from '../../machines/child.js';
import { monitorMachine } from '../../machines/monitor.machine.js';
import { supervise } from './supervised.js';

const facts = { handlers: ['connect', 'publish'] };

describe('monitorMachine', () => {
  it('refuses to start when it is given no handlers', () => {
    const monitor = supervise(monitorMachine, { facts: NO_FACTS });
    expect(monitor.said).to.deep.equal([]);
    expect(monitor.ends).to.deep.equal([
      { status: 'failed', error: 'the monitor was given no handlers to watch' }
    ]);
  });

  it('says ready with the handlers that it watches', () => {
    const monitor = supervise(monitorMachine, { facts });
    expect(monitor.said).to.deep.equal([{ type: 'child.ready', id: 'ch', facts }]);
    expect(monitor.hasTag('ready')).to.equal(true);
  });

  it('ends as stopped when it is told to', async () => {
    const monitor = supervise(monitorMachine, { facts });
    await monitor.stop();
    expect(monitor.ends).to.deep.equal([{ status: 'stopped' }]);
  });
});
