import { expect } from 'chai';
import { ActiveThread } from '../../../actors/threads/active-thread.js';
import { Connection, OWED_BYTES_MAX } from '../../../server/chat/connection.js';
import { HISTORY_CHARS_MAX } from '../../../server/chat/message-pages.js';
import { OutFrame } from '../../../server/transport/out-frame.js';
import { FakeSocket } from './fake-socket.js';

const said = (text: string): OutFrame => new OutFrame(text, 'said');

const open = (): { connection: Connection; socket: FakeSocket } => {
  const connection = new Connection('c1', '::1', null, false, 0);
  return { connection, socket: new FakeSocket(connection) };
};

describe('Connection', () => {
  it('keeps replies that find the buffer full and pays them in order once there is room', () => {
    const { connection, socket } = open();
    socket.room = 1;
    for (const text of ['a', 'b', 'c', 'd']) connection.send(said(text));
    expect(socket.sent).to.eql(['a']);
    socket.room = 1;
    expect(connection.payOwed()).to.equal(false);
    // A new reply must wait behind the owed ones, even when the socket has room for it.
    socket.room = 1;
    connection.send(said('e'));
    socket.room = Infinity;
    expect(connection.payOwed()).to.equal(true);
    expect(socket.sent).to.eql(['a', 'b', 'c', 'd', 'e']);
  });

  it('owes a whole page of history, and closes with 3008 when it owes too much', () => {
    const { connection, socket } = open();
    socket.room = 0;
    connection.send(said('x'.repeat(HISTORY_CHARS_MAX + 10_000)));
    expect(socket.ended).to.equal(null);
    connection.send(said('x'.repeat(OWED_BYTES_MAX)));
    expect(socket.ended).to.equal(3008);
  });

  it('counts what it has paid', () => {
    const { connection, socket } = open();
    for (let round = 0; round < 5; round++) {
      socket.room = 0;
      connection.send(said('x'.repeat(OWED_BYTES_MAX)));
      socket.room = Infinity;
      expect(connection.payOwed()).to.equal(true);
    }
    expect(socket.ended).to.equal(null);
    expect(socket.sent).to.have.length(5);
  });

  it('tells a client that is too slow where each subscription stood', () => {
    const { connection, socket } = open();
    const [live, behind] = [
      new ActiveThread('live', false, 'x1', 9, 0),
      new ActiveThread('behind', false, 'x1', 9, 0)
    ];
    connection.subscriptions = [
      { thread: live, may: [], cursor: 2, replayTo: null, isLive: true, behind: null },
      { thread: behind, may: [], cursor: 4, replayTo: 9, isLive: false, behind: null }
    ];
    connection.disconnect(3008, 0);
    expect(socket.frames[0]).to.deep.include({
      type: 'disconnect',
      code: 3008,
      reconnect: true,
      resume: [
        { thread: 'live', offset: 9, epoch: 'x1' },
        { thread: 'behind', offset: 4, epoch: 'x1' }
      ]
    });
  });

  it('says nothing more once it is closing', () => {
    const { connection, socket } = open();
    connection.disconnect(3001, 500);
    connection.disconnect(3004, 0);
    connection.send(said('late'));
    expect(socket.frames.map(({ code }) => code)).to.eql([3001]);
    expect(socket.ended).to.equal(3001);
  });
});
