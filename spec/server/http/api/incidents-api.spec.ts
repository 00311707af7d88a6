import { expect } from 'chai';
import { createIncidentsApi } from '../../../../server/http/api/incidents-api.js';
import { RouteTable } from '../../../../server/http/route-table.js';
import { KEPT_LINES_MS, LineKeeper } from '../../../../server/logger/kept-lines.js';
import type { HttpReply } from '../../../../server/transport/transport.js';
import { RecordedLogger } from '../../../actors/recorded-logger.js';
import { VirtualClock } from '../../../virtual-clock.js';

describe('createIncidentsApi', () => {
  const made = (isOperator = true) => {
    const clock = new VirtualClock();
    const startedAt = clock.now();
    const keeper = new LineKeeper(clock);
    const refusal = { code: 'unauthorized', detail: 'no key' } as const;
    const operators = { refusal: () => (isOperator ? null : refusal) };
    const routes = createIncidentsApi({ operators, lines: keeper, node: 'n1', startedAt, clock });
    const ask = async (query = ''): Promise<{ status: number; body: Record<string, unknown> }> => {
      const reply = (await new RouteTable(routes).answer({
        method: 'GET',
        path: '/api/incidents',
        query,
        address: '192.0.2.1',
        header: () => undefined,
        body: () => Promise.resolve('')
      })) as HttpReply;
      return {
        status: reply.status,
        body: JSON.parse(String(reply.body)) as Record<string, unknown>
      };
    };
    return { clock, startedAt, logger: keeper.of(new RecordedLogger()), ask };
  };
  const said = (body: Record<string, unknown>): string[] =>
    (body['lines'] as { message: string }[]).map(({ message }) => message);

  it('answers operators only', async () => {
    expect((await made(false).ask()).status).to.equal(401);
    expect((await made().ask()).status).to.equal(200);
  });

  it('has every line since the start, and counts them', async () => {
    const { clock, startedAt, logger, ask } = made();
    logger.warn('w');
    await clock.advance(1_000);
    logger.error('e');
    const { body } = await ask();
    expect(said(body)).to.eql(['w', 'e']);
    expect(body).to.deep.include({
      node: 'n1',
      startedAt: new Date(startedAt).toISOString(),
      since: new Date(startedAt).toISOString(),
      until: new Date(startedAt + 1_000).toISOString(),
      complete: true,
      counts: { warn: 1, error: 1, critical: 0 }
    });
  });

  it('has those since a time, in both forms', async () => {
    const { clock, logger, ask } = made();
    logger.warn('before');
    await clock.advance(1_000);
    logger.warn('after');
    for (const since of [String(clock.now()), new Date(clock.now()).toISOString()]) {
      expect(said((await ask(`since=${encodeURIComponent(since)}`)).body), since).to.eql(['after']);
    }
    expect(said((await ask('since=2999-01-01')).body)).to.eql([]);
  });

  it('goes back to the start or for a day, whatever is asked', async () => {
    const { clock, ask } = made();
    await clock.advance(2 * KEPT_LINES_MS);
    const earliest = new Date(clock.now() - KEPT_LINES_MS).toISOString();
    for (const query of ['', 'since=0'])
      expect((await ask(query)).body['since']).to.equal(earliest);
  });

  for (const since of [
    '',
    'yesterday',
    '-1',
    '1e9',
    '2026-13-01',
    '9'.repeat(16),
    '2026-01-01 10:00'
  ]) {
    it(`refuses since=${since}`, async () => {
      const { status, body } = await made().ask(`since=${encodeURIComponent(since)}`);
      expect([status, body['code']]).to.eql([400, 'bad_frame']);
    });
  }
});
