import { expect } from 'chai';
import {
  AGAIN_MS,
  Asker,
  GIVE_UP_MS,
  RETRY_MS,
  type HttpAnswer,
  type Subject
} from '../../../../client/pages/journey/asker.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';

interface Question {
  readonly subject: Subject;
  readonly signal: AbortSignal;
  answer(answer: HttpAnswer): void;
}

const journey = (complete: boolean) => ({
  now: 1,
  journeys: [{ thread: 't1', status: 'delivered', complete, steps: [], notes: [] }]
});
const SUBJECT = { mid: 'm', thread: '' };

describe('Asker', () => {
  let clock: VirtualClock;
  let asker: Asker;
  let questions: Question[];

  beforeEach(() => {
    clock = new VirtualClock();
    questions = [];
    asker = new Asker({
      clock,
      ask: (subject, signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('given up'));
          });
          questions.push({ subject, signal, answer: resolve });
        }),
      changed: () => undefined
    });
  });

  async function answered(code: number, body: unknown): Promise<void> {
    questions.at(-1)?.answer({ code, body });
    await settle();
  }

  it('asks again while something is outstanding, and no more when nothing is', async () => {
    asker.about(SUBJECT);
    expect(asker.state().outcome.kind).to.equal('asking');
    await answered(200, journey(false));
    expect(asker.state()).to.deep.include({ isLive: true, answeredAt: clock.elapsed() });
    await clock.advance(AGAIN_MS);
    expect(questions).to.have.length(2);
    await answered(200, journey(true));
    expect(asker.state().isLive).to.equal(false);
    await clock.advance(10 * AGAIN_MS);
    expect(questions).to.have.length(2);
    expect(clock.waiting).to.equal(0);
  });

  const ends: [number, unknown, string][] = [
    [400, { detail: 'no' }, 'refused'],
    [401, { detail: 'no' }, 'locked'],
    [403, { detail: 'no' }, 'off'],
    [404, { detail: 'no' }, 'missing'],
    [503, { detail: 'no' }, 'away'],
    [200, 'a page of a proxy', 'away'],
    [502, null, 'away']
  ];
  for (const [code, body, kind] of ends) {
    it(`is ${kind} after ${String(code)} with ${JSON.stringify(body)}`, async () => {
      asker.about(SUBJECT);
      await answered(code, body);
      expect(asker.state().outcome.kind).to.equal(kind);
      await clock.advance(RETRY_MS);
      expect(questions).to.have.length(kind === 'away' ? 2 : 1);
    });
  }

  it('keeps what it has heard when nobody answers, and gives up in time', async () => {
    asker.about(SUBJECT);
    await answered(200, journey(true));
    asker.again();
    await clock.advance(GIVE_UP_MS);
    await settle();
    const { outcome, answer, isLive } = asker.state();
    expect([outcome.kind, answer === null, isLive]).to.deep.equal(['away', false, true]);
  });

  it('hears no answer to what it has been asked before', async () => {
    asker.about({ mid: 'old', thread: '' });
    asker.about(SUBJECT);
    expect(questions[0]?.signal.aborted).to.equal(true);
    questions[0]?.answer({ code: 404, body: null });
    await settle();
    expect(asker.state().outcome.kind).to.equal('asking');
    await answered(200, journey(true));
    expect(asker.state().answer?.journeys[0]?.thread).to.equal('t1');
    asker.about({ mid: '', thread: '' });
    expect(asker.state()).to.deep.include({ outcome: { kind: 'idle' }, answer: null });
  });

  it('rests while nobody looks, and asks at once when somebody does', async () => {
    asker.about(SUBJECT);
    await answered(200, journey(false));
    asker.watch(false);
    await clock.advance(10 * AGAIN_MS);
    expect(questions).to.have.length(1);
    asker.watch(true);
    expect(questions).to.have.length(2);
    await answered(200, journey(true));
    asker.watch(false);
    asker.watch(true);
    expect(questions).to.have.length(2);
  });
});
