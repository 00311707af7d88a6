import { expect } from 'chai';
import {
  HIDDEN_POLL_MS,
  POLL_MS,
  Poller,
  SLOW_MS,
  TIMEOUT_MS,
  type Answer
} from '../../../../../client/pages/status/report/poller.js';
import { settle, VirtualClock } from '../../../../virtual-clock.js';
import { SAMPLE } from '../sample-report.js';

interface Question {
  readonly at: number;
  readonly signal: AbortSignal;
  answer(answer: Answer): void;
  fail(): void;
}

describe('Poller', () => {
  let clock: VirtualClock;
  let startedAt: number;
  let poller: Poller;
  let changes: number;
  let questions: Question[];

  const sinceStart = () => questions.map(({ at }) => at - startedAt);
  const last = (): Question => questions.at(-1)!;

  beforeEach(() => {
    clock = new VirtualClock();
    startedAt = clock.elapsed();
    changes = 0;
    questions = [];
    poller = new Poller({
      clock,
      ask: (signal) =>
        new Promise((resolve, reject) => {
          const fail = (): void => {
            reject(new Error('nobody there'));
          };
          signal.addEventListener('abort', fail);
          questions.push({ at: clock.elapsed(), signal, answer: resolve, fail });
        }),
      changed: () => {
        changes += 1;
      }
    });
    poller.start();
  });

  async function answered(code = 200, body: unknown = SAMPLE): Promise<void> {
    last().answer({ code, body });
    await settle();
  }

  it('asks at once, and again a while after each answer', async () => {
    await answered();
    expect(poller.state().report?.node).to.equal('n1');
    await clock.advance(POLL_MS);
    await clock.advance(400);
    await answered();
    await clock.advance(POLL_MS);
    expect(sinceStart()).to.eql([0, POLL_MS, 2 * POLL_MS + 400]);
    expect(changes).to.equal(2);
  });

  it('never has more than one question under way', async () => {
    poller.watch(false);
    poller.watch(true);
    poller.askNow();
    await clock.advance(TIMEOUT_MS - 1);
    expect(questions).to.have.length(1);
  });

  it('gives up a question that is not answered in time, and asks again', async () => {
    await clock.advance(TIMEOUT_MS);
    expect(questions[0]?.signal.aborted).to.equal(true);
    expect(poller.state()).to.deep.include({
      silentSince: startedAt,
      failure: { kind: 'timeout' }
    });
    await clock.advance(POLL_MS);
    expect(questions).to.have.length(2);
  });

  it('tells a slow question as silence before it gives it up', async () => {
    await answered();
    const answeredAt = clock.elapsed();
    await clock.advance(POLL_MS + SLOW_MS);
    expect(poller.state().silentSince).to.equal(null);
    await clock.advance(1);
    expect(poller.state()).to.include({ silentSince: answeredAt, failure: null });
    await answered();
    expect(poller.state().silentSince).to.equal(null);
  });

  it('keeps the last report while nobody answers, until somebody does', async () => {
    await answered();
    const answeredAt = clock.elapsed();
    for (let i = 0; i < 3; i++) {
      await clock.advance(POLL_MS);
      last().fail();
      await settle();
    }
    const silent = poller.state();
    expect(silent).to.deep.include({ answeredAt, silentSince: answeredAt });
    expect(silent.failure).to.eql({ kind: 'unreachable' });
    expect(silent.report?.node).to.equal('n1');
    await clock.advance(POLL_MS);
    await answered(200, { ...SAMPLE, node: 'n2' });
    expect(poller.state()).to.deep.include({ silentSince: null, failure: null });
    expect(poller.state().report?.node).to.equal('n2');
  });

  it('takes a report for an answer whatever its code, and nothing else', async () => {
    await answered(503, { ...SAMPLE, status: 'draining' });
    expect(poller.state().report?.status).to.equal('draining');
    await clock.advance(POLL_MS);
    await answered(502, null);
    expect(poller.state().failure).to.eql({ kind: 'foreign', code: 502 });
    expect(poller.state().report?.status).to.equal('draining');
  });

  it('asks seldom while nobody looks, and at once when somebody does', async () => {
    await answered();
    poller.watch(false);
    await clock.advance(HIDDEN_POLL_MS);
    await answered();
    await clock.advance(HIDDEN_POLL_MS - 1);
    expect(sinceStart()).to.eql([0, HIDDEN_POLL_MS]);
    poller.watch(true);
    expect(questions).to.have.length(3);
    await answered();
    await clock.advance(POLL_MS - 1);
    expect(questions, 'the question that was planned is not asked beside').to.have.length(3);
  });

  it('leaves one timer behind after each answer', async () => {
    await answered();
    poller.watch(false);
    poller.watch(true);
    await answered();
    expect(clock.waiting).to.equal(1);
  });
});
