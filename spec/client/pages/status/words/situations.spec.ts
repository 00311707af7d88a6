/** A table of situations: the headline of each, its color, what follows from it, and the reasons. */
import { expect } from 'chai';
import {
  lastReasons,
  overall,
  reasons,
  startupCause
} from '../../../../../client/pages/status/words/overall.js';
import type { Report } from '../../../../../client/pages/status/report/report.js';
import type { Tone } from '../../../../../client/pages/shared/tone.js';
import { sampleReport } from '../sample-report.js';

const monitor = (status: string, ...issues: string[]): Report['monitor'] => ({
  status,
  issues,
  findings: [],
  moreFindings: 0,
  outcomes: new Map()
});
const unfinished = { complete: false, tookMs: null, phases: [] };
const held = '1 thread holds undelivered messages (a)';
const clickhouse = 'clickhouse: nothing answers';

interface Situation {
  readonly name: string;
  readonly report: Partial<Report>;
  readonly isSilent?: true;
  readonly tone: Tone;
  readonly title: string;
  readonly meaning: RegExp;
  readonly why: readonly string[];
}

const READY = { status: 'ready', reason: null, monitor: monitor('healthy') };
const NOT_STARTED = {
  status: 'failed',
  reason: clickhouse,
  startup: unfinished,
  monitor: monitor('healthy')
};

const SITUATIONS: readonly Situation[] = [
  {
    name: 'all is well',
    report: READY,
    tone: 'good',
    title: 'Ready',
    meaning: /every part is well/,
    why: []
  },
  {
    name: 'ready, with a warning of the monitor',
    report: { ...READY, monitor: monitor('warning', held) },
    tone: 'warn',
    title: 'Ready',
    meaning: /something needs a look/,
    why: [held]
  },
  {
    name: 'ready, with a critical finding',
    report: { ...READY, monitor: monitor('critical', 'the event loop was late') },
    tone: 'bad',
    title: 'Ready',
    meaning: /people notice/,
    why: ['the event loop was late']
  },
  {
    name: 'without an optional part',
    report: { status: 'degraded', reason: clickhouse, monitor: monitor('warning', clickhouse) },
    tone: 'warn',
    title: 'Degraded',
    meaning: /Chat works as always/,
    why: [clickhouse]
  },
  {
    name: 'without an optional part, and people notice something else',
    report: {
      status: 'degraded',
      reason: clickhouse,
      monitor: monitor('critical', clickhouse, 'the event loop was late')
    },
    tone: 'bad',
    title: 'Degraded',
    meaning: /people notice/,
    why: [clickhouse, 'the event loop was late']
  },
  {
    name: 'starting',
    report: {
      status: 'initializing',
      reason: 'in phase services',
      startup: unfinished,
      monitor: monitor('healthy')
    },
    tone: 'busy',
    title: 'Starting',
    meaning: /Nobody is let in yet/,
    why: ['It is in the phase services.']
  },
  {
    name: 'a start that failed',
    report: NOT_STARTED,
    tone: 'bad',
    title: 'Failed to start',
    meaning: /Nobody was let in/,
    why: [clickhouse]
  },
  {
    name: 'a start that failed, and the process has ended',
    report: NOT_STARTED,
    isSilent: true,
    tone: 'bad',
    title: 'No answer',
    meaning: /could not start and has ended, for the reason below/,
    why: [clickhouse]
  },
  {
    name: 'the log takes no messages',
    report: {
      status: 'failed',
      reason: 'the thread log takes no messages: no space',
      log: { writable: false, reason: 'no space', durability: 'disk' },
      monitor: monitor('failed', 'the thread log takes no messages: no space; publishes wait')
    },
    tone: 'bad',
    title: 'Failed',
    meaning: /answered “unavailable” until it does/,
    why: ['the thread log takes no messages: no space; publishes wait']
  },
  {
    name: 'a required part is lost',
    report: { status: 'failed', reason: clickhouse, monitor: monitor('critical', clickhouse) },
    tone: 'bad',
    title: 'Failed',
    meaning: /load balancers are told to stay away/,
    why: [clickhouse]
  },
  {
    name: 'stopping, with a finding from before',
    report: {
      status: 'draining',
      reason: 'shutting down',
      monitor: monitor('warning', held),
      connections: { open: 14, lagging: 0 }
    },
    tone: 'busy',
    title: 'Stopping',
    meaning: /sent away one after the other/,
    why: ['14 connections are still open.']
  },
  {
    name: 'gone while it was starting, as after a start that failed between two answers',
    report: {
      status: 'initializing',
      reason: 'in phase services, which waits for clickhouse: attempt 5 of 5, after: refused',
      startup: unfinished,
      monitor: monitor('healthy')
    },
    isSilent: true,
    tone: 'bad',
    title: 'No answer',
    meaning: /was starting when it last answered: it has failed/,
    why: [
      'It was in the phase services, which waited for clickhouse: attempt 5 of 5, after: refused.'
    ]
  },
  {
    name: 'a required part is given up, and the server ends',
    report: {
      status: 'failed',
      reason: clickhouse,
      supervision: [
        {
          service: 'clickhouse',
          reason: 'nothing answers',
          action: 'given_up',
          since: 0,
          restarts: 3,
          nextAttemptMs: null
        }
      ],
      monitor: monitor('failed', clickhouse)
    },
    tone: 'bad',
    title: 'Failed',
    meaning: /is given up, and the server ends/,
    why: [clickhouse]
  },
  {
    name: 'gone while it was stopping',
    report: { status: 'draining', reason: 'shutting down', monitor: monitor('healthy') },
    isSilent: true,
    tone: 'bad',
    title: 'No answer',
    meaning: /was stopping when it last answered/,
    why: []
  },
  {
    name: 'gone while all was well',
    report: READY,
    isSilent: true,
    tone: 'bad',
    title: 'No answer',
    meaning: /cannot be reached from here/,
    why: []
  }
];

describe('the words of a situation', () => {
  for (const { name, report, isSilent, tone, title, meaning, why } of SITUATIONS) {
    it(`agree with one another: ${name}`, () => {
      const whole = sampleReport(report);
      const polled = {
        report: whole,
        answeredAt: 0,
        silentSince: isSilent === true ? 0 : null,
        failure: null
      };
      const words = overall(polled);
      expect(words).to.include({ tone, title });
      expect(words.meaning).to.match(meaning);
      const because = isSilent === true ? lastReasons(whole) : reasons(whole);
      expect(because).to.eql(why);
      if (because.length > 0) expect(words.meaning).to.not.include('every part is well');
    });
  }

  it('put the cause above the startup only when that has failed', () => {
    expect(startupCause(sampleReport(NOT_STARTED))).to.equal(clickhouse);
    expect(startupCause(sampleReport({ status: 'failed', reason: clickhouse }))).to.equal('');
    expect(startupCause(sampleReport(READY))).to.equal('');
  });
});
