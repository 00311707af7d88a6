import { expect } from 'chai';
import {
  connect,
  RollcallError,
  type Client,
  type Run,
  type Thread
} from '../../../../client/sdk/client.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';
import { FakeRollcall } from '../fake-rollcall.js';
import { memoryWebSocket } from '../memory-socket.js';
import { RECORDED, recordedRun } from '../recorded-runs.js';

describe('Thread', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let client: Client;
  let thread: Thread;

  beforeEach(async () => {
    clock = new VirtualClock();
    server = new FakeRollcall(() => clock.now());
    client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0,
      user: 'ada'
    });
    thread = client.thread('lobby');
    await settle();
  });

  afterEach(() => {
    client.close();
    expect(clock.waiting, 'timers left after close').to.equal(0);
  });

  const outline = (runs: readonly Run[]): string[] =>
    runs.map(({ run, state, text }) => `${run} ${state} ${String(text.length)}`);

  describe('runs', () => {
    it('tells every change of a run, and its messages before', async () => {
      const told: string[] = [];
      thread.on('message', ({ kind }) => told.push(kind));
      thread.on('run', ({ state, text }) => told.push(`${state} ${String(text.length)}`));
      server.play(recordedRun('q2'));
      await settle();
      expect(told.slice(0, 6)).to.eql([
        'user_message',
        'agent_started',
        'streaming 0',
        'tool_executing',
        'streaming 0',
        'streaming 10'
      ]);
      expect(told.slice(-3)).to.eql(['streaming 60', 'agent_failed', 'failed 60']);
    });

    it('has them in the order they began, as values that stay as they are', async () => {
      server.play(RECORDED.slice(0, 100));
      await settle();
      const before = thread.runs;
      expect(thread.runs, 'asked again').to.equal(before);
      const seen = outline(before);
      server.play(RECORDED.slice(100));
      await settle();
      expect(outline(before)).to.eql(seen);
      expect(outline(thread.runs)).to.eql([
        'r1 completed 1079',
        'r2 failed 60',
        'r3 cancelled 142',
        'r4 completed 263'
      ]);
    });

    it('goes on with a run when the connection is lost in the middle of it', async () => {
      const frames = recordedRun('q4');
      server.play(frames.slice(0, 20));
      await settle();
      server.closeAll(1006, '');
      server.play(frames.slice(20, 40));
      await clock.advance(5_000);
      expect(client.state.name).to.equal('connected');
      const run = thread.runs[0];
      expect(run?.hole).to.equal(false);
      expect(run?.text.length).to.equal(server.thread('lobby').runs.get('r4')?.text.length);
      server.play(frames.slice(40));
      await settle();
      expect(outline(thread.runs)).to.eql(['r4 completed 263']);
    });

    it('knows a run that was going on when it joined', async () => {
      server.play(recordedRun('q3').slice(0, 8));
      thread.leave();
      const again = client.thread('lobby');
      await settle();
      expect(outline(again.runs)).to.eql(['r3 streaming 61']);
      expect(again.runs[0]?.inReplyTo).to.equal('q3');
    });
  });

  describe('agent', () => {
    it('is the one that the server said last, also after a connection was lost', async () => {
      const heard: unknown[] = [];
      thread.on('agent', ({ agent, by }) => heard.push([agent, by, thread.agent]));
      expect(thread.agent).to.equal(null);
      server.setAgent('lobby', 'echo', 'bob');
      await settle();
      expect(heard).to.eql([['echo', 'bob', 'echo']]);
      server.closeAll(1006, '');
      server.setAgent('lobby', null, null);
      await clock.advance(5_000);
      expect(thread.agent).to.equal(null);
    });
  });

  describe('cancel', () => {
    it('asks for a run to be cancelled, and answers when the server has taken note', async () => {
      server.play(recordedRun('q3').slice(0, 8));
      expect(await thread.cancel({ run: 'r3' })).to.include({ type: 'cancelling', run: 'r3' });
      expect(server.receivedOf('cancel')[0])
        .to.include({ run: 'r3' })
        .and.not.have.any.keys('mid', 'thread');
    });

    it('names the message when its run is not known yet', async () => {
      const refused = await thread.cancel({ mid: 'q9' }).catch((error: unknown) => error);
      expect(server.receivedOf('cancel')[0]).to.include({ thread: 'lobby', mid: 'q9' });
      expect(refused).to.be.instanceOf(RollcallError).and.include({ code: 'not_found' });
    });
  });

  describe('answer and withdraw', () => {
    it('ask the server, and say what it refuses', async () => {
      server.intercept = (frame, connection) => {
        if (frame.type === 'answer') {
          const { id = 0, run, ask } = frame;
          connection.send({ type: 'answered', id, run, ask });
          return true;
        }
        if (frame.type !== 'withdraw') return false;
        if (frame.run === 'r2')
          server.refuse(frame, connection, { code: 'conflict', retry: false });
        else connection.send({ type: 'withdrawn', id: frame.id ?? 0, run: frame.run });
        return true;
      };
      expect(await thread.answer('r1', 'a1', { yes: true })).to.include({ run: 'r1', ask: 'a1' });
      expect(server.receivedOf('answer')[0]).to.deep.include({ value: { yes: true } });
      expect(await thread.withdraw('r1')).to.include({ run: 'r1' });
      const refused = await thread.withdraw('r2').catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(RollcallError).with.property('code', 'conflict');
    });
  });

  describe('a message for an agent', () => {
    it('says so whenever it is sent again, and when it is retried after it was refused', async () => {
      const fields = {
        agent: 'echo',
        whileRunning: 'steer',
        regenerates: 'm0',
        edits: 'm1'
      } as const;
      const refusals = ['unavailable', 'queue_full'];
      server.intercept = (frame, connection) => {
        const code = frame.type === 'publish' ? refusals.shift() : undefined;
        if (code === undefined) return false;
        server.refuse(frame, connection, { code, retry: code === 'unavailable' });
        return true;
      };
      const sent = thread.send('hi', { mid: 'm2', ...fields }).catch(() => undefined);
      await clock.advance(5_000);
      await sent;
      expect(thread.outgoing).to.have.length(1);
      expect(thread.outgoing[0]).to.include({ state: 'failed', ...fields });
      await thread.retry('m2');
      const frames = server.receivedOf('publish');
      expect(frames).to.have.length(3);
      for (const frame of frames) expect(frame).to.include(fields);
    });
  });

  describe('a goodbye that says where to resume', () => {
    /** Disconnects every client, as the server does with one that reads too slowly. */
    const sendAway = async (offset: number): Promise<void> => {
      for (const connection of server.connections) {
        connection.send({
          type: 'disconnect',
          code: 3008,
          reason: 'too slow',
          reconnect: true,
          afterMs: 0,
          resume: [
            { thread: 'lobby', offset, epoch: 'x1' },
            { thread: 'nowhere', offset, epoch: 'x1' }
          ]
        });
      }
      server.closeAll(3008, 'too slow');
      await settle();
    };
    /** Collects the bodies of the messages that the thread gets. */
    const taken = (of: Thread): unknown[] => {
      const bodies: unknown[] = [];
      of.on('message', ({ body }) => bodies.push(body));
      return bodies;
    };

    it('is the position of a thread whose subscription was never answered', async () => {
      thread.leave();
      server.say('lobby', 'bob', 'before');
      server.intercept = ({ type }) => type === 'subscribe';
      const waiting = client.thread('lobby');
      const bodies = taken(waiting);
      await settle();
      server.say('lobby', 'bob', 'meanwhile');
      await sendAway(1);
      server.intercept = () => false;
      expect(waiting.position).to.deep.equal({ offset: 1, epoch: 'x1' });
      server.say('lobby', 'bob', 'away');
      await clock.advance(5_000);
      expect(waiting.joined).to.equal(true);
      expect(bodies).to.deep.equal(['meanwhile', 'away']);
    });

    it('leaves a thread at its own position that has one', async () => {
      const bodies = taken(thread);
      server.say('lobby', 'bob', 'one');
      await settle();
      server
        .thread('lobby')
        .log.push({ ...server.thread('lobby').log[0]!, offset: 2, body: 'two' });
      await sendAway(2);
      expect(thread.position?.offset).to.equal(1);
      await clock.advance(5_000);
      expect(bodies).to.deep.equal(['one', 'two']);
    });
  });

  it('tells the gap when trimming has overtaken it', async () => {
    server.say('lobby', 'bob', 1);
    await settle();
    const told: string[] = [];
    thread.on('gap', ({ from, to, reason }) =>
      told.push(`${reason} ${String(from)}-${String(to)}`)
    );
    thread.on('message', ({ offset }) => told.push(String(offset)));
    const [connection] = server.connections;
    const { log } = server.thread('lobby');
    for (let i = 2; i <= 6; i++) log.push({ ...log[0]!, offset: i, mid: `b${String(i)}` });
    connection?.send(
      {
        type: 'subscribed',
        thread: 'lobby',
        epoch: 'x1',
        offset: 6,
        recovered: false,
        replay: 2,
        gap: { from: 2, to: 4, reason: 'trimmed' },
        runs: [],
        present: ['ada']
      },
      ...log.slice(4)
    );
    await settle();
    expect(told).to.eql(['trimmed 2-4', '5', '6']);
    expect(thread.position?.offset).to.equal(6);
  });
});
