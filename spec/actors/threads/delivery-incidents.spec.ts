import { expect } from 'chai';
import {
  DeliveryIncidents,
  TOLD_AS_ONE_UNTIL,
  TOLD_ONE_BY_ONE
} from '../../../actors/threads/delivery-incidents.js';
import { RecordedLogger } from '../recorded-logger.js';

describe('DeliveryIncidents', () => {
  let logger: RecordedLogger;
  let incidents: DeliveryIncidents;
  let open: string[];
  let made: number;

  beforeEach(() => {
    logger = new RecordedLogger();
    incidents = new DeliveryIncidents(logger);
    open = [];
    made = 0;
  });

  const strangers = (many: number) => {
    for (let n = 0; n < many; n++) {
      const thread = `t${String(made++)}`;
      open.push(thread);
      incidents.opened(open.length, thread, { messages: 1 });
    }
  };
  const subscribe = (thread: string) => {
    open = open.filter((one) => one !== thread);
    incidents.resumed(thread, 1);
    incidents.left(open.length);
  };
  const lines = () =>
    logger.lines.map(({ level, fields }) => [level, fields['threads'] ?? fields.thread]);

  it('logs the first threads one by one, each with an end of its own', () => {
    strangers(2);
    subscribe('t0');
    subscribe('t1');
    expect(lines()).to.deep.equal([
      ['error', 't0'],
      ['error', 't1'],
      ['info', 't0'],
      ['info', 't1']
    ]);
  });

  it('counts further ones in one line, renewed when the number has doubled', () => {
    strangers(1_000);
    expect(lines().slice(TOLD_ONE_BY_ONE)).to.deep.equal(
      [11, 22, 44, 88, 176, 352, 704].map((threads) => ['error', threads])
    );
    for (const { message } of logger.lines) expect(message).to.match(/^Cannot deliver message: /);
  });

  it('logs the end of those with a line of their own, and one for all the others', () => {
    strangers(1_000);
    const before = logger.lines.length;
    for (const thread of [...open].reverse().slice(0, 1_000 - TOLD_AS_ONE_UNTIL)) subscribe(thread);
    const told = Array.from({ length: TOLD_ONE_BY_ONE - TOLD_AS_ONE_UNTIL }, (_, n) => [
      'info',
      `t${String(TOLD_ONE_BY_ONE - 1 - n)}`
    ]);
    expect(lines().slice(before)).to.deep.equal([...told, ['info', 1_000]]);
    expect(logger.lines.at(-1)?.fields).to.include({ stillWaiting: TOLD_AS_ONE_UNTIL });
    strangers(1);
    expect(lines().at(-1)).to.deep.equal(['error', 't1000']);
  });

  it('does not begin again for each thread when many were open before a restart', () => {
    incidents.restore(500);
    for (let n = 0; n < 400; n++) incidents.opened(501 + n, `new${String(n)}`, {});
    incidents.resumed('old', 3);
    expect(lines()).to.deep.equal([]);
    incidents.opened(1_000, 'thousandth', {});
    expect(lines()).to.deep.equal([['error', 1_000]]);
  });

  it('logs the end of each of a few that were open before a restart', () => {
    incidents.restore(1);
    incidents.resumed('old', 3);
    incidents.left(0);
    expect(lines()).to.deep.equal([['info', 'old']]);
  });
});
