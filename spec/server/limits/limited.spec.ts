import { expect } from 'chai';
import { Limited, QUIET_MS } from '../../../server/limits/limited.js';
import { LIMITS } from '../../../server/limits/limit-table.js';
import { VirtualClock } from '../../virtual-clock.js';

describe('Limited', () => {
  const rig = () => {
    const clock = new VirtualClock();
    const lines: [string, unknown][] = [];
    const logger = {
      info: (message: string, fields: { count?: number } = {}): void => {
        lines.push([message.split(':')[0] ?? '', fields.count]);
      }
    };
    return { clock, lines, limited: new Limited({ clock, logger }) };
  };

  it('counts every refusal, and knows every limit before it has refused', () => {
    const { limited } = rig();
    limited.note('memory', 3);
    limited.note('memory');
    limited.note('open_files', 0);
    expect(limited.refused()).to.eql({ memory: 4 });
    expect([...limited.totals().keys()]).to.eql(LIMITS.map(({ name }) => name));
    expect(limited.totals().get('open_files')).to.equal(0);
  });

  it('logs one line when a limit begins to refuse and one when it has been quiet, however many it refuses', async () => {
    const { clock, lines, limited } = rig();
    for (let n = 0; n < 10_000; n++) limited.note('publishes_connection');
    await clock.advance(QUIET_MS - 1);
    limited.sweep();
    expect(lines).to.eql([['The limit publishes_connection begins to refuse', undefined]]);
    limited.note('publishes_connection');
    await clock.advance(QUIET_MS - 1);
    limited.sweep();
    expect(lines).to.have.lengthOf(1);
    await clock.advance(1);
    limited.sweep();
    limited.sweep();
    expect(lines.slice(1)).to.eql([
      ['The limit publishes_connection refuses nobody any more', 10_001]
    ]);
    limited.note('publishes_connection');
    expect(lines).to.have.lengthOf(3);
    expect(limited.refused()).to.eql({ publishes_connection: 10_002 });
  });
});
