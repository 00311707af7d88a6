import { expect } from 'chai';
import {
  LogOutages,
  OUTAGE_QUIET_MS,
  OUTAGES_TOLD
} from '../../../../server/wiring/log/log-outages.js';
import { RecordedLogger } from '../../../actors/recorded-logger.js';
import { VirtualClock } from '../../../virtual-clock.js';

describe('LogOutages', () => {
  let clock: VirtualClock;
  let logger: RecordedLogger;
  let outages: LogOutages;

  beforeEach(() => {
    clock = new VirtualClock();
    logger = new RecordedLogger();
    outages = new LogOutages({ clock, logger });
  });

  const fail = () => {
    outages.turn({ writable: false, reason: 'no space left' });
  };
  const recover = () => {
    outages.turn({ writable: true, reason: null });
  };
  const levels = () => logger.lines.map(({ level }) => level);

  it('logs one line at the begin and one at the end', () => {
    fail();
    recover();
    expect(logger.lines.map(({ message }) => message)).to.deep.equal([
      'the thread log takes no messages (no space left): publishes are answered "unavailable" until it does; ' +
        'nothing acknowledged is lost',
      'The thread log takes messages again'
    ]);
  });

  it('is a new incident each time after a quiet minute', async () => {
    for (let n = 0; n < 10; n++) {
      fail();
      recover();
      await clock.advance(OUTAGE_QUIET_MS);
    }
    expect(levels()).to.have.length(20);
  });

  it('only counts what comes and goes, and tells the end when it has held', async () => {
    for (let n = 0; n < 31; n++) {
      fail();
      await clock.advance(1_000);
      recover();
      await clock.advance(500);
    }
    const told = ['error', 'info', 'error', 'info', 'error'];
    expect(levels()).to.deep.equal(told);
    expect(logger.lines.at(-1)?.message).to.match(/comes and goes/);
    expect(told.filter((level) => level === 'error')).to.have.length(OUTAGES_TOLD);
    await clock.advance(OUTAGE_QUIET_MS - 501);
    expect(levels()).to.have.length(5);
    await clock.advance(1);
    expect(logger.lines.at(-1)).to.deep.include({
      level: 'info',
      message: 'The thread log takes messages again'
    });
    expect(logger.lines.at(-1)?.fields).to.include({ outages: 31 });
  });

  it('leaves no timer behind when the log is closed', () => {
    fail();
    recover();
    outages.close();
    expect(clock.waiting).to.equal(0);
  });
});
