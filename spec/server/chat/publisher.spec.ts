import { expect } from 'chai';
import type { RunPlan } from '../../../actors/agents/requests/run-plan.js';
import { LogUnavailableError } from '../../../actors/log/log-errors.js';
import { Memory } from '../../../actors/memory/memory.js';
import { Incidents } from '../../../actors/monitor/incidents.js';
import { tokenless } from '../../../server/access/identity.js';
import { Guard } from '../../../server/access/guard.js';
import type { RunRequests } from '../../../server/chat/runs/run-requests.js';
import { Publisher, type Published, type PublishRequest } from '../../../server/chat/publisher.js';
import { PublishLimits } from '../../../server/chat/work/publish-limits.js';
import { VirtualClock } from '../../virtual-clock.js';
import { threadRig } from './thread-rig.js';

const NO_BOUNDS = { perUser: 0, perAddress: 0, threadsPerHour: 0, bytesPerHour: 0 };
const ALLOWED = { isAllowed: true, mayOwn: true, isLasting: true } as const;
const BODY = { json: '1', depth: 0 };

/** A publisher with `ACCESS=members`, in which every message begins a run. */
function rig(bytesPerHour = 0) {
  const clock = new VirtualClock();
  const { threads, log, logger } = threadRig(clock, 10_000);
  const guard = new Guard({
    log,
    isTest: () => false,
    refusesTestThreads: false,
    settings: { mode: 'members', mayCreate: true, ownsOpenThreads: false }
  });
  const owners: string[] = [];
  guard.onOwner = (_, owner) => owners.push(owner);
  const settled: (string | null)[] = [];
  const plan: RunPlan = { ok: true, records: [], settle: (frame) => settled.push(frame) };
  const publisher = new Publisher({
    clock,
    log,
    threads,
    guard,
    incidents: new Incidents({ clock, logger }),
    memory: new Memory({
      clock,
      source: {
        heap: () => ({ used: 0, limit: 100 }),
        resident: () => 0,
        container: () => null
      },
      limitMb: undefined
    }),
    publishPerSecond: 0,
    publishLimits: new PublishLimits({ ...NO_BOUNDS, bytesPerHour }, clock),
    agents: () => ({ plan: () => plan, keeps: () => false }) as unknown as RunRequests,
    limited: () => undefined
  });
  const publish = (user: string, request: Partial<PublishRequest> = {}): Published | string => {
    let answer: Published | string = 'not answered';
    const rights = { judge: () => ALLOWED };
    const author = { user, rights, rate: null, address: '127.0.0.1' };
    const done = (published: Published): void => {
      answer = published;
    };
    try {
      publisher.publish(
        author,
        {
          thread: 'a',
          mid: 'm',
          body: BODY,
          expect: 'stored',
          ...request
        } as const,
        done
      );
    } catch (error) {
      return String(error);
    }
    return answer;
  };
  /** Makes the next attempt to store throw. */
  const fail = (error: Error): void => {
    const works = threads.publish.bind(threads);
    threads.publish = () => {
      threads.publish = works;
      throw error;
    };
  };
  const mayCreate = (user: string): boolean =>
    guard.refusal(tokenless(user), 'write', 'a') === null;
  return { log, guard, owners, settled, publish, fail, mayCreate };
}

describe('Publisher', () => {
  const UNAVAILABLE = new LogUnavailableError('the log is closed');
  for (const [what, error] of [
    ['cannot be read', UNAVAILABLE],
    ['breaks', new Error('broken')]
  ] as const) {
    it(`leaves nothing begun when the log ${what} while a first message is stored`, () => {
      const { settled, publish, fail, mayCreate } = rig();
      fail(error);
      const answer = publish('ada');
      if (error === UNAVAILABLE) expect(answer).to.include({ ok: false, code: 'unavailable' });
      else expect(answer).to.equal('Error: broken');
      // The thread's name is free again, and the run does not count.
      expect(mayCreate('ben')).to.equal(true);
      expect(settled).to.deep.equal([null]);
      expect(publish('ben')).to.include({ ok: true, offset: 1 });
      expect(mayCreate('ada')).to.equal(false);
    });
  }

  it('ends what a change of the owner has begun when it cannot be stored', () => {
    const { guard, owners, publish, fail } = rig();
    publish('ada');
    fail(UNAVAILABLE);
    publish('shop', { mid: 'm2', owner: 'ben' });
    const { version } = guard;
    // The failed change has ended: a later one finds no other under way, so nobody is judged again.
    guard.changes('a', 'ada', 'owner')();
    expect([owners, guard.version]).to.deep.equal([[], version]);
  });

  it('settles the plan of a run when the thread’s record cannot be read', () => {
    const { guard, settled, publish } = rig();
    guard.opens = () => {
      throw UNAVAILABLE;
    };
    expect(publish('ada')).to.include({ code: 'unavailable' });
    expect(settled).to.deep.equal([null]);
  });

  it('takes a message again whose named message is gone by now, as it took it before', () => {
    const { log, publish } = rig();
    publish('ada');
    const edit = { mid: 'm2', edits: 'm' };
    expect(publish('ada', edit)).to.include({ ok: true, duplicate: false });
    const kept = log.withMid.bind(log);
    log.withMid = (mid, limit, thread) => (mid === 'm' ? [] : kept(mid, limit, thread));
    expect(publish('ada', edit)).to.include({ ok: true, duplicate: true });
    expect(publish('ada', { ...edit, mid: 'm3' })).to.include({ code: 'not_found' });
  });

  it('gives back the bytes of a message that could not be stored', () => {
    const { publish, fail } = rig(3);
    for (let n = 0; n < 5; n++) {
      fail(UNAVAILABLE);
      expect(publish('ada')).to.include({ code: 'unavailable' });
    }
    expect(publish('ada')).to.include({ ok: true });
  });

  it('answers, then settles the plan with what was stored', () => {
    const { settled, publish } = rig();
    expect(publish('ada')).to.include({ ok: true, duplicate: false });
    expect(publish('ada')).to.include({ ok: true, duplicate: true });
    expect(settled).to.have.length(2);
    expect(settled[0]).to.contain('"mid":"m"');
    expect(settled[1]).to.equal(null);
  });
});
