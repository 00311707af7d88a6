import { expect } from 'chai';
import type { RecordedMessage } from '../../../../../protocol/inspection.js';
import { fateOf } from '../../../../../client/pages/inspect/recording/event-fate.js';
import { became, inState, met, sent, timelineOf } from '../recorded.js';

const ADA = { sessionId: 'x:1', name: 'ada' };
const BOB = { sessionId: 'x:2', name: 'bob' };

/** Returns the fate of a `go` sent to Ada in state `one`, when `seq` 1 was the newest message. */
function fate(...messages: RecordedMessage[]) {
  const timeline = timelineOf([met(1, ADA, inState('one')), ...messages]);
  return fateOf(timeline, { sessionId: 'x:1', type: 'go', afterSeq: 1, before: 'one' });
}

const taken = ['one|go|0'];

describe('fateOf', () => {
  it('says which state the event led to', () => {
    expect(fate(sent(2, ADA, 'go'), became(3, ADA, inState('two'), 'go', taken))).to.eql({
      isIgnored: false,
      words: 'took it and is in two'
    });
  });

  it('says that the actor took it and stays in its state', () => {
    expect(fate(sent(2, ADA, 'go'), became(3, ADA, inState('one'), 'go', taken))?.words).to.equal(
      'took it and is still in one'
    );
  });

  it('says that the state ignores it', () => {
    expect(fate(sent(2, ADA, 'go'), became(3, ADA, inState('one'), 'go'))).to.eql({
      isIgnored: true,
      words: 'ignored it: no transition is taken for it in one'
    });
  });

  it('says that the actor ended by it', () => {
    const end = inState('over', { status: 'done' });
    expect(fate(sent(2, ADA, 'go'), became(3, ADA, end, 'go', taken))?.words).to.equal(
      'ended: over (done)'
    );
  });

  it('is unknown before it is recorded', () => {
    expect(fate()).to.equal(null);
    expect(fate(sent(2, ADA, 'go'))).to.equal(null);
  });

  it('is not that of another event, of another actor, or of one that an actor sent', () => {
    expect(
      fate(
        sent(2, BOB, 'go'),
        became(3, BOB, inState('two'), 'go', taken),
        sent(4, ADA, 'tick'),
        became(5, ADA, inState('one'), 'tick'),
        sent(6, ADA, 'go', 'x:2'),
        became(7, ADA, inState('one'), 'go')
      )
    ).to.equal(null);
  });
});
