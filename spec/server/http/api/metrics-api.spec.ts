import { expect } from 'chai';
import { createMetricsApi } from '../../../../server/http/api/metrics-api.js';
import { RouteTable } from '../../../../server/http/route-table.js';
import { Limited } from '../../../../server/limits/limited.js';
import { LIMITS } from '../../../../server/limits/limit-table.js';
import type { HttpReply } from '../../../../server/transport/transport.js';
import { VirtualClock } from '../../../virtual-clock.js';

const REPORT = {
  version: '1.2.3',
  node: 'n1',
  environment: 'production',
  uptimeMs: 1_500,
  connections: { open: 4, lagging: 1 },
  threads: { waiting: 2, undelivered: 3 },
  memory: { usedBytes: 5 },
  agents: [
    {
      name: 'echo',
      queued: 1,
      running: 2,
      waiting: 3,
      completed: 4,
      failed: 5,
      cancelled: 6,
      interrupted: 7,
      firstTexts: 8,
      firstTextMs: 9_000,
      failedInARow: 1,
      lastEnd: null,
      lastEndedAt: null
    }
  ]
};

describe('createMetricsApi', () => {
  const ask = async (
    metrics: 'on' | 'off' | 'token',
    isOperator = false
  ): Promise<HttpReply | null> => {
    const limited = new Limited({ clock: new VirtualClock(), logger: { info: () => undefined } });
    limited.note('memory', 7);
    const refusal = { code: 'unauthorized', detail: 'no key' } as const;
    const operators = { refusal: () => (isOperator ? null : refusal) };
    const routes = createMetricsApi({ metrics, operators, report: () => REPORT, limited });
    const reply = await new RouteTable(routes).answer({
      method: 'GET',
      path: '/metrics',
      query: '',
      address: '192.0.2.1',
      header: () => undefined,
      body: () => Promise.resolve('')
    });
    return reply === null ? null : (reply as HttpReply);
  };

  it('answers everybody when it is on, and only operators when it asks for the key', async () => {
    const statuses = [ask('on'), ask('token'), ask('token', true), ask('off', true)];
    const replies = await Promise.all(statuses);
    expect(replies.map((reply) => reply?.status)).to.eql([200, 401, 200, undefined]);
  });

  it('has the refusals of every limit, those of none as well, and the figures of the report', async () => {
    const reply = await ask('on');
    expect(reply?.headers?.['content-type']).to.equal('text/plain; version=0.0.4; charset=utf-8');
    const lines = String(reply?.body).split('\n');
    const limits = lines.filter((line) => line.startsWith('rollcall_limited_total{'));
    expect(limits).to.eql(
      LIMITS.map(
        ({ name }) => `rollcall_limited_total{limit="${name}"} ${name === 'memory' ? '7' : '0'}`
      )
    );
    expect(lines).to.include.members([
      'rollcall_build_info{version="1.2.3",node="n1",environment="production"} 1',
      'rollcall_uptime_seconds 1.5',
      'rollcall_agent_runs{agent="echo",state="waiting"} 3',
      'rollcall_agent_runs_ended_total{agent="echo",outcome="failed"} 5',
      'rollcall_agent_first_texts_total{agent="echo"} 8',
      'rollcall_agent_first_text_seconds_total{agent="echo"} 9',
      'rollcall_connections 4',
      'rollcall_connections_lagging 1',
      'rollcall_held_threads 2',
      'rollcall_undelivered_threads 3',
      'rollcall_memory_used_bytes 5',
      '# TYPE rollcall_limited_total counter'
    ]);
  });
});
