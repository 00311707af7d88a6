import { expect } from 'chai';
import { ThreadAgents } from '../../../../actors/agents/thread-agents.js';
import type { Connection } from '../../../../server/chat/connection.js';
import { RunRequests } from '../../../../server/chat/runs/run-requests.js';
import { createRunRoutes } from '../../../../server/chat/runs/run-routes.js';
import { RunRig } from '../../../actors/agents/run-rig.js';

/** A connection of a user with these rights in every thread. `got` keeps what it is sent. */
function connectionOf(user: string, rights: readonly string[]) {
  const got: Record<string, unknown>[] = [];
  const connection = {
    user,
    unanswered: 0,
    rights: {
      refusal: (right: string) => (rights.includes(right) ? null : 'forbidden'),
      ask: () => null
    },
    send: ({ text }: { text: string }) => got.push(JSON.parse(text) as Record<string, unknown>),
    sendError: (_id: unknown, code: string) => got.push({ type: 'error', code })
  };
  return { connection: connection as unknown as Connection, got };
}

describe('createRunRoutes', () => {
  let rig: RunRig;
  let routes: ReturnType<typeof createRunRoutes>;
  let run: string;

  beforeEach(async () => {
    rig = new RunRig({
      slow: async function* () {
        yield 'a';
        await new Promise(() => undefined);
      }
    });
    await rig.say('hi', { mid: 'm1', agent: 'slow' });
    run = rig.runs.of('t')[0]!.run;
    const agents = new ThreadAgents({
      log: { record: () => null, setRecord: () => Promise.resolve() },
      hasTrial: false,
      tell: () => undefined
    });
    const requests = new RunRequests(rig.runs, agents);
    routes = createRunRoutes({
      agents: () => requests,
      badFrame: () => undefined,
      hold: () => undefined
    });
  });

  /** Users with their rights, the answers to a cancel by run and by mid, and whether the run ends. */
  for (const [who, user, rights, byRun, byMid, ends] of [
    ['who may write its own', 'ada', ['read', 'write'], 'cancelling', 'cancelling', true],
    ['who may no longer write its own', 'ada', ['read'], 'forbidden', 'forbidden', false],
    ['who may no longer read its own', 'ada', [], 'not_found', 'not_found', false],
    // A mid names only a message of the same user: the cancel is noted for eve's own m1, and tells nothing about ada's.
    ['who guesses that of another', 'eve', ['read', 'write'], 'forbidden', 'cancelling', false]
  ] as const) {
    for (const way of ['run', 'mid'] as const) {
      it(`lets one ${who} cancel by the ${way} as its rights are`, async () => {
        const { connection, got } = connectionOf(user, rights);
        const named = way === 'run' ? { run } : { thread: 't', mid: 'm1' };
        routes.cancel(connection, { type: 'cancel', ...named });
        const [answer] = got;
        expect(answer?.['code'] ?? answer?.['type']).to.equal(way === 'run' ? byRun : byMid);
        if (user === 'eve') expect(answer).to.not.have.property('run');
        await rig.turns();
        expect(rig.runs.of('t').length).to.equal(ends ? 0 : 1);
      });
    }
  }
});
