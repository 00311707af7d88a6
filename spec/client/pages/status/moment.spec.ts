import { expect } from 'chai';
import { momentOf } from '../../../../client/pages/status/moment.js';
import { sampleReport } from './sample-report.js';

const STARTED = Date.UTC(2026, 0, 1);

describe('momentOf', () => {
  const answered = { report: sampleReport(), answeredAt: 5_000, silentSince: null, failure: null };

  it('goes on from the answer by the clock of the server', () => {
    const moment = momentOf(answered, 7_000);
    expect(moment?.passedMs).to.equal(2_000);
    expect(moment?.uptimeMs).to.equal(62_000);
    expect(moment?.since(STARTED + 2_000)).to.equal(60_000);
    expect(moment?.since(null)).to.equal(null);
  });

  it('stands still while there is no answer', () => {
    const moment = momentOf({ ...answered, silentSince: 5_000 }, 90_000);
    expect(moment?.passedMs).to.equal(0);
    expect(moment?.uptimeMs).to.equal(60_000);
  });

  it('is nothing before the first answer', () => {
    expect(momentOf({ ...answered, report: null, answeredAt: null }, 7_000)).to.equal(null);
  });
});
