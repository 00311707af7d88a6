import { expect } from 'chai';
import fc from 'fast-check';
import type { RecordedMessage } from '../../../../../protocol/inspection.js';
import {
  foldMessage,
  type ActorState
} from '../../../../../client/pages/inspect/states/actor-state.js';
import {
  BEGIN,
  became,
  inState,
  left,
  met,
  sent,
  statesOf,
  timelineOf,
  unwatched
} from '../recorded.js';

const ADA = { sessionId: 'x:1', name: 'ada' };
const BOB = { sessionId: 'x:2', name: 'bob' };
const THREAD = { sessionId: 'x:3', name: 'delivery:t', chart: 'delivery', thread: 't' };

const STORY: readonly RecordedMessage[] = [
  met(1, ADA),
  sent(2, ADA, 'go'),
  became(3, ADA, inState('up')),
  met(4, BOB),
  became(5, ADA, inState('up', { context: { n: 1 } }), 'count'),
  became(6, BOB, inState('idle', { status: 'done' }), 'stop')
];

const source = (messages: readonly RecordedMessage[], dropped = 0) => ({
  actors: [],
  messages,
  dropped,
  chars: 1_000
});

describe('RecordedTimeline', () => {
  it('tells how every actor stood at each place', () => {
    const timeline = timelineOf(STORY);
    expect([0, 1, 3, 4, 6].map((position) => statesOf(timeline, position))).to.eql([
      [],
      ['ada: "idle"'],
      ['ada: "up"'],
      ['ada: "up"', 'bob: "idle"'],
      ['ada: "up"']
    ]);
  });

  it('keeps since when an actor has been in its state, over snapshots that change only its context', () => {
    const [ada] = [...timelineOf(STORY).now.values()];
    expect(ada).to.include({ since: BEGIN + 3_000, seq: 5, order: 1, isSinceOlder: false });
    expect(ada?.event).to.eql({ type: 'count' });
  });

  it('knows that an actor may have been in its state for longer when nothing is recorded of before', () => {
    const [ada] = [...timelineOf([became(3, ADA, inState('up'))]).now.values()];
    expect(ada?.isSinceOlder).to.equal(true);
  });

  it('says where an actor came, went or entered another state', () => {
    const timeline = timelineOf([...STORY, unwatched(7, 500)]);
    expect(STORY.map((_, index) => timeline.isChange(index))).to.eql([
      true,
      false,
      true,
      true,
      false,
      true
    ]);
    expect(timeline.isChange(6), 'a hole').to.equal(true);
    expect(timeline.isChange(7)).to.equal(false);
  });

  it('forgets actors that are watched no more, also once that has given way', () => {
    const story = [met(1, ADA), met(2, THREAD), left(3, 'x:3', 'x:9'), left(4, 'x:9')];
    const timeline = timelineOf(story);
    expect(statesOf(timeline)).to.eql(['ada: "idle"']);
    expect([2, 3].map((index) => timeline.isChange(index))).to.eql([true, false]);
    const short = timelineOf([...story, sent(9, ADA, 'go')], { messagesMax: 1 });
    expect(statesOf(short, 0)).to.eql(['ada: "idle"']);
  });

  it('passes over a message that it has', () => {
    const timeline = timelineOf(STORY);
    expect(timeline.push(became(6, ADA, inState('again')), 1)).to.equal(false);
    expect(timeline.length).to.equal(6);
  });

  it('keeps so many messages, and of those before how actors stood', () => {
    const timeline = timelineOf(STORY, { messagesMax: 3 });
    expect(timeline.length).to.equal(3);
    expect(timeline.dropped).to.equal(3);
    expect(timeline.firstSeq).to.equal(4);
    expect(statesOf(timeline, 0)).to.eql(['ada: "up"']);
    expect(timeline.standing().map(({ seq }) => seq)).to.eql([3]);
  });

  it('keeps so many characters, but always the newest message', () => {
    expect(timelineOf(STORY, { charsMax: 250 }).length).to.equal(2);
    expect(timelineOf(STORY, { charsMax: 1 }).length).to.equal(1);
  });

  it('keeps so many actors from before, and lets threads give way first', () => {
    const threads = Array.from({ length: 5 }, (_, n) =>
      met(n + 2, { ...THREAD, sessionId: `t:${String(n)}`, thread: String(n) })
    );
    const timeline = timelineOf([met(1, ADA), ...threads, sent(9, ADA, 'go')], {
      messagesMax: 1,
      actorsMax: 3
    });
    expect(timeline.standing().map(({ sessionId }) => sessionId)).to.eql(['x:1', 't:3', 't:4']);
  });

  it('goes on from a recording, its actors first', () => {
    const timeline = timelineOf([]);
    timeline.load({ ...source(STORY.slice(3), 3), actors: [became(3, ADA, inState('up'))] });
    expect(statesOf(timeline, 0)).to.eql(['ada: "up"']);
    expect(statesOf(timeline)).to.eql(['ada: "up"']);
    expect(timeline.dropped).to.equal(3);
  });

  it('takes from a recording what it has not, at its place', () => {
    const timeline = timelineOf(STORY.filter(({ seq }) => seq !== 3 && seq !== 6));
    expect(timeline.merge(source(STORY))).to.equal(false);
    expect([...timeline.messages()]).to.eql(STORY);
    expect(statesOf(timeline)).to.eql(['ada: "up"']);
  });

  it('takes nothing that is older than what it has let go', () => {
    const timeline = timelineOf(STORY, { messagesMax: 2 });
    timeline.merge(source(STORY));
    expect(timeline.firstSeq).to.equal(5);
  });

  it('begins anew from a recording that begins after its end, with messages lost between', () => {
    const timeline = timelineOf(STORY.slice(0, 2));
    const later = { ...source([met(50, BOB)], 40), actors: [became(30, ADA, inState('up'))] };
    expect(timeline.merge(later)).to.equal(true);
    expect(statesOf(timeline)).to.eql(['ada: "up"', 'bob: "idle"']);
    expect(timeline.firstSeq).to.equal(50);
  });

  it('finds the place of a message by its seq, and the one before of a seq that it has not', () => {
    const timeline = timelineOf([met(2, ADA), sent(4, ADA, 'go'), sent(8, ADA, 'go')]);
    expect([1, 2, 3, 4, 7, 8, 9].map((seq) => timeline.positionOf(seq))).to.eql([
      0, 1, 1, 2, 2, 3, 3
    ]);
  });

  it('stands at every place as when all messages before it are folded, whatever its bounds', () => {
    const step = fc.record({
      who: fc.constantFrom(ADA, BOB, THREAD),
      kind: fc.constantFrom('met', 'sent', 'up', 'down', 'done')
    });
    const messages = fc.array(step, { maxLength: 60 }).map((steps) =>
      steps.map(({ who, kind }, index): RecordedMessage => {
        const seq = index + 1;
        if (kind === 'met') return met(seq, who);
        if (kind === 'sent') return sent(seq, who, 'go');
        return became(seq, who, inState(kind, { status: kind === 'done' ? 'done' : 'active' }));
      })
    );
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 80 }), (all, messagesMax) => {
        const timeline = timelineOf(all, { messagesMax });
        for (let position = 0; position <= timeline.length; position++) {
          const states = new Map<string, ActorState>();
          for (const message of all.slice(0, all.length - timeline.length + position)) {
            foldMessage(states, message);
          }
          const of = (one: ReadonlyMap<string, ActorState>) =>
            [...one.values()].map(({ name, since, seq }) => [name, since, seq]).sort();
          expect(of(timeline.at(position))).to.eql(of(states));
        }
      }),
      { numRuns: 60 }
    );
  });
});
