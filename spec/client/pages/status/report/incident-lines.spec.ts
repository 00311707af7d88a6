import { expect } from 'chai';
import {
  readIncidentLines,
  SHOWN_MAX
} from '../../../../../client/pages/status/report/incident-lines.js';

const LINE = {
  time: '2026-01-01T00:00:00.000Z',
  level: 'error',
  message: 'Cannot deliver message',
  fields: { thread: 't', waited: 3 },
  runbook: 'incident-cannot-deliver'
};

describe('readIncidentLines', () => {
  it('shows the newest line first, with its fields and its entry in the runbook', () => {
    const later = { ...LINE, time: '2026-01-01T00:00:01.000Z', fields: {}, runbook: null };
    const shown = readIncidentLines({ complete: true, lines: [LINE, later] });
    expect(shown?.lines.map(({ at }) => at)).to.eql([1_767_225_601_000, 1_767_225_600_000]);
    expect(shown?.lines[1]).to.include({
      details: 'thread t · waited 3',
      runbook: '/runbook.html#incident-cannot-deliver'
    });
    expect(shown?.lines[0]).to.include({ details: '', runbook: '' });
    expect(shown).to.include({ more: 0, isCut: false });
  });

  it('counts what it does not show, and tells equal lines apart', () => {
    const lines = Array.from({ length: SHOWN_MAX + 3 }, () => LINE);
    const shown = readIncidentLines({ complete: false, lines });
    expect(shown).to.include({ more: 3, isCut: true });
    expect(new Set(shown?.lines.map(({ key }) => key)).size).to.equal(SHOWN_MAX);
  });

  it('reads nothing from an answer that is not Rollcall’s', () => {
    for (const body of [null, [], 'page', {}, { lines: 7 }]) {
      expect(readIncidentLines(body)).to.equal(null);
    }
    expect(readIncidentLines({ lines: [null, 7] })?.lines).to.have.length(2);
  });
});
