import { expect } from 'chai';
import { connect, viewThread, type Client, type Thread } from '../../../../client/sdk/client.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';
import { FakeRollcall } from '../fake-rollcall.js';
import { memoryWebSocket } from '../memory-socket.js';

describe('a thread that may not be read', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let client: Client;
  let thread: Thread;
  let refusals: string[];

  const open = async (): Promise<void> => {
    thread = client.thread('lobby');
    refusals = [];
    thread.on('refused', ({ code, message }) => refusals.push(`${code}: ${message}`));
    await settle();
  };
  const asked = (): number => server.receivedOf('subscribe').length;

  beforeEach(async () => {
    clock = new VirtualClock();
    server = new FakeRollcall(() => clock.now());
    client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0,
      user: 'ada'
    });
    await settle();
  });

  afterEach(() => {
    client.close();
    expect(clock.waiting, 'timers left after close').to.equal(0);
  });

  it('is forbidden when the subscription is refused, and does not ask again by itself', async () => {
    server.forbid('lobby');
    await open();
    expect(thread.state).to.equal('forbidden');
    expect(thread.forbidden).to.include({ code: 'forbidden', retry: false });
    expect(refusals).to.eql(['forbidden: refused by the spec: forbidden']);
    server.closeAll(1006, '');
    await clock.advance(120_000);
    expect(client.state.name).to.equal('connected');
    expect(asked()).to.equal(1);
  });

  it('is forbidden when the server ends the subscription: nobody is there, and readers are told', async () => {
    await open();
    const reader = thread[Symbol.asyncIterator]();
    const next = reader.next().catch((error: unknown) => error);
    expect(thread.state).to.equal('joined');
    server.forbid('lobby');
    await settle();
    expect(thread.state).to.equal('forbidden');
    expect(thread.present).to.eql([]);
    expect(thread.joined).to.equal(false);
    expect(await next).to.include({ code: 'forbidden' });
    expect(refusals).to.eql(['forbidden: you may no longer read this thread']);
    server.closeAll(1006, '');
    await clock.advance(120_000);
    expect(asked()).to.equal(1);
    const late = await thread[Symbol.asyncIterator]()
      .next()
      .catch((error: unknown) => error);
    expect(late).to.include({ code: 'forbidden' });
  });

  it('goes on from its last message when it is asked for again and may be read', async () => {
    await open();
    server.say('lobby', 'bob', 1);
    await settle();
    server.forbid('lobby');
    await settle();
    server.say('lobby', 'bob', 2);
    const bodies: unknown[] = [];
    thread.on('message', ({ body }) => bodies.push(body));
    thread.askAgain();
    await settle();
    expect(refusals, 'still forbidden').to.have.length(2);
    server.forbidden.clear();
    thread.askAgain();
    expect(thread.state).to.equal('joining');
    await settle();
    expect(thread.state).to.equal('joined');
    expect(thread.forbidden).to.equal(null);
    expect(bodies).to.eql([2]);
  });

  it('is asked for on the next connection when there is none at the moment', async () => {
    server.forbid('lobby');
    await open();
    server.closeAll(1006, '');
    server.forbidden.clear();
    thread.askAgain();
    expect(thread.state).to.equal('joining');
    await clock.advance(5_000);
    expect(thread.state).to.equal('joined');
    expect(asked()).to.equal(2);
  });

  it('says of a message that it was not taken', async () => {
    server.forbid('lobby');
    await open();
    const refusal = await thread.send('hi').catch((error: unknown) => error);
    expect(refusal).to.include({ code: 'forbidden' });
    expect(thread.outgoing.map(({ state }) => state)).to.eql(['failed']);
  });

  it('is made anew by another call for it, which asks; the old one is over', async () => {
    server.forbid('lobby');
    await open();
    const old = thread;
    server.forbidden.clear();
    await open();
    expect(thread).to.not.equal(old);
    expect(thread.state).to.equal('joined');
    expect(old.state).to.equal('over');
    expect(() => {
      old.askAgain();
    }).to.throw('has been left');
    expect(client.thread('lobby')).to.equal(thread);
  });

  it('can be left', async () => {
    server.forbid('lobby');
    await open();
    thread.leave();
    expect(thread.state).to.equal('over');
    expect(server.receivedOf('unsubscribe')).to.have.length(0);
  });

  it('is shown as refused by a view, until that asks again', async () => {
    const view = viewThread(client, 'lobby');
    view.subscribe(() => undefined);
    await settle();
    server.forbid('lobby');
    await settle();
    expect(view.snapshot().refused?.code).to.equal('forbidden');
    expect(view.snapshot().isLive).to.equal(false);
    server.forbidden.clear();
    view.askAgain();
    expect(view.snapshot().refused).to.equal(null);
    await settle();
    expect(view.snapshot()).to.include({ isLive: true, isLoading: false, refused: null });
  });
});
