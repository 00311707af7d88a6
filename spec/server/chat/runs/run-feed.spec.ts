import { expect } from 'chai';
import { tokenless } from '../../../../server/access/identity.js';
import { LAG_MAX_MS, SWEEP_MS, TOKEN_GRACE_MS } from '../../../../server/chat/connections.js';
import { messageOut } from '../../../../server/chat/frame-encoder.js';
import { RunFeed } from '../../../../server/chat/runs/run-feed.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';
import { doors } from '../../doors-rig.js';

const READER = { ...tokenless('ada'), kind: 'user' } as const;
const MEMBERS = { mode: 'members', mayCreate: true, ownsOpenThreads: false } as const;

/** A feed, and what happens around it. */
async function feedRig({
  buffered = (): number => 0,
  expiresAt = null
}: { readonly buffered?: () => number; readonly expiresAt?: number | null } = {}) {
  const rig = doors('token', 0, undefined, { settings: MEMBERS });
  await rig.members.set('t', 'ada', 'reader', null);
  // Without any member the thread would not exist, and be open to all.
  await rig.members.set('t', 'max', 'member', null);
  const { opener, fanOut, log, clock, connections } = rig;
  const feed = new RunFeed({ opener, fanOut, log, runs: { of: () => [] } });
  const request = { thread: 't', reader: { ...READER, expiresAt }, address: '::1' };
  let mids = 0;
  return {
    ...rig,
    feed,
    request,
    open: () => feed.open({ ...request, since: 'open', buffered }),
    /** Something of a run is stored, and the subscribers are told. */
    happens: (kind = 'agent_started', thread = 't') => {
      const mid = `m${String(++mids)}`;
      const entry = { mid, user: 'agent:a', kind, bodyJson: '{"run":"r1"}', at: 1 };
      log.append(thread, entry, (result) => {
        if (!result.ok) throw new Error(result.reason);
        const { offset, frame } = result;
        fanOut.publish(thread, messageOut({ id: thread, epoch: 'e' }, { offset, frame }));
      });
    },
    sweep: async (ms: number) => {
      for (let passed = 0; passed < ms; passed += SWEEP_MS) {
        await clock.advance(SWEEP_MS);
        connections.sweep();
      }
    }
  };
}

/** What a call of `next` has come to: the kind of the entry, `over`, or `waits`. */
function outcome(next: Promise<{ type: string; kind?: string } | null>) {
  const state = { is: 'waits' };
  void next.then((event) => {
    state.is = event === null ? 'over' : (event.kind ?? event.type);
  });
  return state;
}

describe('RunFeed', () => {
  it('gives what happens to who waits for it, and keeps it for who comes later', async () => {
    const { open, happens } = await feedRig();
    const stream = open();
    const next = outcome(stream.next());
    await settle();
    expect(next.is).to.equal('waits');
    happens();
    happens('agent_completed');
    await settle();
    await settle();
    expect(next.is).to.equal('agent_started');
    expect(await stream.next()).to.include({ kind: 'agent_completed', offset: 2 });
    expect(stream.offset).to.equal(2);
  });

  it('goes away with who follows, and leaves nothing open', async () => {
    const { open, connections } = await feedRig();
    const stream = open();
    const next = outcome(stream.next());
    expect(connections.open).to.equal(1);
    stream.close();
    await settle();
    expect(next.is).to.equal('over');
    expect(connections.open).to.equal(0);
    expect(stream.endedWith).to.equal(null);
    stream.close();
  });

  /** Ways to lose it, and the code that says so. */
  const losses: Record<string, [number, (rig: Awaited<ReturnType<typeof feedRig>>) => unknown]> = {
    'may no longer read': [3507, ({ members }) => members.set('t', 'ada', null, null)],
    'has a revoked token': [
      3500,
      ({ connections }) => {
        connections.cut('ada', () => true);
      }
    ],
    'has a token that ends': [3005, ({ sweep }) => sweep(3 * SWEEP_MS + TOKEN_GRACE_MS)]
  };
  for (const [who, [code, happens]] of Object.entries(losses)) {
    it(`ends for who ${who}`, async () => {
      const expiresAt = new VirtualClock().now() + 2 * SWEEP_MS;
      const rig = await feedRig({ expiresAt });
      const stream = rig.open();
      const next = outcome(stream.next());
      await happens(rig);
      await settle();
      expect(next.is).to.equal('over');
      expect(stream.endedWith).to.equal(code);
      expect(rig.connections.open).to.equal(0);
      rig.happens();
      expect(await stream.next()).to.equal(null);
    });
  }

  it('is over at once when the right was lost while the request waited', async () => {
    const { open, members } = await feedRig();
    await members.set('t', 'ada', null, null);
    const stream = open();
    expect(await stream.next()).to.equal(null);
    expect(stream.endedWith).to.equal(3507);
  });

  it('ends for who reads nothing for a minute, and goes on for who reads in time', async () => {
    let bytes = 0;
    const { open, happens, sweep, connections } = await feedRig({ buffered: () => bytes });
    const stream = open();
    const stall = async (ms: number): Promise<void> => {
      bytes = 2_000_000;
      happens();
      await settle();
      expect(connections.lagging).to.equal(1);
      await sweep(ms);
    };
    await stall(LAG_MAX_MS - SWEEP_MS);
    bytes = 0;
    stream.drained();
    expect(await stream.next()).to.include({ kind: 'agent_started' });
    expect(stream.endedWith).to.equal(null);
    await stall(LAG_MAX_MS + SWEEP_MS);
    expect(await stream.next()).to.equal(null);
    expect(stream.endedWith).to.equal(3008);
  });
});
