import { expect } from 'chai';
import type { LogProvider } from '../../../../actors/log/log-provider.js';
import { LogService } from '../../../../server/wiring/log/log-service.js';
import { VirtualClock } from '../../../virtual-clock.js';
import { MemoryLog } from '../../../actors/log/memory-log.js';
import { RecordedLogger } from '../../../actors/recorded-logger.js';

describe('LogService', () => {
  const start = (notice: string | null = null) => {
    const log = new MemoryLog();
    const logger = new RecordedLogger();
    const disk = { isLow: false };
    const closed: string[] = [];
    const provider: LogProvider = {
      remedy: 'check it',
      open: async () => ({
        log,
        notice,
        isDiskLow: () => disk.isLow,
        close: async () => {
          closed.push('closed');
        }
      })
    };
    return {
      log,
      logger,
      disk,
      closed,
      service: new LogService(provider, logger, new VirtualClock())
    };
  };
  const lines = (logger: RecordedLogger) =>
    logger.lines.map(({ level, message }) => [level, message]);

  it('has the remedy of its provider, whether it is open or not', () => {
    expect(start().service.remedy).to.equal('check it');
  });

  it('has a log only while it is open', async () => {
    const { service, log, disk, closed } = start();
    disk.isLow = true;
    expect([service.log, service.health(), service.isDiskLow()]).to.deep.equal([
      null,
      { writable: false, reason: 'not open' },
      false
    ]);
    await service.start();
    expect(service.log).to.equal(log);
    expect(service.health()).to.deep.equal({ writable: true, reason: null });
    expect(service.isDiskLow()).to.equal(true);
    await service.stop();
    await service.stop();
    expect([service.log, closed]).to.deep.equal([null, ['closed']]);
  });

  it('says what its provider has to say of how it was opened', async () => {
    const { service, logger } = start('every thread has a new epoch');
    await service.start();
    expect(lines(logger)).to.deep.equal([['warn', 'every thread has a new epoch']]);
  });

  it('tells when the log takes no messages, why, and when it does again', async () => {
    const { service, log, logger } = start();
    const told: unknown[] = [];
    service.onFault = (reason) => told.push(reason);
    service.onWritable = () => told.push('writable');
    await service.start();
    log.fail('no space left');
    log.fail(null);
    expect(told).to.deep.equal(['no space left', null, 'writable']);
    expect(logger.lines.map(({ level }) => level)).to.deep.equal(['error', 'info']);
    expect(logger.lines[0]?.message).to.include('takes no messages (no space left)');
  });
});
