import { expect } from 'chai';
import { judge, type Judged, type Judgement } from '../../../../server/wiring/report/judgement.js';

const WELL: Judged = {
  tags: new Set(['serving', 'ready']),
  failure: null,
  waitingOn: null,
  phase: 'health',
  log: { writable: true, reason: null },
  lagMs: null,
  missed: (which) => (which === 'all' ? ['sink: broken', 'monitor: gone'] : ['monitor: gone'])
};

describe('judge', () => {
  const cases: [string, Partial<Judged>, Judgement][] = [
    ['all is well', {}, { status: 'ready', reason: null }],
    [
      'an optional part is missed',
      { tags: new Set(['serving', 'degraded']) },
      { status: 'degraded', reason: 'sink: broken; monitor: gone' }
    ],
    [
      'a required part is missed',
      { tags: new Set(['serving', 'failed']) },
      { status: 'failed', reason: 'monitor: gone' }
    ],
    [
      'the log takes no messages',
      { log: { writable: false, reason: 'no space' } },
      { status: 'failed', reason: 'the thread log takes no messages: no space' }
    ],
    [
      'the replica is as far behind as it may be',
      { lagMs: 5_000 },
      { status: 'ready', reason: null }
    ],
    [
      'the replica is further behind',
      { lagMs: 5_600 },
      { status: 'failed', reason: 'the replica of this node is 6 s behind the others' }
    ],
    [
      'it starts, where the log is not open yet',
      {
        tags: new Set(['initializing']),
        phase: 'infrastructure',
        log: { writable: false, reason: 'not open' }
      },
      { status: 'initializing', reason: 'in phase infrastructure' }
    ],
    [
      'it has not begun to start',
      { tags: new Set(['initializing']), phase: null },
      { status: 'initializing', reason: 'in phase none' }
    ],
    [
      'its start waits for a part',
      { tags: new Set(['initializing']), phase: 'services', waitingOn: 'clickhouse: attempt 2' },
      {
        status: 'initializing',
        reason: 'in phase services, which waits for clickhouse: attempt 2'
      }
    ],
    [
      'it stops',
      { tags: new Set(['draining']), log: { writable: false, reason: 'not open' } },
      { status: 'draining', reason: 'shutting down' }
    ],
    [
      'it ends because of a failure',
      { tags: new Set(['draining']), failure: { service: 'listener', error: 'port in use' } },
      { status: 'failed', reason: 'listener: port in use' }
    ]
  ];
  for (const [when, judged, judgement] of cases) {
    it(`says ${judgement.status} when ${when}`, () => {
      expect(judge({ ...WELL, ...judged })).to.deep.equal(judgement);
    });
  }
});
