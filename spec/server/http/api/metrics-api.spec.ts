import { expect } from 'chai';
import { createMetricsApi } from '../../../../server/http/api/metrics-api.js';
import { RouteTable } from '../../../../server/http/route-table.js';
import type { HttpReply } from '../../../../server/transport/transport.js';

describe('createMetricsApi', () => {
  const ask = async (
    metrics: 'on' | 'off' | 'token',
    isOperator = false
  ): Promise<HttpReply | null> => {
    const refusal = { code: 'unauthorized', detail: 'no key' } as const;
    const operators = { refusal: () => (isOperator ? null : refusal) };
    const routes = createMetricsApi({
      config: { metrics },
      operators,
      metrics: { text: () => Promise.resolve('rollcall_connections 4\n') }
    });
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

  it('answers with the text of the metrics', async () => {
    const reply = await ask('on');
    expect(reply?.headers?.['content-type']).to.equal('text/plain; version=0.0.4; charset=utf-8');
    expect(reply?.body).to.equal('rollcall_connections 4\n');
  });
});
