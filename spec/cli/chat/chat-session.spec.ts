import { expect } from 'chai';
import { connect, type Client } from '../../../client/sdk/client.js';
import {
  ChatSession,
  QUIET_MS,
  QUIT_WAIT_MS,
  type ChatEnd
} from '../../../cli/chat/chat-session.js';
import { ConnectionWatch } from '../../../cli/chat/connection-watch.js';
import { LEFT_AFTER_MS, RETURN_MS } from '../../../cli/chat/roster.js';
import { FakeRollcall } from '../../client/sdk/fake-rollcall.js';
import { memoryWebSocket } from '../../client/sdk/memory-socket.js';
import { settle, VirtualClock } from '../../virtual-clock.js';
import { KeptScreen } from './kept-screen.js';

describe('ChatSession', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let screen: KeptScreen;
  let client: Client;
  let session: ChatSession;
  let end: ChatEnd | null;

  async function start(thread = 'lobby', agent: string | null = null): Promise<void> {
    const silence = (): Promise<void> => Promise.resolve();
    screen = new KeptScreen();
    end = null;
    client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0.5,
      user: 'ada'
    });
    new ConnectionWatch(client, {
      hasToken: false,
      address: 'ws://fake/ws',
      clock,
      tell: (news) => session.news(news)
    });
    session = new ChatSession({ client, clock, screen, thread, agent, silence });
    void session.ended.then((how) => (end = how));
    await settle();
  }

  /** Joins the thread as another user. */
  function join(user: string, thread = 'lobby') {
    const connection = server.accept({ send: () => undefined, close: () => undefined });
    server.take(connection, JSON.stringify({ type: 'connect', id: 1, user }));
    server.take(connection, JSON.stringify({ type: 'subscribe', id: 2, thread }));
    return connection;
  }

  /** Empties the screen's record of lines. */
  const clear = (): void => void screen.lines.splice(0);

  beforeEach(() => {
    clock = new VirtualClock();
    server = new FakeRollcall(() => clock.now());
  });

  afterEach(() => {
    client.close();
    session.quit();
  });

  it('says who is connected, who is here and what was said last, in order', async () => {
    for (let n = 1; n <= 25; n++) server.say('lobby', 'bob', { text: `m${String(n)}` });
    join('bob');
    await start();
    expect(screen.lines).to.deep.equal([
      'connected as ada',
      'here: ada, bob',
      '── /history shows what was said before ──',
      ...Array.from({ length: 20 }, (_, n) => `bob │ m${String(n + 6)}`)
    ]);
  });

  it('shows what comes while the messages before it are loaded after them, once', async () => {
    server.say('lobby', 'bob', { text: 'before' });
    server.intercept = (frame) => {
      if (frame.type === 'history') server.say('lobby', 'bob', { text: 'meanwhile' });
      return false;
    };
    await start();
    expect(screen.lines.slice(-2)).to.deep.equal(['bob │ before', 'bob │ meanwhile']);
  });

  it('goes further back with every /history', async () => {
    for (let n = 1; n <= 26; n++) server.say('lobby', 'bob', { text: `m${String(n)}` });
    await start();
    clear();
    session.entered('/history 3');
    await settle();
    expect(screen.lines).to.deep.equal([
      '── 3 messages from before ──',
      'bob │ m4',
      'bob │ m5',
      'bob │ m6',
      '── up to here; /history shows more ──'
    ]);
    clear();
    session.entered('/history');
    await settle();
    expect(screen.lines.slice(1)).to.deep.equal([
      'bob │ m1',
      'bob │ m2',
      'bob │ m3',
      '── up to here ──'
    ]);
    clear();
    session.entered('/history');
    await settle();
    expect(screen.lines).to.deep.equal(['nothing was said in lobby before that']);
  });

  it('shows what is sent once, marked as stored, and never as on its way when it is quick', async () => {
    await start();
    clear();
    session.entered('hello');
    expect(screen.passing).to.deep.equal([]);
    await settle();
    await clock.advance(QUIET_MS);
    expect(screen.lines).to.deep.equal(['ada │ hello ✓']);
    expect(screen.passing).to.deep.equal([]);
  });

  it('shows what takes longer as on its way until it is in the chat', async () => {
    await start();
    server.intercept = (frame) => frame.type === 'publish';
    session.entered('hello');
    await settle();
    await clock.advance(QUIET_MS);
    expect(screen.passing).to.deep.equal(['… hello']);
    server.intercept = () => false;
    await clock.advance(10_000);
    expect(screen.passing).to.deep.equal([]);
    expect(screen.lines.filter((line) => line.includes('hello'))).to.deep.equal(['ada │ hello ✓']);
  });

  it('shows the members, and lets who may manage change them', async () => {
    const made = server.thread('lobby');
    made.owner = 'olga';
    made.members.set('ada', 'member');
    made.may = ['read', 'write', 'manage'];
    await start();
    clear();
    session.entered('/members');
    await settle();
    session.entered('/member bob\u001b reader');
    session.entered('/member ada none');
    await settle();
    server.setOwner('lobby', 'nora');
    await settle();
    expect(screen.lines).to.deep.equal([
      'olga owns lobby',
      'ada reads and writes',
      'bob␛ reads only (ada changed it)',
      'ada is no member any more (ada changed it)',
      'nora owns lobby now'
    ]);
    clear();
    session.entered('/help');
    expect(screen.lines.join()).to.include('/member <user> <role>');
  });

  it('says to who may not what it may, and does not offer the rest', async () => {
    server.thread('lobby').may = ['read'];
    await start();
    expect(screen.lines).to.include('you may only read in lobby: its owner can let you write');
    clear();
    session.entered('/member bob member');
    await settle();
    expect(screen.lines).to.deep.equal([
      'bob stays as it was: you may not do that in lobby; its owner can let you (forbidden)'
    ]);
    clear();
    session.entered('/help');
    expect(screen.lines.join()).to.include('/members').and.not.include('/member <user>');
    server.setMay('lobby', 'read', 'write');
    await settle();
    expect(screen.lines.at(-1)).to.equal('you may read and write in lobby');
  });

  it('says why a message was refused', async () => {
    await start();
    server.intercept = (frame, connection) => {
      if (frame.type !== 'publish') return false;
      server.refuse(frame, connection, { code: 'forbidden', retry: false });
      return true;
    };
    session.entered('hello\n\u001b[2J');
    await settle();
    expect(screen.lines.at(-1)).to.equal(
      '✗ not sent: hello ␛[2J (you may not do that in lobby; its owner can let you (forbidden))'
    );
    expect(screen.passing).to.deep.equal([]);
  });

  it('says that the server is away, counts down, and sends what was entered when it is back', async () => {
    server.refusals = 1;
    await start();
    session.entered('one');
    session.entered('two');
    expect(screen.lines).to.deep.equal([
      'no connection to ws://fake/ws: no reason given; trying again until there is one'
    ]);
    expect(screen.passing).to.deep.equal(['… one', '… two', 'reconnecting in 1 s · 2 to be sent']);
    await clock.advance(1_000);
    expect(screen.lines.slice(1)).to.deep.equal([
      'connected as ada, after 1 s without',
      'here: ada',
      'ada │ one ✓',
      'ada │ two ✓'
    ]);
    expect(screen.passing).to.deep.equal([]);
  });

  it('says a loss once, counts the seconds, and shows what was missed once', async () => {
    await start();
    server.say('lobby', 'bob', { text: 'before' });
    await settle();
    clear();
    server.closeAll(3001, 'shutdown');
    await settle();
    expect(screen.lines).to.deep.equal([
      'the server is restarting; trying again until there is one'
    ]);
    expect(screen.passing).to.deep.equal(['reconnecting in 3 s']);
    await clock.advance(1_000);
    expect(screen.passing).to.deep.equal(['reconnecting in 2 s']);
    server.say('lobby', 'bob', { text: 'missed' });
    server.refusals = 1;
    await clock.advance(10_000);
    expect(screen.lines.slice(1)).to.deep.equal([
      'connected as ada, after 4 s without',
      'bob │ missed'
    ]);
  });

  it('tries at once when Enter is pressed alone', async () => {
    await start();
    server.closeAll(1006, '');
    await settle();
    session.entered('');
    await settle();
    expect(client.state.name).to.equal('connected');
  });

  it('says who comes and, once they stay away, who has left', async () => {
    await start();
    clear();
    const bob = join('bob\u202e');
    await settle();
    expect(screen.lines).to.deep.equal(['→ bob� is here']);
    server.gone(bob);
    await settle();
    await clock.advance(LEFT_AFTER_MS - 1);
    expect(screen.lines).to.have.lengthOf(1);
    await clock.advance(1);
    expect(screen.lines).to.deep.equal(['→ bob� is here', '← bob� has left']);
  });

  it('says nothing of those who come back after a restart, and later who did not', async () => {
    join('bob');
    join('eve');
    await start();
    clear();
    server.closeAll(3001, 'shutdown');
    await clock.advance(2_500);
    join('bob');
    await settle();
    await clock.advance(RETURN_MS);
    expect(screen.lines.filter((line) => /[→←]/.test(line))).to.deep.equal(['← eve has left']);
  });

  it('says who types, until they cease to or it is forgotten', async () => {
    const bob = join('bob');
    await start();
    const types = (on: boolean): void =>
      server.take(bob, JSON.stringify({ type: 'typing', thread: 'lobby', on }));
    types(true);
    await settle();
    expect(screen.passing).to.deep.equal(['bob is typing …']);
    types(false);
    await settle();
    expect(screen.passing).to.deep.equal([]);
    types(true);
    await settle();
    await clock.advance(6_000);
    expect(screen.passing).to.deep.equal([]);
  });

  it('tells others that its user types a message, and not that a command is typed', async () => {
    await start();
    for (const text of ['/', '/w', 'h', 'hi', '']) session.edited(text);
    await settle();
    expect(server.receivedOf('typing').map(({ on }) => on)).to.deep.equal([true, false]);
  });

  it('marks what it shows as read, once a second', async () => {
    await start();
    for (let n = 0; n < 5; n++) server.say('lobby', 'bob', { text: 'x' });
    await settle();
    await clock.advance(1_000);
    expect(server.receivedOf('mark').map(({ read }) => read)).to.deep.equal([5]);
  });

  it('says which messages will not come', async () => {
    await start();
    server.say('lobby', 'bob', { text: 'one' });
    await settle();
    server.closeAll(1006, '');
    for (let n = 2; n <= 5; n++) server.say('lobby', 'bob', { text: String(n) });
    server.thread('lobby').first = 5;
    clear();
    await clock.advance(5_000);
    expect(screen.lines.slice(-2)).to.deep.equal([
      '── messages 2 to 4: no longer kept by the server ──',
      'bob │ 5'
    ]);
  });

  it('goes to another thread and shows what was said there', async () => {
    server.say('t2', 'bob', { text: 'there' });
    await start();
    clear();
    session.entered('/thread t2');
    await settle();
    expect(screen.lines).to.deep.equal(['── t2 ──', 'here: ada', 'bob │ there']);
    expect(screen.thread).to.equal('t2');
    session.entered('hello');
    await settle();
    server.say('lobby', 'bob', { text: 'not seen' });
    await settle();
    expect(screen.lines.at(-1)).to.equal('ada │ hello ✓');
    session.entered('/thread');
    expect(screen.lines.at(-1)).to.equal('this is t2');
  });

  it('says when what was sent to the thread before is stored', async () => {
    server.refusals = 1;
    await start();
    session.entered('late');
    session.entered('/thread t2');
    expect(screen.passing[0]).to.equal('… lobby: late');
    await clock.advance(1_000);
    expect(screen.lines).to.include('✓ lobby: late');
    expect(screen.passing).to.deep.equal([]);
  });

  it('ends with 1 and the reason when its thread is refused, and stays when a later one is', async () => {
    server.intercept = (frame, connection) => {
      if (frame.type !== 'subscribe' || frame.thread === 'open') return false;
      server.refuse(frame, connection, { code: 'forbidden', retry: false });
      return true;
    };
    await start('open');
    session.entered('/thread closed');
    await settle();
    expect(screen.lines.at(-1)).to.match(/^you may not read closed: ask its owner .*\/thread <id>/);
    session.entered('hello');
    expect(screen.lines.at(-1)).to.include('not sent: there is no thread');
    expect(end).to.equal(null);
    session.quit();
    await start('closed');
    expect(end).to.deep.equal({
      code: 1,
      words: ['you may not read closed: ask its owner to make you a member (forbidden)']
    });
  });

  it('ends with 1 and the reason when the server closes for good', async () => {
    await start();
    server.closeAll(3503, 'kicked');
    await settle();
    expect(end?.code).to.equal(1);
    expect(end?.words.join()).to.match(/^this user was sent away by who runs the server: .*kicked/);
    expect(screen.isClosed).to.equal(true);
  });

  it('explains its commands, and one that there is not', async () => {
    await start();
    clear();
    session.entered('/help');
    for (const name of ['/who', '/history [n]', '/thread <id>', '/quit']) {
      expect(screen.lines.join('\n')).to.include(name);
    }
    clear();
    session.entered('/whi');
    expect(screen.lines.join()).to.include('no command /whi; did you mean /who?');
    clear();
    session.entered('/who');
    expect(screen.lines).to.deep.equal(['here: ada']);
  });

  describe('when the user quits', () => {
    it('ends with 0 at once when all is stored', async () => {
      await start();
      session.entered('hello');
      await settle();
      session.entered('/quit');
      await settle();
      expect(end).to.deep.equal({ code: 0, words: [] });
    });

    it('waits for the ack of what was entered last', async () => {
      await start();
      session.entered('hello');
      session.quit();
      expect(end).to.equal(null);
      await settle();
      expect(end).to.deep.equal({ code: 0, words: [] });
    });

    it('ends with 1 and the number of messages not sent when there is no connection', async () => {
      server.refusals = 1;
      await start();
      session.entered('one');
      session.entered('two');
      session.quit();
      await settle();
      expect(end?.code).to.equal(1);
      expect(end?.words.join()).to.include('2 messages were not sent');
    });

    it('waits for no ack longer than it says, and not at all when asked twice', async () => {
      server.intercept = (frame) => frame.type === 'publish';
      await start();
      session.entered('one');
      session.quit();
      await clock.advance(QUIT_WAIT_MS - 1);
      expect(end).to.equal(null);
      await clock.advance(1);
      expect(end?.words.join()).to.include('1 message was not sent');
      await start();
      session.entered('one');
      session.quit();
      session.quit();
      await settle();
      expect(end?.code).to.equal(1);
    });
  });
});
