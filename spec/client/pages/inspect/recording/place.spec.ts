import { expect } from 'chai';
import {
  placeAfter,
  positionAt,
  stepped,
  type Stride
} from '../../../../../client/pages/inspect/recording/place.js';
import { became, inState, met, sent, timelineOf, unwatched } from '../recorded.js';

const ADA = { sessionId: 'x:1', name: 'ada' };
const BOB = { sessionId: 'x:2', name: 'bob' };
const TIMELINE = timelineOf([
  met(1, ADA),
  met(2, BOB),
  sent(3, ADA, 'go'),
  became(4, ADA, inState('up')),
  became(5, BOB, inState('up')),
  became(6, ADA, inState('up'))
]);
const nameOf = () => '';
const subject = { kind: 'actor', key: 'ada' } as const;

/** Returns the positions of up to eight steps in one direction, from a position or from the end. */
function walk(direction: -1 | 1, stride: Stride, from: number | null = null): number[] {
  const positions: number[] = [];
  let place = from === null ? null : placeAfter(TIMELINE, from);
  for (let count = 0; count < 8; count++) {
    const next = stepped(TIMELINE, place, direction, stride, subject, nameOf);
    if (positions.length > 0 && next === place) break;
    place = next;
    positions.push(positionAt(TIMELINE, place));
  }
  return positions;
}

describe('stepped', () => {
  it('goes from message to message', () => {
    expect(walk(-1, 'messages')).to.eql([5, 4, 3, 2, 1, 0]);
    expect(walk(1, 'messages', 3)).to.eql([4, 5, 6]);
  });

  it('goes from change to change of any actor', () => {
    expect(walk(-1, 'changes')).to.eql([5, 4, 2, 1, 0]);
    expect(walk(1, 'changes', 0)).to.eql([1, 2, 4, 5]);
  });

  it('goes from change to change of one actor', () => {
    expect(walk(-1, 'subject')).to.eql([4, 1, 0]);
    expect(walk(1, 'subject', 1)).to.eql([4]);
  });

  it('does not stop where nobody watched, except on the way through every message', () => {
    const timeline = timelineOf([met(1, ADA), unwatched(2, 500), became(3, ADA, inState('up'))]);
    const back = (stride: Stride) => stepped(timeline, 3, -1, stride, subject, nameOf);
    expect([back('subject'), back('changes'), back('messages')]).to.eql([1, 1, 2]);
  });

  it('stays where it is when there is nothing further', () => {
    const end = placeAfter(TIMELINE, 6);
    expect(stepped(TIMELINE, end, 1, 'messages', subject, nameOf)).to.equal(end);
    const first = placeAfter(TIMELINE, 0);
    expect(stepped(TIMELINE, first, -1, 'changes', subject, nameOf)).to.equal(first);
  });
});

describe('placeAfter', () => {
  it('stays at its message when older ones give way', () => {
    const timeline = timelineOf([met(1, ADA), sent(2, ADA, 'a')], { messagesMax: 2 });
    const place = placeAfter(timeline, 2);
    timeline.push(sent(3, ADA, 'b'), 1);
    expect(positionAt(timeline, place)).to.equal(1);
    timeline.push(sent(4, ADA, 'c'), 1);
    timeline.push(sent(5, ADA, 'd'), 1);
    expect(positionAt(timeline, place), 'its message has given way itself').to.equal(0);
  });
});
