import { expect } from 'chai';
import { agedReportOf } from '../../../../../client/pages/status/report/aged-report.js';
import { sampleReport } from '../sample-report.js';

const STARTED = Date.UTC(2026, 0, 1);

describe('agedReportOf', () => {
  const answered = { report: sampleReport(), answeredAt: 5_000, silentSince: null, failure: null };

  it('goes on from the answer by the clock of the server', () => {
    const aged = agedReportOf(answered, 7_000);
    expect(aged?.passedMs).to.equal(2_000);
    expect(aged?.uptimeMs).to.equal(62_000);
    expect(aged?.since(STARTED + 2_000)).to.equal(60_000);
    expect(aged?.since(null)).to.equal(null);
  });

  it('stands still while there is no answer', () => {
    const aged = agedReportOf({ ...answered, silentSince: 5_000 }, 90_000);
    expect(aged?.passedMs).to.equal(0);
    expect(aged?.uptimeMs).to.equal(60_000);
  });

  it('is nothing before the first answer', () => {
    expect(agedReportOf({ ...answered, report: null, answeredAt: null }, 7_000)).to.equal(null);
  });
});
