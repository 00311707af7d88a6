import { expect } from 'chai';
import type { LivingNode } from '../../../../actors/nodes/nodes.js';
import { createClusterApi } from '../../../../server/http/api/upkeep/cluster-api.js';
import { RouteTable } from '../../../../server/http/route-table.js';
import { ABOUT } from '../../../actors/nodes/cluster-rig.js';
import { askRoute } from './ask-route.js';

describe('createClusterApi', () => {
  const ask = async (
    nodes: { living: () => LivingNode[]; isSure: boolean } | null
  ): Promise<Record<string, unknown>> => {
    const routes = createClusterApi({
      access: { backend: () => ({ ok: true, key: null }) as never },
      node: 'n2',
      about: () => ABOUT,
      nodes,
      incidents: { note: (what) => expect.fail(what) },
      limited: () => undefined
    });
    const reply = await askRoute(new RouteTable(routes), '/api/cluster', { key: 'k' });
    return reply?.body ?? expect.fail('there is no such route');
  };

  it('tells of itself on a single node', async () => {
    const body = await ask(null);
    expect(body).to.deep.include({ node: 'n2', several: false, complete: true });
    expect(body['nodes']).to.eql([
      { ...ABOUT, node: 'n2', silentMs: 0, startedAt: '1970-01-01T00:00:00.000Z' }
    ]);
  });

  it('tells of all nodes by id, also of one that has not greeted yet, and whether these are all', async () => {
    const living = [
      { node: 'n3', about: null, silentMs: 200 },
      { node: 'n1', about: { ...ABOUT, url: 'http://127.0.0.1:2' }, silentMs: 4_000 }
    ];
    const body = await ask({ living: () => living, isSure: false });
    expect(body).to.deep.include({ several: true, complete: false });
    const nodes = body['nodes'] as Record<string, unknown>[];
    expect(nodes.map(({ node }) => node)).to.eql(['n1', 'n2', 'n3']);
    expect(nodes[0]).to.include({ url: 'http://127.0.0.1:2', silentMs: 4_000 });
    expect(nodes[2]).to.eql({ node: 'n3', silentMs: 200 });
  });
});
