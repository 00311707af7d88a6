import { expect } from 'chai';
import type { Outcome, Sending } from '../../../actors/webhooks/receiver.js';
import { GIVE_UP_MS } from '../../../actors/webhooks/row-sender.js';
import { LANES, STUCK_BACKOFF, STUCK_MIN_MS } from '../../../actors/webhooks/lanes.js';
import { WebhookPolicy } from '../../../actors/webhooks/webhook-policy.js';
import { NOTES_AGAIN_MS, NOTES_MAX, Webhooks } from '../../../actors/webhooks/webhooks.js';
import { WEBHOOK_FINISH_MS } from '../../../machines/webhooks/webhooks.machine.js';
import { settle, VirtualClock } from '../../virtual-clock.js';
import { MemoryLog } from '../log/memory-log.js';
import { supervise } from '../../machines/supervision/supervised.js';
import type { Incident } from '../../../actors/monitor/incidents.js';

const SECOND_MS = 1_000;

interface Sent {
  readonly id: string;
  readonly type: string;
  readonly thread: string | null;
  readonly offset: number | null;
  readonly data: unknown;
}

const BROKEN: Outcome = {
  taken: false,
  reason: 'answered 500',
  isOwn: false,
  retryAfterMs: null
};
const WRONG: Outcome = { ...BROKEN, reason: 'answered 422', isOwn: true };

const INCIDENT: Incident = {
  kind: 'undelivered',
  about: null,
  level: 'warning',
  message: '1 thread holds undelivered messages (secret-thread)',
  unnamed: '1 thread holds undelivered messages',
  count: 1,
  since: 1_767_225_600_000,
  lastAt: 1_767_225_600_000,
  endedAt: null,
  thread: 'secret-thread',
  reason: null
};

/** Webhooks over a log in memory, and a receiver that answers as the spec says. */
function start(types: readonly string[] = ['message.stored']) {
  const clock = new VirtualClock();
  const log = new MemoryLog();
  const sent: Sent[] = [];
  const lines: string[] = [];
  const stage = {
    isOpen: true,
    away: [] as string[],
    answer: (_: Sent): Outcome | Promise<Outcome> => ({ taken: true })
  };
  const policy = new WebhookPolicy({
    types,
    threads: [],
    testThreadPrefixes: ['test_'],
    memberKind: 'member',
    clock
  });
  const webhooks = new Webhooks({
    policy,
    receiver: {
      send: async ({ body, signal }: Sending) => {
        const event = JSON.parse(body) as Sent;
        sent.push(event);
        let cut = (): void => undefined;
        const isCut = new Promise<Outcome>((resolve) => {
          cut = () => {
            resolve(BROKEN);
          };
        });
        signal.addEventListener('abort', cut);
        const outcome = await Promise.race([stage.answer(event), isCut]);
        signal.removeEventListener('abort', cut);
        return outcome;
      },
      close: () => undefined
    },
    log: () => (stage.isOpen ? log : null),
    clock,
    random: () => 0.5,
    logger: {
      warn: (line) => lines.push(line),
      info: (line) => lines.push(line)
    }
  });
  webhooks.begin(() => stage.away);
  const child = supervise(webhooks.logic, {}, clock);
  const publish = (thread: string, mid: string, user = 'ada', kind = 'user_message') => {
    const entry = { mid, user, kind, bodyJson: '{"run":"r1","text":"hi"}', at: clock.now() };
    log.append(thread, entry, (result) => {
      if (!result.ok || !policy.wantsEntry(thread, result.offset, entry)) return;
      log.outbox.entry(thread, result.offset);
    });
  };
  return {
    ...child,
    clock,
    log,
    stage,
    sent,
    lines,
    webhooks,
    publish,
    /** What was sent of a thread, as offsets. */
    of: (thread: string) => sent.filter((one) => one.thread === thread).map((one) => one.offset),
    /** Lets work be done that needs no time. */
    work: async () => {
      for (let turn = 0; turn < 20; turn += 1) await settle();
    },
    /** Lets time pass in steps, since each waits for what the one before has done. */
    pass: async (ms: number, stepMs: number) => {
      for (let passed = 0; passed < ms; passed += stepMs) {
        await clock.advance(stepMs);
        for (let turn = 0; turn < 4; turn += 1) await settle();
      }
    }
  };
}

describe('Webhooks', () => {
  it('sends each message once, in the order of its thread, and is idle afterwards', async () => {
    const run = start();
    for (const mid of ['m1', 'm2', 'm3']) run.publish('t', mid);
    run.publish('u', 'm1');
    run.publish('test_x', 'm1');
    await run.work();
    expect(run.of('t')).to.deep.equal([1, 2, 3]);
    expect(run.of('u')).to.deep.equal([1]);
    expect(run.sent).to.have.length(4);
    expect(new Set(run.sent.map(({ id }) => id)).size).to.equal(4);
    expect(run.sent[0]).to.nested.include({ type: 'message.stored', 'data.message.mid': 'm1' });
    expect(run.webhooks.status()).to.include({ status: 'idle', waiting: 0, taken: 4, failed: 0 });
  });

  it('tells of a new thread before its first message, and of the end of a run after its entry', async () => {
    const run = start([]);
    run.publish('t', 'm1');
    run.publish('t', 'r1:end', 'agent:echo', 'agent_completed');
    await run.work();
    expect(run.sent.map(({ type, offset }) => [type, offset])).to.deep.equal([
      ['thread.created', 1],
      ['message.stored', 1],
      ['message.stored', 2],
      ['run.ended', 2]
    ]);
    expect(run.sent.at(-1)?.data).to.deep.equal({ run: 'r1', agent: 'echo', outcome: 'completed' });
  });

  it('sends an event again with the same id until it is taken, and nothing of its thread before', async () => {
    const run = start();
    let refusals = 3;
    run.stage.answer = ({ thread }) => (thread === 't' && refusals-- > 0 ? WRONG : { taken: true });
    run.publish('t', 'm1');
    run.publish('t', 'm2');
    for (const mid of ['m1', 'm2', 'm3']) run.publish('u', mid);
    await run.work();
    // The stuck thread holds nobody up.
    expect(run.of('u')).to.deep.equal([1, 2, 3]);
    expect(run.of('t')).to.deep.equal([1]);
    expect(run.webhooks.status()).to.include({ stuckThreads: 1, error: 'answered 422' });
    await run.clock.advance(STUCK_MIN_MS + STUCK_BACKOFF.baseMs / 2 - 1);
    await run.work();
    expect(run.of('t')).to.deep.equal([1]);
    await run.pass(10 * SECOND_MS, SECOND_MS / 2);
    expect(run.of('t')).to.deep.equal([1, 1, 1, 1, 2]);
    expect(
      new Set(run.sent.filter(({ thread }) => thread === 't').map(({ id }) => id)).size
    ).to.equal(2);
    expect(run.webhooks.status()).to.include({ status: 'idle', stuckThreads: 0, error: null });
  });

  it('sends of several threads at once, and of each one after the other', async () => {
    const run = start();
    run.stage.answer = () => new Promise(() => undefined);
    for (let n = 0; n < LANES + 2; n += 1) {
      run.publish(`t${String(n)}`, 'm1');
      run.publish(`t${String(n)}`, 'm2');
    }
    await run.work();
    expect(run.sent).to.have.length(LANES);
    expect(run.sent.every(({ offset }) => offset === 1)).to.equal(true);
  });

  it('tries a receiver that is away with one event at a time, and goes on when it is back', async () => {
    const run = start();
    run.stage.answer = () => BROKEN;
    for (const thread of ['a', 'b', 'c', 'd']) run.publish(thread, 'm1');
    await run.work();
    expect(run.webhooks.status()).to.include({ status: 'away', error: 'answered 500' });
    expect(run.said.at(-1)).to.include({ type: 'child.degraded' });
    const before = run.sent.length;
    await run.pass(3 * SECOND_MS, SECOND_MS);
    expect(run.sent.length - before).to.be.within(1, 3);
    run.stage.answer = () => ({ taken: true });
    await run.pass(120 * SECOND_MS, SECOND_MS);
    expect(run.webhooks.status()).to.include({ status: 'idle', waiting: 0 });
    expect(run.lines).to.deep.equal([
      'Webhooks are not taken: the receiver answered 500; they wait, and are tried again for a day',
      'Webhooks are taken again'
    ]);
    expect(run.said.at(-1)).to.include({ type: 'child.recovered' });
  });

  it('keeps aside what was not taken for a day, and sends it again in order when it is told to', async () => {
    const run = start();
    run.stage.answer = () => BROKEN;
    const threads = ['a', 'b', 'c', 'd'];
    for (const thread of threads) {
      run.publish(thread, 'm1');
      run.publish(thread, 'm2');
    }
    await run.pass(GIVE_UP_MS - 60 * SECOND_MS, 60 * SECOND_MS);
    expect(run.webhooks.status()).to.include({ deadLetters: 0, waiting: 8 });
    // Once a minute at most while it is away, and more often in the beginning.
    expect(run.sent.length).to.be.within(24 * 60, 24 * 60 * 2 + 20);
    await run.pass(4 * 60 * SECOND_MS, 60 * SECOND_MS);
    expect(run.webhooks.status()).to.include({ deadLetters: 8, waiting: 0, givenUp: 8 });
    const letters = run.webhooks.letters(0, 100);
    expect(letters[0]).to.include({ type: 'message.stored', reason: 'answered 500', offset: 1 });
    run.sent.length = 0;
    run.stage.answer = () => ({ taken: true });
    await run.webhooks.sendAgain(letters);
    await run.pass(60 * SECOND_MS, SECOND_MS);
    for (const thread of threads) expect(run.of(thread)).to.deep.equal([1, 2]);
    expect(new Set(run.sent.map(({ id }) => id))).to.deep.equal(
      new Set(letters.map(({ id }) => id))
    );
    expect(run.sent[0]).to.nested.include({ 'data.message.mid': 'm1' });
    expect(run.webhooks.status()).to.include({ deadLetters: 0, waiting: 0 });
  });

  it('gives what is sent again another day', async () => {
    const run = start();
    run.stage.answer = () => WRONG;
    run.publish('t', 'm1');
    await run.pass(GIVE_UP_MS + 600 * SECOND_MS, 600 * SECOND_MS);
    expect(run.webhooks.status()).to.include({ deadLetters: 1 });
    await run.webhooks.sendAgain(run.webhooks.letters(0, 1));
    await run.pass(GIVE_UP_MS - 600 * SECOND_MS, 600 * SECOND_MS);
    expect(run.webhooks.status()).to.include({ deadLetters: 0, waiting: 1 });
    await run.pass(1_200 * SECOND_MS, 600 * SECOND_MS);
    expect(run.webhooks.status()).to.include({ deadLetters: 1, waiting: 0 });
    await run.webhooks.drop(run.webhooks.letters(0, 1).map(({ seq }) => seq));
    expect(run.webhooks.status()).to.include({ deadLetters: 0 });
  });

  it('tells of a user who is away once per thread until it is back', async () => {
    const run = start(['notify']);
    run.stage.away = ['bob'];
    run.publish('t', 'm1');
    run.publish('t', 'm2');
    run.publish('u', 'm1');
    await run.work();
    expect(run.sent.map(({ type, thread, data }) => [type, thread, data])).to.deep.equal([
      ['notify', 't', { user: 'bob', mid: 'm1', from: 'ada', kind: 'user_message' }],
      ['notify', 'u', { user: 'bob', mid: 'm1', from: 'ada', kind: 'user_message' }]
    ]);
    run.webhooks.back('bob');
    run.publish('t', 'm3');
    await run.work();
    expect(run.sent.map(({ thread }) => thread)).to.deep.equal(['t', 'u', 't']);
  });

  it('tells of incidents without names of threads, and of messages that nobody got', async () => {
    const run = start([]);
    run.webhooks.incident('opened', INCIDENT);
    run.webhooks.undelivered('t', { from: 3, messages: 2 });
    run.webhooks.undelivered('test_x', { from: 3, messages: 2 });
    run.webhooks.incident('closed', INCIDENT);
    await run.work();
    expect(run.sent.map(({ type, thread }) => [type, thread])).to.have.deep.members([
      ['incident.opened', null],
      ['message.undelivered', 't'],
      ['incident.closed', null]
    ]);
    expect(JSON.stringify(run.sent)).not.to.include('secret-thread');
    const ofServer = run.sent.filter(({ thread }) => thread === null);
    expect(ofServer.map(({ type }) => type)).to.deep.equal(['incident.opened', 'incident.closed']);
  });

  it('keeps what it cannot store in memory, up to a bound, and counts the rest', async () => {
    const run = start([]);
    await run.work();
    run.stage.isOpen = false;
    for (let n = 0; n < NOTES_MAX + 2; n += 1) run.webhooks.incident('opened', INCIDENT);
    expect(run.webhooks.status()).to.include({ waiting: NOTES_MAX, dropped: 2 });
    run.stage.isOpen = true;
    await run.clock.advance(NOTES_AGAIN_MS);
    while (run.webhooks.status().waiting > 0) await settle();
    expect(run.sent).to.have.length(NOTES_MAX);
  });

  it('goes on after a stop: what was cut off is sent again', async () => {
    const run = start();
    run.stage.answer = () => new Promise(() => undefined);
    run.publish('t', 'm1');
    await run.work();
    await run.stop();
    await run.clock.advance(WEBHOOK_FINISH_MS);
    expect(run.ends).to.deep.equal([{ status: 'stopped' }]);
    await run.work();
    run.stage.answer = () => ({ taken: true });
    supervise(run.webhooks.logic, {}, run.clock);
    await run.work();
    expect(run.of('t')).to.deep.equal([1, 1]);
    expect(run.webhooks.status()).to.include({ waiting: 0 });
  });

  it('says that a message is gone that the log no longer has', async () => {
    const run = start();
    run.publish('t', 'm1');
    run.log.outbox.entry('t', 9);
    await run.work();
    expect(run.sent.at(-1)).to.deep.include({ offset: 9, data: { message: null } });
  });

  it('waits while the log cannot be read, and loses nothing', async () => {
    const run = start();
    run.stage.answer = () => BROKEN;
    run.publish('t', 'm1');
    await run.work();
    run.log.isUnreadable = true;
    await run.pass(10 * SECOND_MS, SECOND_MS);
    run.log.isUnreadable = false;
    run.stage.answer = () => ({ taken: true });
    await run.pass(600 * SECOND_MS, SECOND_MS);
    expect(run.webhooks.status()).to.include({ status: 'idle', waiting: 0, taken: 1 });
  });
});
