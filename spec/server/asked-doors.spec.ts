import { expect } from 'chai';
import type { AuthorityQuestion } from '../../server/access/authority.js';
import { tokenless, type UserIdentity } from '../../server/access/identity.js';
import { BACKLOG_CHARS_MAX } from '../../server/chat/chat.js';
import { BURST } from '../../server/chat/work/inbox.js';
import { RECHECKS_AT_ONCE, RECHECKS_PER_SWEEP } from '../../server/chat/work/rechecks.js';
import { settle } from '../virtual-clock.js';
import { doors, KEEP_MS } from './doors-rig.js';

const ADA: UserIdentity = {
  ...tokenless('ada'),
  claims: { values: { sub: 'ada' }, digest: 'claims of ada' }
};

/** The doors of a server whose application answers what `says` returns: a value or a promise of one. */
function asked(says: (question: AuthorityQuestion) => unknown, identity: UserIdentity = ADA) {
  const questions: AuthorityQuestion[] = [];
  const faults: (string | null)[] = [];
  const rig = doors('token', 0, undefined, {
    auth: { isRequired: true, verify: () => Promise.resolve(identity) },
    ask: async (question) => {
      questions.push(question);
      return await says(question);
    },
    onAsked: (fault) => faults.push(fault)
  });
  return { ...rig, questions, faults };
}

const yes = () => ({ allowed: true });
const only =
  (...actions: string[]) =>
  ({ action }: AuthorityQuestion) => ({ allowed: actions.includes(action) });
const broken = () => {
  throw new Error('answered 500');
};
/** A promised answer; `give` resolves it. */
function later() {
  let give: (answer: unknown) => void = () => undefined;
  const promise = new Promise((resolve) => (give = resolve));
  return { promise, give };
}
const codes = (frames: readonly Record<string, unknown>[]): unknown[] =>
  frames
    .slice(1)
    .map(({ type, code, mid }) => code ?? mid ?? type)
    .filter((what) => what !== 'caught_up');

describe('doors of a server that asks the application', () => {
  for (const where of ['WebSocket', 'HTTP'] as const) {
    const open = async (rig: ReturnType<typeof asked>) =>
      where === 'HTTP' ? rig.http : await rig.webSocket();

    it(`let in over ${where} who is allowed`, async () => {
      const rig = asked(yes);
      const door = await open(rig);
      expect((await door.history({ thread: 't' })).code).to.equal('ok');
      expect((await door.subscribe('t')).code).to.equal('ok');
      expect(rig.questions).to.eql([
        { user: 'ada', action: 'read', thread: 't', claims: { sub: 'ada' } }
      ]);
    });

    it(`refuse over ${where} who is not, and tell whom the application did not answer to come back`, async () => {
      const door = await open(asked(only('write')));
      expect((await door.history({ thread: 't' })).code).to.equal('forbidden');
      expect((await door.subscribe('t')).code).to.equal('forbidden');
      const rig = asked(broken);
      const answer = await (await open(rig)).history({ thread: 't' });
      expect(answer).to.include({ code: 'unavailable', retry: true });
      expect(answer['message'] ?? answer['detail']).to.match(/could not be asked/);
      expect(rig.faults).to.eql(['answered 500']);
    });
  }

  it('say what may be done as soon as all of it is known, and never take a right for lost that is not', async () => {
    const rig = asked(only('read', 'write'));
    const { say, socket } = await rig.socket();
    say('{"type":"subscribe","id":1,"thread":"t"}');
    await settle();
    const told = () => socket.frames.filter(({ id }) => id !== undefined).at(-1);
    expect(told()).to.include({ type: 'subscribed' }).and.not.have.property('may');
    say('{"type":"publish","id":2,"thread":"t","mid":"m","body":1}');
    await settle();
    say('{"type":"member","id":3,"thread":"t","user":"bob","role":null}');
    await settle();
    say('{"type":"members","id":4,"thread":"t"}');
    await settle();
    expect(told()).to.deep.include({ id: 4, may: ['read', 'write'] });
    await rig.clock.advance(KEEP_MS);
    rig.rechecks.sweep();
    await settle();
    const types = socket.frames.map(({ type }) => type);
    expect(types).not.to.include.members(['unsubscribed']);
    expect(types).not.to.include.members(['rights']);
  });

  it('let a user publish over HTTP only when it may', async () => {
    const good = { thread: 't', mid: 'm', body: 1, from: undefined };
    expect((await asked(only('read')).http.publish(good)).code).to.equal('forbidden');
    expect((await asked(only('write')).http.publish(good)).code).to.equal('ok');
    expect((await asked(broken).http.publish(good)).code).to.equal('unavailable');
  });

  for (const where of ['WebSocket', 'HTTP'] as const) {
    it(`ask over ${where} who may manage the thread before a message edits that of another`, async () => {
      const editsOf = async (says: Parameters<typeof asked>[0], edits: string) => {
        const rig = asked(says);
        for (const user of ['bob', 'ada']) {
          const entry = { mid: user, user, kind: 'user_message', bodyJson: '1', at: 1 };
          rig.log.append('t', entry, () => undefined);
        }
        const door = where === 'HTTP' ? rig.http : await rig.webSocket();
        const more = where === 'HTTP' ? { from: undefined } : {};
        return (await door.publish({ thread: 't', mid: 'm', body: 1, edits, ...more })).code;
      };
      expect(await editsOf(yes, 'bob')).to.equal('ok');
      expect(await editsOf(only('write'), 'bob')).to.equal('forbidden');
      expect(await editsOf(only('write'), 'ada')).to.equal('ok');
      const silent = (question: AuthorityQuestion) =>
        question.action === 'manage' ? broken() : yes();
      expect(await editsOf(silent, 'bob')).to.equal('unavailable');
      expect(await editsOf(silent, 'ada')).to.equal('ok');
    });
  }

  it('judge a bad and a reserved thread without asking', async () => {
    const rig = asked(yes);
    const door = await rig.webSocket();
    expect((await door.history({ thread: 'a b' })).code).to.equal('bad_thread');
    expect((await door.history({ thread: 'startup_test_x' })).code).to.equal('reserved_thread');
    expect(rig.questions).to.eql([]);
  });

  it('do not ask about a token that names threads, nor about a probe in its threads', async () => {
    const grants = [{ text: 't', isPrefix: false, actions: new Set(['read' as const]) }];
    const named = asked(broken, { ...ADA, grants });
    const door = await named.webSocket();
    expect((await door.history({ thread: 't' })).code).to.equal('ok');
    expect((await door.history({ thread: 'u' })).code).to.equal('forbidden');
    const probe = asked(broken, { ...ADA, isProbe: true });
    const good = { thread: 'startup_test_x', mid: 'm', body: 1 };
    expect((await (await probe.webSocket()).publish(good)).code).to.equal('ok');
    expect([...named.questions, ...probe.questions]).to.eql([]);
  });

  it('make nobody an owner, whatever ACCESS says', async () => {
    const rig = asked(yes);
    await (await rig.webSocket()).publish({ thread: 't', mid: 'm', body: 1 });
    expect(rig.log.head('t')).to.include({ last: 1, owner: null });
  });

  it('keep the frames of a connection in order while one waits for its answer', async () => {
    const answer = later();
    const rig = asked(({ action }) => (action === 'write' ? answer.promise : yes()));
    const { say, socket } = await rig.socket();
    const publish = (mid: string) => JSON.stringify({ type: 'publish', thread: 't', mid, body: 1 });
    say(`${publish('a')}\n${publish('b')}`);
    say('{"type":"ping"}');
    await settle();
    say(publish('c'));
    await settle();
    expect(codes(socket.frames)).to.eql([]);
    expect(rig.questions).to.have.lengthOf(1);
    const other = await rig.socket();
    other.say('{"type":"ping"}');
    expect(codes(other.socket.frames)).to.eql(['pong']);
    answer.give(yes());
    await settle();
    await settle();
    expect(codes(socket.frames)).to.eql(['a', 'b', 'pong', 'c']);
  });

  it('do not handle a frame for somebody who has gone meanwhile, but store what was published', async () => {
    const answer = later();
    const rig = asked(() => answer.promise);
    const gone = await rig.socket();
    gone.say('{"type":"subscribe","thread":"t"}');
    gone.close();
    const writer = await rig.socket();
    writer.say('{"type":"publish","thread":"t","mid":"m","body":1}');
    writer.close();
    answer.give(yes());
    await settle();
    await settle();
    expect(rig.threads.peek('t')?.subscribers ?? 0).to.equal(0);
    expect(rig.log.head('t')?.last).to.equal(1);
  });

  it('close a connection that sends too much while one frame waits', async () => {
    const { say, socket } = await asked(() => later().promise).socket();
    say('{"type":"subscribe","thread":"t"}');
    const long = ' '.repeat(BACKLOG_CHARS_MAX);
    for (let i = 0; i <= BURST; i++) say(`{"type":"ping"}${long}`);
    expect(socket.ended).to.equal(3013);
  });

  it('let anybody unsubscribe, without asking', async () => {
    let says: (question: AuthorityQuestion) => unknown = yes;
    const rig = asked((question) => says(question));
    const { say, socket } = await rig.socket();
    say('{"type":"subscribe","thread":"t"}');
    await settle();
    says = broken;
    await rig.clock.advance(KEEP_MS);
    say('{"type":"unsubscribe","thread":"t"}');
    expect(codes(socket.frames)).to.eql(['subscribed', 'unsubscribed']);
    expect(rig.questions).to.have.lengthOf(1);
  });

  it('list the threads that may be read, and none of them while one cannot be asked about', async () => {
    let says: (question: AuthorityQuestion) => unknown = ({ action, thread }) => ({
      allowed: action === 'write' || thread !== 'b'
    });
    const rig = asked((question) => says(question));
    const { say, socket } = await rig.socket();
    for (const thread of ['a', 'b', 'c']) {
      say(JSON.stringify({ type: 'publish', thread, mid: 'm', body: 1 }));
      await settle();
    }
    say('{"type":"threads","id":1}');
    say('{"type":"ping"}');
    await settle();
    await settle();
    const [list, pong] = socket.frames.slice(-2);
    expect(pong).to.include({ type: 'pong' });
    const names = (list!['threads'] as { thread: string }[]).map(({ thread }) => thread);
    expect(names).to.have.members(['a', 'c']);
    await rig.clock.advance(KEEP_MS);
    says = ({ thread }) => (thread === 'c' ? broken() : yes());
    say('{"type":"threads","id":2}');
    await settle();
    await settle();
    expect(socket.frames.at(-1)).to.include({ type: 'error', id: 2, code: 'unavailable' });
  });

  describe('open subscriptions', () => {
    const subscribed = async (thread = 't') => {
      const state = { says: yes as (question: AuthorityQuestion) => unknown };
      const rig = asked((question) => state.says(question));
      const { say, socket } = await rig.socket();
      say(JSON.stringify({ type: 'subscribe', thread }));
      await settle();
      const live = async (ms: number): Promise<void> => {
        for (let at = 0; at < ms; at += 1_000) {
          await rig.clock.advance(1_000);
          rig.rechecks.sweep();
          await settle();
        }
      };
      return { rig, state, say, socket, live };
    };

    it('end within a second after the answer no longer holds and is another', async () => {
      const { rig, state, socket, live } = await subscribed();
      state.says = only('write');
      await live(KEEP_MS - 1_000);
      expect(codes(socket.frames)).to.eql(['subscribed']);
      expect(rig.questions).to.have.lengthOf(1);
      await live(1_000);
      expect(socket.frames.at(-1)).to.include({
        type: 'unsubscribed',
        thread: 't',
        code: 'forbidden'
      });
      expect(rig.questions).to.have.lengthOf(2);
      await live(KEEP_MS);
      expect(rig.questions).to.have.lengthOf(2);
    });

    it('are asked about once for each time that an answer holds', async () => {
      const { rig, live } = await subscribed();
      await live(10 * KEEP_MS);
      expect(rig.questions.length).to.be.within(10, 11);
    });

    it('go on while the application does not answer, and are judged when it does', async () => {
      const { state, socket, live, rig } = await subscribed();
      state.says = broken;
      await live(3 * KEEP_MS);
      expect(codes(socket.frames)).to.eql(['subscribed']);
      expect(rig.faults.at(-1)).to.equal('answered 500');
      state.says = only();
      await live(KEEP_MS);
      expect(codes(socket.frames)).to.eql(['subscribed', 'forbidden']);
    });

    it('are asked about in bounded numbers, each in its turn', async () => {
      const { rig, say, state, live } = await subscribed('t0');
      const count = RECHECKS_PER_SWEEP + 50;
      for (let i = 1; i < count; i++) {
        say(JSON.stringify({ type: 'subscribe', thread: `t${String(i)}` }));
        if (i % 2 === 0) await settle();
      }
      await settle();
      await rig.clock.advance(KEEP_MS);
      const before = rig.questions.length;
      let running = 0;
      let most = 0;
      state.says = async () => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
        return yes();
      };
      rig.rechecks.sweep();
      for (let i = 0; i < count; i++) await settle();
      expect(rig.questions.length - before).to.equal(RECHECKS_PER_SWEEP);
      expect(most).to.be.at.most(RECHECKS_AT_ONCE);
      await live(1_000);
      expect(rig.questions.length - before).to.be.at.least(count - 1);
    });
  });
});
