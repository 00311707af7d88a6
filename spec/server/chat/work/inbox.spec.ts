import { expect } from 'chai';
import { BURST, SHARED, Inbox, type Backlog } from '../../../../server/chat/work/inbox.js';
import { TURN_POINTS, TurnBudget } from '../../../../server/chat/work/turn-budget.js';

interface Peer {
  readonly name: string;
  backlog: Backlog<string> | null;
}

/** How many frames one turn has points for. */
const PER_TURN = 4;

describe('Inbox', () => {
  const waiting: (() => void)[] = [];
  const handled: string[] = [];
  const over = new Set<string>();
  const overflown: string[] = [];
  let inbox: Inbox<string, Peer>;
  let turn: TurnBudget;

  const nextTurn = (): void => {
    for (const work of waiting.splice(0)) work();
  };
  const peer = (name: string): Peer => ({ name, backlog: null });
  const taken = (): string[] => handled.splice(0);

  beforeEach(() => {
    waiting.length = 0;
    handled.length = 0;
    overflown.length = 0;
    over.clear();
    turn = new TurnBudget((work) => waiting.push(work));
    const handle = ({ name }: Peer, text: string): void => {
      handled.push(`${name}${text}`);
      turn.spend(TURN_POINTS / PER_TURN);
    };
    inbox = new Inbox({
      turn,
      charsMax: 40,
      text: handle,
      frame: handle,
      isOver: ({ name }) => over.has(name),
      overflow: ({ name }) => overflown.push(name)
    });
  });

  it('handles a message of few frames at once', () => {
    const ada = peer('a');
    inbox.take(ada, '1\n\n 2 \n');
    expect(taken()).to.eql(['a1', 'a 2 ']);
    expect(ada.backlog).to.equal(null);
  });

  it('hands a message of blank lines only on as one frame', () => {
    inbox.take(peer('a'), '\n \n');
    expect(taken()).to.eql(['a\n \n']);
    turn.spend(TURN_POINTS);
    inbox.take(peer('b'), '\n \n');
    nextTurn();
    expect(taken()).to.eql(['b\n \n']);
  });

  it('spreads a message of many frames over turns, in order, behind which later messages wait', () => {
    const ada = peer('a');
    inbox.take(ada, '1\n2\n3\n4\n5\n6');
    expect(taken()).to.eql(['a1', 'a2', 'a3', 'a4']);
    inbox.take(ada, '7');
    expect(taken()).to.eql([]);
    nextTurn();
    expect(taken()).to.eql(['a5', 'a6', 'a7']);
    expect(ada.backlog).to.equal(null);
  });

  it('lets connections take turns, so that one long message delays the others by one frame', () => {
    const [ada, bob] = [peer('a'), peer('b')];
    inbox.take(ada, '1\n2\n3\n4\n5\n6\n7');
    inbox.take(bob, '1\n2');
    taken();
    nextTurn();
    expect(taken()).to.eql(['a5', 'b1', 'a6', 'b2']);
  });

  it('handles decoded frames before the texts that wait', () => {
    const ada = peer('a');
    inbox.take(ada, '1\n2\n3\n4\n5');
    inbox.takeDecoded(ada, ['x', 'y', 'z']);
    taken();
    nextTurn();
    expect(taken()).to.eql(['ax', 'ay', 'az', 'a5']);
    inbox.takeDecoded(ada, ['x']);
    nextTurn();
    expect(taken()).to.eql(['ax']);
  });

  it('stops at decoded frames of a connection that is over, or that one of them ends', () => {
    const [ada, bob] = [peer('a'), peer('b')];
    over.add('a');
    // A loop that does not stop here hangs this spec, as it once hung the server.
    inbox.takeDecoded(ada, ['x', 'y']);
    expect(taken()).to.eql([]);
    const ending = new Inbox<string, Peer>({
      turn,
      charsMax: 40,
      text: () => undefined,
      frame: (connection, frame) => {
        handled.push(frame);
        ending.drop(connection);
      },
      isOver: () => false,
      overflow: () => undefined
    });
    ending.takeDecoded(bob, ['x', 'y', 'z']);
    expect(taken()).to.eql(['x']);
    expect([ada.backlog, bob.backlog]).to.eql([null, null]);
  });

  it('drops the frames of a connection that is over', () => {
    const ada = peer('a');
    inbox.take(ada, '1\n2\n3\n4\n5\n6');
    over.add('a');
    nextTurn();
    expect(taken()).to.eql(['a1', 'a2', 'a3', 'a4']);
    expect(ada.backlog).to.equal(null);
  });

  it('drops what waits beyond its bound, and says so', () => {
    const ada = peer('a');
    turn.spend(TURN_POINTS);
    inbox.take(ada, '1\n2\n3');
    inbox.take(ada, 'x'.repeat(40 * BURST - 10));
    expect(overflown).to.eql([]);
    inbox.take(ada, 'x'.repeat(40));
    expect(overflown).to.eql(['a']);
    expect(ada.backlog).to.equal(null);
    nextTurn();
    expect(taken()).to.eql([]);
  });

  it('drops less of each connection when many have much waiting', () => {
    turn.spend(TURN_POINTS);
    const many = Array.from({ length: SHARED }, (_, n) => peer(String(n)));
    for (const each of many) inbox.take(each, 'x'.repeat(40));
    inbox.take(peer('a'), 'x'.repeat(40));
    expect(overflown).to.eql([]);
    inbox.take(peer('b'), 'x'.repeat(41));
    expect(overflown).to.eql(['b']);
  });
});
