import { expect } from 'chai';
import { Monitor, type MonitorSources } from '../../actors/monitor.js';
import { supervise } from '../machines/supervised.js';

function monitorOf(changes: Partial<MonitorSources> = {}): Monitor {
  return new Monitor({
    undeliveredThreads: () => 0,
    logFault: () => null,
    unreadableThreads: () => 0,
    incidents: () => [],
    missed: () => [],
    ...changes
  });
}

describe('Monitor', () => {
  it('is healthy when nothing is wrong', () => {
    expect(monitorOf().status()).to.deep.include({ status: 'healthy', issues: [] });
  });

  it('names each thing that is wrong now', () => {
    const monitor = monitorOf({
      undeliveredThreads: () => 2,
      logFault: () => 'no space left',
      unreadableThreads: () => 4,
      incidents: () => [
        { message: 'a handler failed', count: 3, since: 0, lastAt: 1, reason: 'no such thing' }
      ],
      missed: () => ['sink: crashed']
    });
    expect(monitor.status()).to.deep.include({
      status: 'warning',
      issues: [
        '2 threads hold undelivered messages',
        'the thread log takes no messages: no space left',
        '4 threads cannot be read from the log',
        'a handler failed (3 times lately, last: no such thing)',
        'sink: crashed'
      ]
    });
  });

  it('is healthy again when what was wrong is over', () => {
    let undelivered = 1;
    const monitor = monitorOf({ undeliveredThreads: () => undelivered });
    expect(monitor.status().status).to.equal('warning');
    undelivered = 0;
    expect(monitor.status().status).to.equal('healthy');
  });

  it('tells what became of messages', () => {
    const monitor = monitorOf();
    monitor.counts.add('delivered', 2);
    expect(monitor.status().outcomes).to.deep.include({ delivered: 2, held: 0 });
  });

  it('cannot start with an empty handler list', () => {
    const { ends } = supervise(monitorOf().logic, { facts: { handlers: [] } });
    expect(ends[0]).to.deep.include({ status: 'failed' });
  });

  it('starts with the handler list', () => {
    const facts = { handlers: ['publish'] };
    const { said } = supervise(monitorOf().logic, { facts });
    expect(said).to.deep.equal([{ type: 'child.ready', id: 'ch', facts }]);
  });
});
