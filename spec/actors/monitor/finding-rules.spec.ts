import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import {
  LAGGING_CRITICAL,
  LAGGING_WARNING,
  LOOP_LATE_MS,
  LOOP_LOOKS,
  LOOP_LOOKS_MANY,
  LOOP_LOST_MS,
  LOOP_STUCK_MS,
  RULES,
  SINK_CRITICAL_MS,
  SINK_WARNING_MS,
  UNDELIVERED_CRITICAL_MS,
  UNDELIVERED_CRITICAL_THREADS,
  WEBHOOKS_CRITICAL_MS,
  WEBHOOKS_WARNING_MS,
  type ConditionKind,
  type Measures
} from '../../../actors/monitor/finding-rules.js';
import {
  AGENT_FAILURES,
  BLOCKED_CRITICAL_MS,
  BLOCKED_MS,
  SILENT_MS,
  TOOL_LONG_MS
} from '../../../actors/monitor/agent-rules.js';
import { RULE_WORDS } from '../../../actors/monitor/finding-words.js';
import type { ChildStatus } from '../../../machines/supervision/child-state.js';
import { RESTARTS } from '../../../machines/supervision/child-spec.js';
import { FINDING_KINDS, type MonitorLevel } from '../../../machines/finding.js';
import { CONNECT_WITHIN_MS, SWEEP_MS } from '../../../server/chat/connections.js';
import { monitorRules, RULES_MARKS } from '../../../scripts/docs/monitor-rules.js';

/** Measures, and the level that each leads to. */
type Cases = { readonly [Kind in ConditionKind]: readonly [MonitorLevel, Measures[Kind]][] };

const undelivered = (threads: number, oldestMs: number, watched = 0) => ({
  threads,
  watched,
  oldestMs,
  named: ['t']
});
const looks = (times: number, lateMs: number) => ({
  looksMs: Array.from({ length: LOOP_LOOKS }, (_, index) => (index < times ? lateMs : 0))
});
const missed = (required: boolean, status: ChildStatus, losses = 0) => ({
  part: 'part',
  required,
  status,
  losses,
  error: null
});
const { restarts: allowed, withinMs } = RESTARTS.intensity;
const restarted = (required: boolean, times: number) => ({
  part: 'part',
  required,
  times,
  allowed,
  withinMs,
  error: null
});

const hooks = (failingMs: number, deadLetters = 0) => ({
  failingMs,
  waiting: 1,
  error: null,
  deadLetters
});

const CASES: Cases = {
  undelivered: [
    ['healthy', undelivered(0, UNDELIVERED_CRITICAL_MS)],
    ['warning', undelivered(1, 0)],
    ['warning', undelivered(UNDELIVERED_CRITICAL_THREADS - 1, UNDELIVERED_CRITICAL_MS - 1)],
    ['critical', undelivered(UNDELIVERED_CRITICAL_THREADS, 0)],
    ['critical', undelivered(1, UNDELIVERED_CRITICAL_MS)],
    ['critical', undelivered(1_000, 0, 1_000)],
    ['warning', undelivered(1_000, 0, 1_001)],
    ['warning', undelivered(1, UNDELIVERED_CRITICAL_MS, 2)]
  ],
  event_loop_lag: [
    ['healthy', { looksMs: [] }],
    ['healthy', looks(LOOP_LOOKS, LOOP_LATE_MS - 1)],
    ['healthy', looks(LOOP_LOOKS_MANY - 1, LOOP_STUCK_MS - 1)],
    ['warning', looks(LOOP_LOOKS_MANY, LOOP_LATE_MS)],
    ['warning', looks(1, LOOP_STUCK_MS)],
    ['warning', looks(LOOP_LOOKS_MANY - 1, LOOP_LOST_MS - 1)],
    ['critical', looks(LOOP_LOOKS_MANY, LOOP_STUCK_MS)],
    ['critical', looks(1, LOOP_LOST_MS)]
  ],
  lagging_connections: [
    ['healthy', { lagging: 0, open: 0 }],
    ['healthy', { lagging: LAGGING_WARNING.connections - 1, open: 2 }],
    ['healthy', { lagging: 99, open: 1_000 }],
    ['warning', { lagging: LAGGING_WARNING.connections, open: 30 }],
    ['warning', { lagging: 100, open: 1_000 }],
    ['warning', { lagging: LAGGING_CRITICAL.connections - 1, open: 9 }],
    ['warning', { lagging: 499, open: 1_000 }],
    ['critical', { lagging: LAGGING_CRITICAL.connections, open: 20 }],
    ['critical', { lagging: 500, open: 1_000 }]
  ],
  sink_lag: [
    ['healthy', { behindMs: SINK_WARNING_MS - 1, threads: 9 }],
    ['warning', { behindMs: SINK_WARNING_MS, threads: 1 }],
    ['warning', { behindMs: SINK_CRITICAL_MS - 1, threads: 1 }],
    ['critical', { behindMs: SINK_CRITICAL_MS, threads: 1 }]
  ],
  part_missed: [
    ['healthy', missed(true, 'ready')],
    ['healthy', missed(true, 'stopped')],
    ['healthy', missed(true, 'stopping')],
    ['healthy', missed(false, 'waiting', 1)],
    ['healthy', missed(false, 'starting')],
    ['warning', missed(false, 'starting', 1)],
    ['warning', missed(false, 'degraded')],
    ['warning', missed(false, 'restarting', 1)],
    ['warning', missed(false, 'failed')],
    ['critical', missed(true, 'starting', 1)],
    ['critical', missed(true, 'degraded')],
    ['critical', missed(true, 'restarting', 1)],
    ['failed', missed(true, 'failed')]
  ],
  restarts: [
    ['healthy', restarted(true, 0)],
    ['warning', restarted(true, 1)],
    ['warning', restarted(true, allowed - 2)],
    ['critical', restarted(true, allowed - 1)],
    ['warning', restarted(false, allowed + 1)]
  ],
  log_fault: [
    ['healthy', { reason: null }],
    ['failed', { reason: 'no space left' }]
  ],
  unreadable_threads: [
    ['healthy', { threads: 0, remedy: 'check it' }],
    ['critical', { threads: 1, remedy: 'check it' }]
  ],
  open_files: [
    ['healthy', { open: 0, limit: Infinity }],
    ['healthy', { open: 799, limit: 1_000 }],
    ['warning', { open: 800, limit: 1_000 }],
    ['warning', { open: 949, limit: 1_000 }],
    ['critical', { open: 950, limit: 1_000 }],
    ['critical', { open: 1_100, limit: 1_000 }]
  ],
  memory: [
    ['healthy', { share: 0.79, refused: 0 }],
    ['warning', { share: 0.8, refused: 0 }],
    ['warning', { share: 0, refused: 1 }],
    ['warning', { share: 0.89, refused: 0 }],
    ['critical', { share: 0.9, refused: 0 }]
  ],
  api_keys: [
    ['healthy', { fault: null }],
    ['warning', { fault: 'line 3: it is not JSON' }]
  ],
  token_keys: [
    ['healthy', { fault: null, hasKeys: true }],
    ['warning', { fault: 'answered 500', hasKeys: true }],
    ['critical', { fault: 'answered 500', hasKeys: false }]
  ],
  authorize: [
    ['healthy', { fault: null }],
    ['critical', { fault: 'answered 500' }]
  ],
  disk_low: [
    ['healthy', { isLow: false }],
    ['warning', { isLow: true }]
  ],
  webhooks: [
    ['healthy', hooks(WEBHOOKS_WARNING_MS - 1)],
    ['warning', hooks(WEBHOOKS_WARNING_MS)],
    ['warning', hooks(0, 1)],
    ['warning', hooks(WEBHOOKS_CRITICAL_MS - 1, 1)],
    ['critical', hooks(WEBHOOKS_CRITICAL_MS)]
  ],
  agent_silent: [
    ['healthy', { runs: 0, agent: '', thread: null, silentMs: 0 }],
    ['warning', { runs: 1, agent: 'echo', thread: 't', silentMs: SILENT_MS }]
  ],
  agent_tool: [
    ['healthy', { tools: 0, agent: '', tool: '', thread: null, openMs: 0 }],
    ['warning', { tools: 1, agent: 'echo', tool: 'search', thread: 't', openMs: TOOL_LONG_MS }]
  ],
  agent_failing: [
    ['healthy', { agent: 'echo', times: AGENT_FAILURES - 1 }],
    ['warning', { agent: 'echo', times: AGENT_FAILURES }]
  ],
  agent_blocking: [
    ['healthy', { agent: 'echo', ms: BLOCKED_MS - 1 }],
    ['warning', { agent: 'echo', ms: BLOCKED_MS }],
    ['warning', { agent: 'echo', ms: BLOCKED_CRITICAL_MS - 1 }],
    ['critical', { agent: 'echo', ms: BLOCKED_CRITICAL_MS }]
  ]
};

function levelsOf<Kind extends ConditionKind>(kind: Kind, cases: Cases[Kind]): MonitorLevel[] {
  return cases.map(([, measure]) => RULES[kind].level(measure));
}

describe('RULES', () => {
  for (const kind of FINDING_KINDS) {
    if (kind === 'fault') continue;
    it(`judges ${kind} at each of its thresholds, and just below`, () => {
      const expected = CASES[kind].map(([level]) => level);
      expect(levelsOf(kind, CASES[kind])).to.deep.equal(expected);
    });
  }

  it('say in a sentence what is wrong, with one and with many', () => {
    const { undelivered: thread, lagging_connections: lagging, restarts, sink_lag: sink } = RULES;
    expect(thread.message({ threads: 1, watched: 0, named: ['a'], oldestMs: 0 })).to.match(
      /^1 thread holds undelivered messages \(a\): nobody has subscribed/
    );
    expect(
      thread.message({ threads: 1_200, watched: 0, named: ['a', 'b', 'c'], oldestMs: 0 })
    ).to.match(/^1,200 threads hold undelivered messages \(a, b, c, 1197 more\)/);
    expect(RULES.event_loop_lag.message(looks(2, 2_345.6))).to.match(
      /^the event loop was up to 2,346 ms late in 2 of the last 10 seconds: everybody waited/
    );
    expect(lagging.message({ lagging: 3, open: 10 })).to.match(
      /^3 of 10 connections read slower than is written/
    );
    expect(sink.message({ behindMs: 125_000, threads: 1 })).to.match(
      /^ClickHouse takes rows and is 2 minutes behind, 1 thread waits/
    );
    expect(restarts.message({ ...restarted(true, 1), error: 'crashed' })).to.equal(
      'part was started again 1 time within 30 seconds, last because of: crashed; after 5 the next loss ends the server'
    );
    expect(restarts.message(restarted(false, 2))).to.equal(
      'part was started again 2 times within 30 seconds'
    );
    expect(RULES.unreadable_threads.message({ threads: 1, remedy: 'check it' })).to.equal(
      '1 thread cannot be read from the log: check it'
    );
    expect(RULES.log_fault.message({ reason: 'no space' })).to.match(
      /^the thread log takes no messages: no space/
    );
    expect(RULES.part_missed.message({ ...missed(false, 'failed'), part: 'sink' })).to.equal(
      'sink: failed'
    );
  });

  it('go by deadlines that others have', () => {
    expect(LOOP_LOST_MS).to.equal(CONNECT_WITHIN_MS);
    expect(LOOP_STUCK_MS).to.equal(2 * SWEEP_MS);
  });
});

describe('the table of rules', () => {
  it('stands in docs/operations.md as it is', () => {
    const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
    const [begin, end] = RULES_MARKS;
    const table = page.split(begin)[1]?.split(end)[0]?.trim();
    expect(table, 'run npx tsx scripts/generated-docs.ts').to.equal(monitorRules());
  });

  it('has words for every level that a rule comes to, and for no other', () => {
    for (const kind of FINDING_KINDS) {
      if (kind === 'fault') continue;
      for (const level of ['warning', 'critical', 'failed'] as const) {
        const isReached = CASES[kind].some(([one]) => one === level);
        expect(RULE_WORDS[kind][level] !== '–', `${kind} ${level}`).to.equal(isReached);
      }
    }
  });
});
