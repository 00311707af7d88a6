import { expect } from 'chai';
import { Incidents } from '../../../../actors/monitor/incidents.js';
import { Monitor, type ThreadNames } from '../../../../actors/monitor/monitor.js';
import { newChild, type ChildState } from '../../../../machines/supervision/child-state.js';
import type { ServerStatus, StatusReport } from '../../../../server/wiring/report/status-report.js';
import {
  StatusReporter,
  type ReportedParts
} from '../../../../server/wiring/report/status-reporter.js';
import { StartupTimeline } from '../../../../server/wiring/report/startup-timeline.js';
import { Supervision } from '../../../../server/wiring/report/supervision.js';
import { FakeLoop } from '../../../actors/monitor/fake-loop.js';
import { RecordedLogger } from '../../../actors/recorded-logger.js';
import { SAMPLE } from '../../../client/pages/status/sample-report.js';
import { VirtualClock } from '../../../virtual-clock.js';

/** Part of every text of a fault here. A report for strangers must not include it. */
const MARK = 'ch.internal.example:8123';
const FAULT = `${MARK} refused /var/lib/rollcall of svc_chat`;

/** Tags and context of the root chart, and the status that follows from them. */
const ROOTS: Readonly<Record<string, readonly [tags: string[], context: object, ServerStatus]>> = {
  'while it starts': [['initializing'], { waitingOn: `clickhouse: ${FAULT}` }, 'initializing'],
  'when its start failed': [
    ['failed'],
    { failure: { phase: 'services', service: 'clickhouse', error: FAULT, report: null } },
    'failed'
  ],
  'while the log takes nothing': [['serving'], {}, 'failed'],
  'while an optional part is missed': [['serving', 'degraded'], {}, 'degraded'],
  'while a required part is missed': [['serving', 'failed'], {}, 'failed']
};

function reportOf(where: string, names: ThreadNames): StatusReport {
  const [tags, context] = ROOTS[where] ?? [[], {}];
  const clock = new VirtualClock();
  const logger = new RecordedLogger();
  const monitor = new Monitor({
    clock,
    incidents: new Incidents({ clock, logger }),
    loop: new FakeLoop()
  });
  const supervision = new Supervision({ clock, logger });
  const down = (id: string, required: boolean): ChildState => ({
    ...newChild({ id, required } as never, 0),
    status: 'restarting',
    error: FAULT,
    losses: 1,
    starts: 3
  });
  monitor.begin();
  monitor.follow(supervision.follow({ services: [down('clickhouse', true), down('sink', false)] }));
  monitor.undelivered(MARK, 0);
  monitor.logFault(FAULT);
  monitor.tokenKeys({ fault: FAULT, hasKeys: true });
  monitor.sweep();
  const isLogDown = where === 'while the log takes nothing';
  const parts = {
    config: { environment: 'production', durability: 'disk', inspect: 'off' },
    node: 'n1',
    root: () => ({
      tags: new Set(tags),
      context: { failure: null, waitingOn: null, ...context }
    }),
    timeline: new StartupTimeline(clock),
    supervision,
    transport: () => ({ kind: 'ws', fallbackReason: FAULT }),
    handlers: { status: () => SAMPLE.handlers },
    monitor,
    log: { health: () => ({ writable: !isLogDown, reason: isLogDown ? FAULT : null }) },
    analytics: {
      services: () => SAMPLE.services.map((row) => ({ ...row, error: FAULT })),
      waitingFor: () => SAMPLE.waitingFor,
      sinkRow: () => (SAMPLE.sink === null ? null : { ...SAMPLE.sink, error: FAULT })
    },
    webhooks: {
      row: () => (SAMPLE.webhooks === null ? null : { ...SAMPLE.webhooks, error: FAULT })
    },
    connections: SAMPLE.connections,
    memory: { status: () => SAMPLE.memory },
    limited: { refused: () => SAMPLE.limited }
  };
  return new StatusReporter(parts as unknown as ReportedParts).report(names);
}

describe('the report for strangers', () => {
  for (const [where, [, , status]] of Object.entries(ROOTS)) {
    it(`has no text of a fault ${where}, but says what is not well`, () => {
      const shown = reportOf(where, 'shown');
      const counted = reportOf(where, 'counted');
      expect(shown.status).to.equal(status);
      expect(shown.reason).to.include(MARK);
      expect(JSON.stringify(shown).split(MARK).length, 'places of the mark').to.be.above(12);
      expect(JSON.stringify(counted)).to.not.match(/internal|\/var|svc_chat/);
      expect(counted.status).to.equal(status);
      expect(counted.reason)
        .to.be.a('string')
        .and.match(/clickhouse|log/);
    });
  }

  it('has every figure, and null where there is no fault', () => {
    const counted = reportOf('while it starts', 'counted');
    expect(counted.log.reason).to.equal(null);
    expect(counted.reason).to.match(/waits for clickhouse$/);
    expect(counted.memory).to.deep.equal(SAMPLE.memory);
    expect(counted.monitor.findings).to.have.length(
      reportOf('while it starts', 'shown').monitor.findings.length
    );
  });
});
