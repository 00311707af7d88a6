import { expect } from 'chai';
import { connect, type Client } from '../../../../client/sdk/client.js';
import { EMPTY_THREAD, viewThread } from '../../../../client/sdk/thread/thread-view.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';
import { FakeRollcall } from '../fake-rollcall.js';
import { memoryWebSocket } from '../memory-socket.js';

describe('viewThread', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let client: Client;

  const view = (limit = 10) => viewThread(client, 't1', { limit, page: 3 });
  const bodies = (limit?: number) =>
    view(limit)
      .snapshot()
      .items.map((item) => (item.type === 'gap' ? item.gap.reason : item.message.body));
  const say = async (...texts: string[]): Promise<void> => {
    for (const text of texts) server.say('t1', 'bob', text);
    await settle();
  };

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
  });

  it('shows nothing and joins nothing before it is looked at', async () => {
    expect(view().snapshot()).to.equal(EMPTY_THREAD);
    await settle();
    expect(server.received.map(({ type }) => type)).to.eql(['connect']);
  });

  it('answers the same snapshot until something changes', async () => {
    await say('a');
    view().subscribe(() => undefined);
    await settle();
    const before = view().snapshot();
    expect(view().snapshot()).to.equal(before);
    await say('b');
    expect(view().snapshot()).to.not.equal(before);
    expect(before.items).to.have.length(1);
    expect(bodies()).to.eql(['a', 'b']);
  });

  it('tells a listener once of all that one moment brings', async () => {
    let told = 0;
    view().subscribe(() => (told += 1));
    await settle();
    told = 0;
    for (const connection of server.connections) {
      const frames = [1, 2, 3].map((offset) => ({
        type: 'message' as const,
        thread: 't1',
        offset,
        mid: String(offset),
        from: { user: 'bob' },
        at: 0,
        kind: 'user_message',
        body: offset
      }));
      connection.send(...frames);
    }
    await settle();
    expect(bodies()).to.eql([1, 2, 3]);
    expect(told).to.equal(1);
  });

  it('keeps so many, drops the newest for older ones when asked to, and comes back', async () => {
    await say('1', '2', '3', '4', '5', '6');
    view(5).subscribe(() => undefined);
    await settle();
    expect(bodies()).to.eql(['4', '5', '6']);
    await view().loadOlder();
    expect(bodies()).to.eql(['1', '2', '3', '4', '5']);
    expect(view().snapshot()).to.include({ isDetached: true, hasMore: false });
    await say('7');
    expect(bodies()).to.eql(['1', '2', '3', '4', '5']);
    await view().toLatest();
    expect(bodies()).to.eql(['5', '6', '7']);
    expect(view().snapshot()).to.include({ isDetached: false, hasMore: true });
  });

  it('begins anew when the thread does', async () => {
    await say('a');
    view().subscribe(() => undefined);
    await settle();
    server.thread('t1').epoch = 'x2';
    server.closeAll(1006, '');
    await clock.advance(1_000);
    expect(bodies()[0]).to.equal('epoch');
  });

  it('says why when the thread may not be read', async () => {
    server.intercept = (frame, connection) => {
      if (frame.type !== 'subscribe') return false;
      server.refuse(frame, connection, { code: 'forbidden', retry: false });
      return true;
    };
    view().subscribe(() => undefined);
    await settle();
    expect(view().snapshot().refused?.code).to.equal('forbidden');
    expect(view().snapshot().isLoading).to.equal(false);
  });

  it('says why when the client is closed', async () => {
    client.close();
    view().subscribe(() => undefined);
    await settle();
    expect(view().snapshot().refused?.code).to.equal('closed');
  });

  it('stays for who comes back at once, and leaves when nobody does', async () => {
    const first = view().subscribe(() => undefined);
    await settle();
    first();
    const second = view().subscribe(() => undefined);
    await settle();
    expect(server.received.map(({ type }) => type)).to.not.include('unsubscribe');
    second();
    await settle();
    expect(server.received.at(-1)?.type).to.equal('unsubscribe');
    expect(view().thread).to.equal(null);
  });

  it('is one view for all, also for who comes back to it', async () => {
    const first = view();
    first.subscribe(() => undefined)();
    await settle();
    const later = view();
    const end = later.subscribe(() => undefined);
    first.subscribe(() => undefined)();
    await settle();
    expect(later).to.equal(first);
    expect(later.snapshot().isLive).to.equal(true);
    end();
  });

  it('has its history when it was left and entered again while that was under way', async () => {
    await say('a');
    server.intercept = ({ type }) => type === 'history';
    view().subscribe(() => undefined)();
    await settle();
    server.intercept = () => false;
    view().subscribe(() => undefined);
    await settle();
    expect(bodies()).to.eql(['a']);
    expect(view().snapshot().isLoading).to.equal(false);
  });

  it('loads no more, and says why, when the client is closed before the history came', async () => {
    server.intercept = ({ type }) => type === 'history';
    view().subscribe(() => undefined);
    await settle();
    server.closeAll(3503, 'kicked');
    await settle();
    expect(view().snapshot()).to.include({ isLoading: false });
    expect(view().snapshot().refused?.code).to.equal('closed');
  });
});
