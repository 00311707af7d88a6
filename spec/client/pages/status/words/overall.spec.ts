import { expect } from 'chai';
import {
  lastReasons,
  overall,
  reasons,
  silence,
  waitWords
} from '../../../../../client/pages/status/words/overall.js';
import type { Polled } from '../../../../../client/pages/status/report/poller.js';
import { SERVER_STATUSES } from '../../../../../server/wiring/report/status-report.js';
import { sampleReport } from '../sample-report.js';

function polled(changes: Partial<Polled> = {}): Polled {
  return { report: sampleReport(), answeredAt: 0, silentSince: null, failure: null, ...changes };
}

describe('overall', () => {
  for (const status of SERVER_STATUSES) {
    it(`has words of its own for ${status}`, () => {
      const { title, meaning } = overall(polled({ report: sampleReport({ status }) }));
      expect(title).to.not.equal(status);
      expect(meaning).to.not.include('does not know');
    });
  }

  it('shows a status that it does not know as it is', () => {
    expect(overall(polled({ report: sampleReport({ status: 'dreaming' }) }))).to.include({
      tone: 'warn',
      title: 'dreaming'
    });
  });

  it('says that there is no answer whatever the last one was', () => {
    expect(overall(polled({ silentSince: 0 })).title).to.equal('No answer');
    expect(overall(polled({ report: null, silentSince: 0 })).title).to.equal('No answer');
  });

  it('says that it asks before the first answer', () => {
    expect(overall(polled({ report: null })).title).to.equal('Asking…');
  });
});

describe('silence', () => {
  it('says for how long, and why as far as it is known', () => {
    const at = 12_400;
    expect(silence(polled(), at)).to.equal('');
    expect(silence(polled({ silentSince: 0 }), at)).to.equal('No answer for 12 s, trying again.');
    expect(silence(polled({ silentSince: 0, failure: { kind: 'unreachable' } }), at)).to.equal(
      'No answer for 12 s, trying again: nothing answers at this address.'
    );
    expect(silence(polled({ silentSince: 0, failure: { kind: 'timeout' } }), at)).to.equal(
      'No answer for 12 s, trying again: the connection stands and nothing comes.'
    );
    const foreign = { kind: 'foreign', code: 502 } as const;
    expect(silence(polled({ silentSince: 0, failure: foreign }), at)).to.equal(
      'No answer for 12 s, trying again: something else answers, with HTTP 502.'
    );
  });
});

describe('reasons', () => {
  const monitor = (...issues: string[]) => ({
    status: 'warning',
    issues,
    findings: [],
    moreFindings: 0,
    outcomes: new Map()
  });

  it('tells the reason part by part when the monitor has the parts', () => {
    const report = {
      status: 'degraded',
      reason: 'a: gone; b: gone',
      monitor: monitor('a: gone', 'b: gone')
    };
    expect(reasons(sampleReport(report))).to.eql(['a: gone', 'b: gone']);
  });

  it('puts a reason that the monitor does not have first', () => {
    const report = { status: 'failed', reason: 'listener: gone', monitor: monitor('1 thread') };
    expect(reasons(sampleReport(report))).to.eql(['listener: gone', '1 thread']);
  });

  it('tells what the monitor has found when the server is ready all the same', () => {
    const report = { status: 'ready', reason: null, monitor: monitor('3 threads hold') };
    expect(reasons(sampleReport(report))).to.eql(['3 threads hold']);
  });

  const away = monitor('sink: waiting');

  it('leaves out while the server starts that parts are not up, and says where it is', () => {
    const starting = (reason: string, isTold = true) =>
      reasons(
        sampleReport({
          status: 'initializing',
          reason,
          monitor: away,
          ...(isTold ? {} : { waitingFor: [] })
        })
      );
    const waits = 'in phase services, which waits for clickhouse';
    expect(starting('in phase services')).to.eql(['It is in the phase services.']);
    for (const attempt of [': attempt 2 of 5, after: refused', ': refused']) {
      expect(starting(waits + attempt), 'the attempt is told apart').to.eql([
        'It is in the phase services, which waits for clickhouse: refused.'
      ]);
    }
    expect(starting(`${waits}: attempt 1`)).to.eql([
      'It is in the phase services, which waits for clickhouse.'
    ]);
    expect(starting(`${waits}: attempt 1`, false)).to.eql([
      'It is in the phase services, which waits for clickhouse: attempt 1.'
    ]);
    expect(starting('something else')).to.eql(['something else']);
  });

  it('says of a start that has not answered since what it waited for', () => {
    const reason = 'in phase services, which waits for clickhouse: attempt 5 of 5, after: refused';
    expect(lastReasons(sampleReport({ status: 'initializing', reason }))).to.eql([
      'It was in the phase services, which waited for clickhouse: attempt 5 of 5, after: refused.'
    ]);
    expect(lastReasons(sampleReport({ status: 'ready', reason: null }))).to.eql([]);
  });

  it('says while the server stops how many are still connected', () => {
    const stopping = (open: number, lagging: number) =>
      reasons(
        sampleReport({
          status: 'draining',
          reason: 'shutting down',
          monitor: away,
          connections: { open, lagging }
        })
      );
    expect(stopping(0, 0)).to.eql(['No connection is open any more; what is left is stopped.']);
    expect(stopping(1, 0)).to.eql(['1 connection is still open.']);
    expect(stopping(1, 1)).to.eql(['1 connection is still open and reads slowly.']);
    expect(stopping(4, 2)).to.eql(['4 connections are still open; 2 of them read slowly.']);
  });
});

describe('waitWords', () => {
  const wait = { what: 'clickhouse', attempt: 2, of: 5, nextAttemptMs: 4_000, deadlineMs: 48_000 };

  it('counts down from the answer on', () => {
    expect(waitWords(wait, 1_000)).to.equal(
      'Waiting for clickhouse: attempt 2 of 5 failed, the next comes in 3 s; it gives up in 47 s.'
    );
    expect(waitWords(wait, 9_000)).to.include('the next comes now');
  });

  it('names no end where there is none', () => {
    expect(waitWords({ ...wait, of: null, nextAttemptMs: null, deadlineMs: null }, 0)).to.equal(
      'Waiting for clickhouse: attempt 2 is under way.'
    );
  });
});
