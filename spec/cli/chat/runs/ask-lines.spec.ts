import { expect } from 'chai';
import { Readable } from 'node:stream';
import { connect, type Client } from '../../../../client/sdk/client.js';
import { askLines } from '../../../../cli/chat/runs/ask-lines.js';
import { FakeRollcall } from '../../../client/sdk/fake-rollcall.js';
import { memoryWebSocket } from '../../../client/sdk/memory-socket.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';

/** What an agent does with a message: events of its run, each a kind and a body. */
type Answer = readonly (readonly [kind: string, body: object])[];

describe('askLines', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let client: Client;
  let stop: () => void;

  beforeEach(() => {
    clock = new VirtualClock();
    server = new FakeRollcall(() => clock.now());
    client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0,
      user: 'bot'
    });
  });
  afterEach(() => {
    client.close();
  });

  /** Asks these lines; `answers` has what the agent does with each text. */
  function ask(lines: string, answers: Readonly<Record<string, Answer>>) {
    const printed: string[] = [];
    const told: string[] = [];
    server.intercept = (frame, connection) => {
      if (frame.type !== 'publish') return false;
      const { text } = frame.body as { text: string };
      server.intercept = () => false;
      server.take(connection, JSON.stringify(frame));
      server.intercept = intercept;
      const run = `r-${text}`;
      for (const [kind, body] of [
        ['agent_started', { agent: 'echo', inReplyTo: frame.mid }] as const,
        ...(answers[text] ?? [])
      ]) {
        server.say('room', 'agent:echo', { run, ...body }, undefined, undefined, kind);
      }
      return true;
    };
    const { intercept } = server;
    const code = askLines({
      client,
      thread: 'room',
      agent: 'echo',
      now: () => clock.now(),
      input: Readable.from([Buffer.from(lines)]),
      print: (answer) => {
        printed.push(answer);
        return Promise.resolve();
      },
      tell: (words) => told.push(words),
      stopped: new Promise((resolve) => (stop = resolve))
    });
    return { code, printed, told };
  }

  it('prints each answer once it is complete, in order, and ends with 0', async () => {
    const asked = ask('one\n\ntwo\n', {
      one: [['agent_completed', { text: 'one!' }]],
      two: [['agent_completed', { text: 'two!' }]]
    });
    expect(await asked.code).to.equal(0);
    expect(asked).to.deep.include({ printed: ['one!', 'two!'], told: [] });
    for (const sent of server.receivedOf('publish')) {
      expect(sent).to.include({ agent: 'echo', expect: 'stored' });
    }
  });

  it('says which line got no answer and why, asks the others, and ends with 1', async () => {
    const asked = ask('stop\nfail\ncut\ngood\n', {
      stop: [['agent_cancelled', { text: 'so', by: 'bob' }]],
      fail: [['agent_failed', { text: '', error: { code: 'no_flour', message: 'no\nflour' } }]],
      cut: [['agent_failed', { text: '', error: { code: 'interrupted', message: 'x' } }]],
      good: [['agent_completed', { text: 'good!' }]]
    });
    expect(await asked.code).to.equal(1);
    expect(asked).to.deep.include({
      printed: ['good!'],
      told: [
        'line 1: its answer was stopped by bob',
        'line 2: echo failed: no flour (no_flour)',
        'line 3: the server stopped in the middle of its answer'
      ]
    });
  });

  it('says what the agent asks, and waits until somebody else has answered', async () => {
    const question = { ask: 'a1', prompt: 'Sure?', schema: null, expiresAt: 1 };
    const asked = ask('buns\n', { buns: [['agent_waiting', question]] });
    for (let turn = 0; turn < 20; turn++) await settle();
    expect(asked).to.deep.include({
      printed: [],
      told: ['echo asks: Sure?; somebody must answer it in the chat']
    });
    for (const [kind, body] of [
      ['agent_answered', { ask: 'a1', by: 'bob', value: 'yes' }],
      ['agent_completed', { text: 'done' }]
    ] as const) {
      server.say('room', 'agent:echo', { run: 'r-buns', ...body }, undefined, undefined, kind);
    }
    expect(await asked.code).to.equal(0);
    expect(asked.printed).to.deep.equal(['done']);
  });

  it('ends with 1 when the message is refused, the thread cannot be read, or it is stopped', async () => {
    const refused = ask('one\n', {});
    server.intercept = (frame, connection) => {
      if (frame.type !== 'publish') return false;
      server.refuse(frame, connection, { code: 'not_found', retry: false });
      return true;
    };
    expect(await refused.code).to.equal(1);
    expect(refused.told[0]).to.match(/^line 1: it was not sent: .*not_found/);
    const stopped = ask('one\n', {});
    for (let turn = 0; turn < 20; turn++) await settle();
    stop();
    expect(await stopped.code).to.equal(1);
    client.thread('room').leave();
    server.forbidden.add('room');
    server.intercept = (frame, connection) => {
      if (frame.type !== 'subscribe') return false;
      server.refuse(frame, connection, { code: 'forbidden', retry: false });
      return true;
    };
    const { intercept } = server;
    const forbidden = ask('one\n', {});
    server.intercept = intercept;
    expect(await forbidden.code).to.equal(1);
    expect(forbidden.told[0]).to.match(/^room cannot be read: /);
  });
});
