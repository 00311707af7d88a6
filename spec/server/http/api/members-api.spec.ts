import { expect } from 'chai';
import { tokenless } from '../../../../server/access/identity.js';
import { Guard } from '../../../../server/access/guard.js';
import { Members } from '../../../../server/access/members.js';
import { ApiAccess } from '../../../../server/auth/api-access.js';
import { ThreadAgents } from '../../../../actors/agents/thread-agents.js';
import { createMembersApi } from '../../../../server/http/api/members-api.js';
import { RouteTable } from '../../../../server/http/route-table.js';
import { MemoryLog } from '../../../actors/log/memory-log.js';
import { onlyKey } from '../../auth/some-keys.js';

/** A thread of olga's. `ask` sends her request; its body arrives once `meanwhile` is done. */
async function rig() {
  const log = new MemoryLog();
  const guard = new Guard({
    log,
    isTest: () => false,
    refusesTestThreads: false,
    settings: { mode: 'members', mayCreate: true, ownsOpenThreads: false }
  });
  const members = new Members({ log, guard, tell: () => undefined });
  await members.setOwner('t', 'olga');
  const state = { isRevoked: false };
  const changes: unknown[] = [];
  const auth = { isRequired: true, verify: () => Promise.resolve(tokenless('olga')) };
  const table = new RouteTable(
    createMembersApi({
      access: new ApiAccess(onlyKey('an-api-key-of-the-specs'), auth, false),
      guard,
      members,
      agents: new ThreadAgents({
        log,
        hasTrial: false,
        tell: ({ thread, agent, by }) => changes.push([thread, agent, by])
      }),
      isAgent: (name) => name === 'echo',
      isRevoked: () => state.isRevoked,
      incidents: { note: () => undefined },
      limited: () => undefined
    })
  );
  const ask = async (path: string, body: object, meanwhile: () => Promise<void>) => {
    const reply = await table.answer({
      method: 'PUT',
      path,
      query: '',
      address: '::1',
      header: (name) => (name === 'authorization' ? 'Bearer a.b.c' : undefined),
      body: () => meanwhile().then(() => JSON.stringify(body))
    });
    if (reply === null || !('body' in reply)) throw new Error('no answer');
    return reply;
  };
  return { members, state, changes, ask };
}

/** The two requests with a body: a client that sends it late delays the answer. */
const SLOW = [
  ['/api/threads/t/owner', { owner: 'eve' }],
  ['/api/threads/t/members/eve', { role: 'member' }]
] as const;

describe('createMembersApi', () => {
  it('names the agent of a thread, and refuses one that is not there', async () => {
    const { changes, ask } = await rig();
    const put = async (agent: unknown) => {
      const { status, body } = await ask('/api/threads/t/agent', { agent }, () =>
        Promise.resolve()
      );
      const answer = JSON.parse(String(body)) as { code?: string; agent?: string | null };
      return [status, answer.code ?? answer.agent];
    };
    expect(await put('echo')).to.deep.equal([200, 'echo']);
    expect(await put('nobody')).to.deep.equal([404, 'not_found']);
    expect(await put(null)).to.deep.equal([200, null]);
    expect(await put(null)).to.deep.equal([200, null]);
    expect(await put(7)).to.deep.equal([400, 'bad_frame']);
    expect(changes).to.deep.equal([
      ['t', 'echo', 'olga'],
      ['t', null, 'olga']
    ]);
  });

  for (const [path, body] of SLOW) {
    it(`changes what ${path} asks for`, async () => {
      const { members, ask } = await rig();
      expect((await ask(path, body, () => Promise.resolve())).status).to.equal(200);
      const { owner, members: named } = members.of('t');
      expect([owner, ...named.map(({ user }) => user)]).to.include('eve');
    });

    it(`refuses ${path} when the right has been lost while the body came`, async () => {
      const { members, ask } = await rig();
      const reply = await ask(path, body, () => members.setOwner('t', 'max'));
      expect(reply).to.include({ status: 403 });
      expect(members.of('t')).to.deep.equal({ owner: 'max', members: [] });
    });

    it(`refuses ${path} when the token has been revoked while the body came`, async () => {
      const { members, state, ask } = await rig();
      const reply = await ask(path, body, () => {
        state.isRevoked = true;
        return Promise.resolve();
      });
      expect(reply.body).to.include('"code":"revoked"');
      expect(members.of('t')).to.deep.equal({ owner: 'olga', members: [] });
    });
  }
});
