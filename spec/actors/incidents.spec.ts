import { expect } from 'chai';
import { Incidents, INCIDENTS_MAX, QUIET_MS } from '../../actors/incidents.js';
import { VirtualClock } from '../virtual-clock.js';
import { RecordedLogger } from './recorded-logger.js';

function start() {
  const clock = new VirtualClock();
  const logger = new RecordedLogger();
  return { clock, logger, incidents: new Incidents({ clock, logger }) };
}

describe('Incidents', () => {
  it('tells a fault once, however often it comes, and once that it is over', async () => {
    const { clock, logger, incidents } = start();
    for (const reason of ['first', 'second', 'third']) {
      incidents.note('a handler failed', { actor: 'handlers', reason });
      incidents.sweep();
      await clock.advance(QUIET_MS - 1);
    }
    expect(logger.lines.map(({ level, message }) => [level, message])).to.deep.equal([
      ['error', 'a handler failed']
    ]);
    expect(incidents.all()).to.have.length(1);
    expect(incidents.all()[0]).to.deep.include({ count: 3, reason: 'third' });
    await clock.advance(1);
    incidents.sweep();
    incidents.sweep();
    expect(logger.lines[1]).to.deep.include({
      level: 'info',
      message: 'It is over: a handler failed'
    });
    expect(logger.lines[1]?.fields).to.deep.include({
      actor: 'handlers',
      count: 3,
      lastedMs: 2 * (QUIET_MS - 1)
    });
    expect([logger.lines.length, incidents.all()]).to.deep.equal([2, []]);
  });

  it('keeps different faults apart, and opens a new incident when one comes again later', async () => {
    const { clock, logger, incidents } = start();
    incidents.note('one', { reason: 'x' });
    incidents.note('other', { reason: 'y' });
    await clock.advance(QUIET_MS);
    incidents.sweep();
    incidents.note('one', { reason: 'x' });
    expect(logger.lines.filter(({ level }) => level === 'error')).to.have.length(3);
  });

  it('counts faults of ever new kinds as one more, so that it stays small', () => {
    const { logger, incidents } = start();
    for (let kind = 0; kind < INCIDENTS_MAX + 10; kind += 1) {
      incidents.note(`kind ${String(kind)}`, { reason: 'x' });
    }
    expect(incidents.all()).to.have.length(INCIDENTS_MAX + 1);
    expect(incidents.all().at(-1)?.count).to.equal(10);
    expect(logger.lines).to.have.length(INCIDENTS_MAX + 1);
  });
});
