import { expect } from 'chai';
import {
  KEPT_FIELDS_CHARS,
  KEPT_LINES_MAX,
  KEPT_LINES_MS,
  KEPT_MESSAGE_CHARS,
  LineKeeper
} from '../../../server/logger/kept-lines.js';
import { RecordedLogger } from '../../actors/recorded-logger.js';
import { VirtualClock } from '../../virtual-clock.js';

describe('LineKeeper', () => {
  const made = () => {
    const clock = new VirtualClock();
    const written = new RecordedLogger();
    const keeper = new LineKeeper(clock);
    return { clock, written, keeper, logger: keeper.of(written) };
  };

  it('keeps warnings, errors and critical lines, and passes every line on', () => {
    const { clock, written, keeper, logger } = made();
    const began = clock.now();
    logger.debug('d');
    logger.info('i');
    logger.warn('w', { actor: 'a' });
    logger.error('e');
    logger.error('❌ CRITICAL: c');
    expect(written.lines.map(({ level }) => level)).to.eql([
      'debug',
      'info',
      'warn',
      'error',
      'error'
    ]);
    const { lines, isComplete } = keeper.since(began);
    expect(lines.map(({ level, message }) => [level, message])).to.eql([
      ['warn', 'w'],
      ['error', 'e'],
      ['critical', '❌ CRITICAL: c']
    ]);
    expect(lines[0]).to.deep.include({
      time: new Date(began).toISOString(),
      fields: { actor: 'a' }
    });
    expect(isComplete).to.equal(true);
  });

  it('names the entry of a line in the runbook', () => {
    const { keeper, logger } = made();
    logger.error('Cannot deliver message: nobody');
    logger.warn('ClickHouse takes rows and is 2 minutes behind', { finding: 'sink_lag' });
    expect(keeper.since(0).lines.map(({ runbook }) => runbook)).to.eql([
      'incident-cannot-deliver',
      'finding-sink-lag'
    ]);
  });

  it('returns the lines of a time and later', async () => {
    const { clock, keeper, logger } = made();
    logger.warn('one');
    await clock.advance(1);
    logger.warn('two');
    expect(keeper.since(clock.now()).lines.map(({ message }) => message)).to.eql(['two']);
    expect(keeper.since(clock.now() + 1).lines).to.eql([]);
  });

  it('forgets lines after a day, and is still complete', async () => {
    const { clock, keeper, logger } = made();
    logger.warn('old');
    await clock.advance(KEPT_LINES_MS);
    expect(keeper.since(0).lines).to.have.length(1);
    await clock.advance(1);
    expect(keeper.since(0)).to.eql({ isComplete: true, lines: [] });
  });

  it('drops the oldest above its bound, and says for which times it is not complete', async () => {
    const { clock, keeper, logger } = made();
    const began = clock.now();
    for (let n = 0; n < KEPT_LINES_MAX; n += 1) logger.warn(String(n));
    expect(keeper.since(began).isComplete).to.equal(true);
    await clock.advance(5);
    logger.warn('one more');
    const { isComplete, lines } = keeper.since(began);
    expect([isComplete, lines.length, lines[0]?.message]).to.eql([false, KEPT_LINES_MAX, '1']);
    expect(keeper.since(began + 1).isComplete).to.equal(true);
  });

  it('masks secrets, and cuts what is long', () => {
    const { keeper, logger } = made();
    logger.error(`https://u:secret@host ${'x'.repeat(KEPT_MESSAGE_CHARS)}`, {
      token: 'secret',
      reason: 'short',
      long: 'y'.repeat(KEPT_FIELDS_CHARS)
    });
    const [line] = keeper.since(0).lines;
    expect(JSON.stringify(line)).to.not.include('secret');
    expect(line?.message).to.have.length(KEPT_MESSAGE_CHARS + 1);
    expect(line?.fields).to.include({ reason: 'short', more: true });
    expect(line?.fields).to.not.have.property('long');
  });
});
