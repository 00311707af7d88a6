import { expect } from 'chai';
import { connect, type Client } from '../../../../client/sdk/client.js';
import { ChatSession } from '../../../../cli/chat/chat-session.js';
import type { ClientFrame } from '../../../../protocol/frames.js';
import { FakeRollcall } from '../../../client/sdk/fake-rollcall.js';
import { memoryWebSocket } from '../../../client/sdk/memory-socket.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';
import { KeptScreen } from '../kept-screen.js';

describe('the agents of a chat', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let screen: KeptScreen;
  let client: Client;
  let session: ChatSession;
  let silenced: string[];
  /** Error codes with which frames of these types are refused. */
  let refused: Partial<Record<ClientFrame['type'], string>>;

  const start = async (agent: string | null = null): Promise<void> => {
    screen = new KeptScreen();
    client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0.5,
      user: 'ada'
    });
    session = new ChatSession({
      client,
      clock,
      screen,
      thread: 'lobby',
      agent,
      silence: (thread) => {
        silenced.push(thread);
        server.setAgent(thread, null, 'ada');
        return Promise.resolve();
      }
    });
    await settle();
    screen.lines.splice(screen.lines.indexOf('here: ada'), 1);
  };
  const event = async (kind: string, body: object, run = 'r1'): Promise<void> => {
    server.say('lobby', 'agent:echo', { run, ...body }, undefined, undefined, kind);
    await settle();
  };
  const enter = async (text: string): Promise<void> => {
    session.entered(text);
    await settle();
  };
  /** Sends a message that a run answers, and returns its mid. */
  const ask = async (text: string): Promise<string> => {
    await enter(text);
    const mid = server.receivedOf('publish').at(-1)?.mid ?? '';
    await event('agent_started', { agent: 'echo', inReplyTo: mid });
    screen.lines.splice(0);
    return mid;
  };
  const said = (): string[] => screen.lines.splice(0);

  beforeEach(() => {
    clock = new VirtualClock();
    server = new FakeRollcall(() => clock.now());
    server.agents = [
      { name: 'echo', description: 'says it back' },
      { name: 'openai', description: '' }
    ];
    silenced = [];
    refused = {};
    server.intercept = (frame, connection) => {
      const code = refused[frame.type];
      if (code !== undefined) server.refuse(frame, connection, { code, retry: false });
      else if (frame.type === 'answer') {
        const { id, run, ask: question } = frame;
        connection.send({
          type: 'answered',
          ...(id === undefined ? {} : { id }),
          run,
          ask: question
        });
      } else if (frame.type === 'withdraw') {
        const { id, run } = frame;
        connection.send({ type: 'withdrawn', ...(id === undefined ? {} : { id }), run });
      } else return false;
      return true;
    };
  });
  afterEach(() => {
    client.close();
    session.quit();
  });

  it('are named by the first message, until the thread has the agent', async () => {
    await start('echo');
    expect(said()).to.deep.equal(['echo answers from your next message on']);
    await enter('hi');
    server.setAgent('lobby', 'echo', 'ada');
    await settle();
    await enter('again');
    expect(server.receivedOf('publish').map(({ agent }) => agent)).to.deep.equal([
      'echo',
      undefined
    ]);
    expect(screen.lines).to.include('echo answers here from now on');
  });

  it('are listed, chosen and sent away, and others are told of by whom', async () => {
    await start('nobody');
    const list = ['  echo    says it back', '  openai'];
    expect(said()).to.deep.equal(['there is no agent nobody', ...list]);
    await enter('/agent');
    expect(said()).to.deep.equal(['no agent answers here', ...list]);
    await enter('/agent echo');
    expect(said()).to.deep.equal(['echo answers from your next message on']);
    server.setAgent('lobby', 'openai', 'bob');
    await settle();
    expect(said()).to.deep.equal(['openai answers here from now on (bob chose it)']);
    await enter('/agent none');
    expect(silenced).to.deep.equal(['lobby']);
    expect(said()).to.deep.equal(['no agent answers here any more']);
    await enter('/agent none');
    expect(said()).to.deep.equal(['no agent answers here']);
    await enter('hi');
    expect(server.receivedOf('publish')[0]).to.not.have.property('agent');
  });

  it('are shown word by word above the line, and in the chat once they are done', async () => {
    await start();
    const mid = await ask('hi there');
    const chunk = (at: number, text: string) =>
      server.play([{ type: 'chunk', thread: 'lobby', run: 'r1', at, text }]);
    chunk(0, 'hi');
    await settle();
    expect(screen.passing).to.deep.equal(['▶ echo writes · /stop ends it', '│ hi']);
    chunk(2, ' there');
    await settle();
    expect(screen.passing[1]).to.equal('│ hi there');
    expect(mid).to.not.equal('');
    await event('agent_completed', { text: 'hi there', ms: 40, usage: { input: 1, output: 2 } });
    expect(screen.passing).to.deep.equal([]);
    expect(said()).to.deep.equal(['agent:echo │ hi there (40 ms · 1 + 2 tokens)']);
  });

  it('are stopped, and what fails is told with what to do', async () => {
    await start();
    await enter('/stop');
    expect(said()).to.deep.equal(['no agent is at work here']);
    await ask('hi');
    refused = { cancel: 'forbidden' };
    await enter('/stop');
    expect(said()).to.deep.equal([
      'not stopped: you may not do that in lobby; its owner can let you (forbidden)'
    ]);
    refused = {};
    await enter('/stop');
    expect(server.receivedOf('cancel').at(-1)).to.include({ run: 'r1' });
    await event('agent_failed', { text: '', error: { code: 'timeout', message: 'too slow' } });
    expect(said().slice(-2)).to.deep.equal([
      'agent:echo │ ✗ the agent failed: too slow',
      'ask for less at once; /again asks again'
    ]);
    expect(screen.passing).to.deep.equal([]);
  });

  it('are answered with what fits, and told what does not', async () => {
    await start();
    await ask('buns');
    await enter('/answer 3');
    expect(said()).to.deep.equal(['no agent asks anything now']);
    const schema = { type: 'integer', minimum: 1, maximum: 10 };
    await event('agent_waiting', { ask: 'a1', prompt: 'How many?', schema, expiresAt: 1 });
    expect(screen.passing).to.deep.equal([
      '? echo: How many? · /answer takes a whole number from 1 to 10'
    ]);
    said();
    await enter('/answer');
    expect(said()).to.deep.equal([
      'echo asks: How many?',
      '/answer takes a whole number from 1 to 10'
    ]);
    await enter('/answer lots');
    expect(said()[0]).to.match(/^that does not fit: must be integer; it takes a whole number/);
    expect(server.receivedOf('answer')).to.deep.equal([]);
    refused = { answer: 'conflict' };
    await enter('/answer 3');
    expect(said()[0]).to.match(/^not answered: conflict: /);
    refused = {};
    await enter('/answer 3');
    expect(server.receivedOf('answer').at(-1)).to.deep.include({ run: 'r1', ask: 'a1', value: 3 });
    await event('agent_answered', { ask: 'a1', by: 'ada', value: 3 });
    expect(said()).to.deep.equal(['agent:echo │ ↳ ada answered 3']);
    expect(screen.passing[0]).to.equal('▶ echo writes · /stop ends it');
  });

  it('have a queue, from which one’s own last message is taken, or any by its number', async () => {
    await start();
    await enter('/queue');
    expect(said()).to.deep.equal(['no agent is at work here']);
    await ask('first');
    for (const [run, user, text] of [
      ['r2', 'ada', 'second'],
      ['r3', 'bob', 'third']
    ] as const) {
      const { mid } = server.say('lobby', user, { text });
      await event('agent_queued', { position: 1, inReplyTo: mid }, run);
    }
    said();
    await enter('/queue');
    expect(said()).to.deep.equal([
      '   echo writes: ada wrote first',
      '1. waits: ada wrote second',
      '2. waits: bob wrote third'
    ]);
    expect(screen.passing.at(-1)).to.equal('⧗ 2 messages wait for an answer: /queue, /withdraw');
    for (const entry of ['/withdraw', '/withdraw 2', '/withdraw 3']) await enter(entry);
    expect(server.receivedOf('withdraw').map(({ run }) => run)).to.deep.equal(['r2', 'r3']);
    expect(said()).to.deep.equal(['no message 3 waits']);
  });

  it('are asked again with the same words, which name the message before', async () => {
    await start();
    await enter('/again');
    expect(said()).to.deep.equal(['there is no question of yours here that could be asked again']);
    const mid = await ask('hi');
    await event('agent_completed', { text: 'ho' });
    await enter('/again');
    const again = server.receivedOf('publish').at(-1);
    expect(again).to.deep.include({ regenerates: mid, body: { text: 'hi' } });
    await event('agent_started', { inReplyTo: again?.mid, regenerates: mid }, 'r2');
    await event('agent_completed', { text: 'ho' }, 'r2');
    await enter('/again');
    expect(server.receivedOf('publish').at(-1)).to.include({ regenerates: again?.mid });
  });

  it('have their commands in the help only where there are agents', async () => {
    await start();
    await enter('/help');
    expect(said().some((line) => line.includes('/answer [value]'))).to.equal(true);
    client.close();
    server.agents = [];
    await start();
    await enter('/help');
    expect(said().some((line) => line.includes('/answer [value]'))).to.equal(false);
  });
});
