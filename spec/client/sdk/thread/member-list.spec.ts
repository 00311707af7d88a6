import { expect } from 'chai';
import { connect, MemberList, type Client, type Thread } from '../../../../client/sdk/client.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';
import { FakeRollcall } from '../fake-rollcall.js';
import { memoryWebSocket } from '../memory-socket.js';

describe('members', () => {
  let clock: VirtualClock;
  let server: FakeRollcall;
  let client: Client;
  let thread: Thread;
  let told: number;
  let list: MemberList;

  const roles = (): string[] => list.snapshot.members.map(({ user, role }) => `${user} ${role}`);

  beforeEach(async () => {
    clock = new VirtualClock();
    server = new FakeRollcall(() => clock.now());
    const made = server.thread('lobby');
    made.owner = 'ada';
    made.members.set('max', 'reader').set('bob', 'member').set('ada', 'reader');
    client = connect('ws://fake/ws', {
      WebSocket: memoryWebSocket(server),
      clock,
      random: () => 0,
      user: 'ada'
    });
    thread = client.thread('lobby');
    told = 0;
    list = new MemberList(thread, () => (told += 1));
    await settle();
  });

  afterEach(() => {
    list.end();
    client.close();
    expect(clock.waiting, 'timers left after close').to.equal(0);
  });

  it('are asked for, with the owner', async () => {
    expect(await thread.members()).to.deep.include({ thread: 'lobby', owner: 'ada' });
    expect(server.receivedOf('members')).to.have.length(1);
  });

  it('are changed by the owner, and all who have the thread open hear of it', async () => {
    const heard: string[] = [];
    thread.on('member', ({ user, role, by }) =>
      heard.push(`${user} ${String(role)} ${String(by)}`)
    );
    expect(await thread.setMember('eve', 'reader')).to.include({ user: 'eve', role: 'reader' });
    await thread.setMember('bob', null);
    expect(heard).to.eql(['eve reader ada', 'bob null ada']);
    expect([...server.thread('lobby').members.keys()]).to.eql(['max', 'ada', 'eve']);
  });

  it('are loaded again when the owner changes, who has been a member perhaps', async () => {
    const heard: unknown[] = [];
    thread.on('owner', (change) => heard.push(change));
    await list.load();
    server.setOwner('lobby', 'max');
    await settle();
    expect(heard).to.eql([{ type: 'owner', thread: 'lobby', owner: 'max', by: null }]);
    expect(list.snapshot.owner).to.equal('max');
    expect(roles()).to.eql(['ada reader', 'bob member']);
  });

  it('say what this user may do, as it is told with the thread, with the list, and of a change', async () => {
    expect([thread.may, list.snapshot.may]).to.eql([null, null]);
    const heard: unknown[] = [];
    thread.on('rights', (may) => heard.push(may));
    server.setMay('lobby', 'read', 'write');
    await settle();
    expect(list.snapshot.may).to.eql(['read', 'write']);
    server.thread('lobby').may = ['read', 'write', 'manage'];
    await list.load();
    expect(list.snapshot.may).to.eql(['read', 'write', 'manage']);
    server.thread('lobby').may = ['read'];
    server.closeAll(1006, '');
    await clock.advance(60_000);
    expect(thread.may).to.eql(['read']);
    server.forbid('lobby');
    await settle();
    expect(thread.may).to.equal(null);
    expect(heard).to.eql([['read', 'write'], ['read', 'write', 'manage'], ['read']]);
  });

  it('cannot be changed by another, who is told so', async () => {
    server.thread('lobby').owner = 'olga';
    const refusal = await thread.setMember('eve', 'member').catch((error: unknown) => error);
    expect(refusal).to.include({ code: 'forbidden', retry: false });
  });

  it('are not loaded before that is asked for', async () => {
    server.closeAll(1006, '');
    await clock.advance(5_000);
    expect(server.receivedOf('members')).to.have.length(0);
    expect(list.snapshot.isLoading).to.equal(true);
  });

  it('are listed by name, without the owner among them', async () => {
    await list.load();
    expect(list.snapshot).to.include({ owner: 'ada', isLoading: false, problem: null });
    expect(roles()).to.eql(['bob member', 'max reader']);
  });

  it('stay up to date by what the server tells', async () => {
    await list.load();
    told = 0;
    server.setMember('lobby', 'max', 'member', null);
    server.setMember('lobby', 'bob', null, 'olga');
    await settle();
    expect(roles()).to.eql(['max member']);
    expect(told).to.equal(2);
  });

  it('have a change that came between the answer and its reading', async () => {
    server.intercept = (frame, connection) => {
      if (frame.type !== 'members') return false;
      // The change arrives before an answer that does not contain it.
      server.setMember('lobby', 'eve', 'member', null);
      connection.send({
        type: 'members',
        ...(frame.id === undefined ? {} : { id: frame.id }),
        thread: 'lobby',
        owner: 'ada',
        members: []
      });
      return true;
    };
    await list.load();
    expect(roles()).to.eql(['eve member']);
  });

  it('are loaded again after a lost connection, in which a change was missed', async () => {
    await list.load();
    server.closeAll(1006, '');
    server.thread('lobby').members.delete('bob');
    await clock.advance(5_000);
    expect(roles()).to.eql(['max reader']);
  });

  it('say why they are not known', async () => {
    server.forbid('lobby');
    await list.load();
    expect(list.snapshot.problem).to.include({ code: 'forbidden' });
    expect(list.snapshot.isLoading).to.equal(false);
  });
});
