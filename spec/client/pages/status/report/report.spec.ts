import { expect } from 'chai';
import { LIST_MAX, TEXT_MAX } from '../../../../../client/pages/shared/fields.js';
import { readReport } from '../../../../../client/pages/status/report/report.js';
import { SAMPLE, sampleReport } from '../sample-report.js';

const at = (seconds: number) => Date.UTC(2026, 0, 1, 0, 0, seconds);

describe('readReport', () => {
  it('reads everything that it knows from an answer of the server', () => {
    const read = readReport(JSON.parse(JSON.stringify(SAMPLE)));
    const { handlers, services, sink, supervision, monitor, startup } = SAMPLE;
    expect(read).to.eql({
      status: SAMPLE.status,
      reason: SAMPLE.reason,
      environment: SAMPLE.environment,
      version: SAMPLE.version,
      node: SAMPLE.node,
      transport: SAMPLE.transport,
      since: at(0),
      uptimeMs: SAMPLE.uptimeMs,
      startup: { complete: true, tookMs: 212, phases: startup.phases },
      handlers: {
        status: 'ready',
        count: 1,
        names: handlers.handlers,
        registrationMs: 1.9,
        message: handlers.message
      },
      services: services.map((service) => ({ ...service, since: at(10) })),
      sink: { ...sink, since: at(10) },
      log: SAMPLE.log,
      supervision: supervision.map((part) => ({ ...part, since: at(10) })),
      monitor: {
        ...monitor,
        findings: monitor.findings.map((finding) => ({
          ...finding,
          since: at(10),
          lastAt: at(20)
        })),
        outcomes: new Map(Object.entries(monitor.outcomes))
      },
      threads: SAMPLE.threads,
      connections: SAMPLE.connections,
      agents: SAMPLE.agents.map((agent) => ({ ...agent, lastEndedAt: at(30) })),
      limited: new Map(Object.entries(SAMPLE.limited)),
      waitingFor: SAMPLE.waitingFor,
      inspect: 'on'
    });
  });

  it('says that it is no report when something else answers', () => {
    const others = [null, 'text', 7, [], {}, { status: 404, title: 'not found' }, { status: 'ok' }];
    expect(others.map(readReport)).to.eql(others.map(() => null));
  });

  it('shows what it knows when fields are missing or of another kind', () => {
    const read = readReport({
      status: 'ready',
      startup: {},
      services: [null, 'x', { service: 'clickhouse', restarts: 'many', since: 'yesterday' }],
      handlers: { handlers: [1, 'publish'] },
      connections: { open: Number.NaN },
      sink: null
    });
    expect(read?.services).to.eql([
      {
        service: 'clickhouse',
        required: false,
        status: '',
        error: null,
        mode: '',
        since: null,
        restarts: 0,
        nextAttemptMs: null
      }
    ]);
    expect(read?.handlers.names).to.eql(['publish']);
    expect(read?.connections).to.eql({ open: 0, lagging: 0 });
    expect(read?.sink).to.equal(null);
    expect(read?.monitor.outcomes.size).to.equal(0);
  });

  it('takes a bounded part of a text', () => {
    const long = 'x'.repeat(50_000);
    const cut = `${'x'.repeat(TEXT_MAX - 1)}…`;
    const read = readReport({
      ...SAMPLE,
      reason: long,
      version: `${'x'.repeat(TEXT_MAX - 2)}🦊🦊`,
      monitor: { ...SAMPLE.monitor, issues: [long], outcomes: { [long]: 3 } }
    });
    expect(read?.reason).to.equal(cut);
    expect(read?.version).to.equal(`${'x'.repeat(TEXT_MAX - 2)}…`);
    expect(read?.monitor.issues).to.eql([cut]);
    expect([...(read?.monitor.outcomes ?? [])]).to.eql([[cut, 3]]);
  });

  it('takes a bounded part of a list', () => {
    const issues = Array.from({ length: LIST_MAX + 1 }, () => 'x');
    const monitor = { ...SAMPLE.monitor, issues };
    expect(readReport({ ...SAMPLE, monitor })?.monitor.issues).to.have.length(LIST_MAX);
    expect(sampleReport().monitor.issues).to.have.length(1);
  });
});
