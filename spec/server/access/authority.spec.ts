import { expect } from 'chai';
import {
  ANSWERS_MAX,
  Authority,
  AUTHORIZE_TIMEOUT_MS,
  QUESTIONS_MAX,
  QUESTIONS_OF_ONE_MAX,
  QUESTIONS_WAITING_MAX,
  UNANSWERED_MS,
  type AuthorityQuestion
} from '../../../server/access/authority.js';
import { settle, VirtualClock } from '../../virtual-clock.js';

const KEEP_MS = 30_000;

function userOf(user: string, digest = user) {
  return { user, claims: { values: { sub: user }, digest } };
}
const ADA = userOf('ada');

/** An authority whose application answers the oldest open question on each call of `answer`. */
function rig() {
  const clock = new VirtualClock();
  const questions: AuthorityQuestion[] = [];
  const pending: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = [];
  const faults: (string | null)[] = [];
  let full = 0;
  const authority = new Authority({
    clock,
    keepMs: KEEP_MS,
    ask: (question) => {
      questions.push(question);
      return new Promise((resolve, reject) => pending.push({ resolve, reject }));
    },
    onAsked: (fault) => faults.push(fault),
    onFull: () => (full += 1)
  });
  const answer = async (said: unknown): Promise<void> => {
    const next = pending.shift()!;
    if (said instanceof Error) next.reject(said);
    else next.resolve(said);
    await settle();
  };
  return { clock, questions, pending, faults, fulls: () => full, authority, answer };
}

describe('Authority', () => {
  it('asks once for all who ask the same, and keeps the answer for its time', async () => {
    const { authority, questions, answer, clock } = rig();
    expect(authority.known(ADA, 'read', 't')).to.equal(null);
    const one = authority.ask(ADA, 'read', 't');
    expect(authority.ask(ADA, 'read', 't')).to.equal(one);
    expect(questions).to.eql([
      { user: 'ada', action: 'read', thread: 't', claims: { sub: 'ada' } }
    ]);
    await answer({ allowed: true, more: 1 });
    await one;
    expect(authority.ask(ADA, 'read', 't')).to.equal(null);
    await clock.advance(KEEP_MS - 1);
    expect(authority.known(ADA, 'read', 't')).to.equal('allowed');
    await clock.advance(1);
    expect(authority.known(ADA, 'read', 't')).to.equal(null);
    expect(authority.ask(ADA, 'read', 't')).not.to.equal(null);
  });

  it('asks for each action, thread and set of claims', () => {
    const { authority, questions } = rig();
    void authority.ask(ADA, 'read', 't');
    void authority.ask(ADA, 'write', 't');
    void authority.ask(ADA, 'read', 'u');
    void authority.ask(userOf('ada', 'newer claims'), 'read', 't');
    expect(questions).to.have.lengthOf(4);
  });

  it('keeps a refusal as long as a right', async () => {
    const { authority, answer, clock } = rig();
    void authority.ask(ADA, 'read', 't');
    await answer({ allowed: false });
    await clock.advance(KEEP_MS - 1);
    expect(authority.known(ADA, 'read', 't')).to.equal('forbidden');
  });

  for (const said of [new Error('answered 500'), null, [], 'yes', {}, { allowed: 'true' }]) {
    it(`asks again after a second when it was answered ${JSON.stringify(said)}`, async () => {
      const { authority, answer, clock, faults } = rig();
      void authority.ask(ADA, 'read', 't');
      await answer(said);
      expect(authority.known(ADA, 'read', 't')).to.equal('unavailable');
      expect(authority.ask(ADA, 'read', 't')).to.equal(null);
      expect(faults[0]).to.match(/^answered /);
      await clock.advance(UNANSWERED_MS);
      void authority.ask(ADA, 'read', 't');
      await answer({ allowed: true });
      expect(faults[1]).to.equal(null);
    });
  }

  it('never asks about somebody without a token, who has no right', () => {
    const { authority, questions } = rig();
    expect(authority.ask({ user: 'ada' }, 'read', 't')).to.equal(null);
    expect(authority.known({ user: 'ada' }, 'read', 't')).to.equal('forbidden');
    expect(questions).to.eql([]);
  });

  it('has as many questions on their way as it may, few of one user, and then takes those that wait', async () => {
    const { authority, questions, answer } = rig();
    for (let i = 0; i < 10; i++) void authority.ask(ADA, 'read', `t${String(i)}`);
    expect(questions).to.have.lengthOf(QUESTIONS_OF_ONE_MAX);
    for (let i = 0; i < QUESTIONS_MAX; i++)
      void authority.ask(userOf(`u${String(i)}`), 'read', 't');
    expect(questions).to.have.lengthOf(QUESTIONS_MAX);
    await answer({ allowed: true });
    expect(questions).to.have.lengthOf(QUESTIONS_MAX + 1);
    expect(questions.at(-1)).to.include({
      user: 'ada',
      thread: `t${String(QUESTIONS_OF_ONE_MAX)}`
    });
  });

  it('lets only so many wait', async () => {
    const { authority, answer, fulls } = rig();
    for (let i = 0; i < QUESTIONS_WAITING_MAX + QUESTIONS_OF_ONE_MAX; i++) {
      expect(authority.ask(ADA, 'read', `t${String(i)}`)).not.to.equal(null);
    }
    expect(fulls()).to.equal(0);
    expect(authority.ask(ADA, 'read', 'late')).to.equal(null);
    expect(fulls()).to.equal(1);
    expect(authority.known(ADA, 'read', 'late')).to.equal('unavailable');
    await answer({ allowed: true });
    expect(authority.ask(ADA, 'read', 'later')).not.to.equal(null);
  });

  it('lets nobody wait for longer than an answer may take, and for that answer', async () => {
    const { authority, questions, answer, clock, faults } = rig();
    for (let i = 0; i <= QUESTIONS_OF_ONE_MAX; i++)
      void authority.ask(ADA, 'read', `t${String(i)}`);
    await clock.advance(AUTHORIZE_TIMEOUT_MS);
    await answer(new Error('has not answered within 2000 ms'));
    expect(questions).to.have.lengthOf(QUESTIONS_OF_ONE_MAX);
    expect(authority.known(ADA, 'read', `t${String(QUESTIONS_OF_ONE_MAX)}`)).to.equal(
      'unavailable'
    );
    expect(faults.at(-1)).to.equal('answers too slowly');
  });

  it('forgets the answer that was not used for longest when it has as many as it keeps', async () => {
    const { authority, pending } = rig();
    for (let i = 0; i <= ANSWERS_MAX; i++) {
      void authority.ask(ADA, 'read', `t${String(i)}`);
      pending.shift()!.resolve({ allowed: true });
      if (i % 4 === 3) await settle();
      if (i === ANSWERS_MAX - 1) expect(authority.known(ADA, 'read', 't0')).to.equal('allowed');
    }
    await settle();
    expect(authority.known(ADA, 'read', 't0')).to.equal('allowed');
    expect(authority.known(ADA, 'read', 't1')).to.equal(null);
    expect(authority.known(ADA, 'read', 't2')).to.equal('allowed');
  });
});
