import { expect } from 'chai';
import { recordedThreads } from '../../../../../client/pages/inspect/recording/recorded-threads.js';
import { became, inState, left, met, timelineOf } from '../recorded.js';

const thread = (name: string, sessionId: string) => ({
  sessionId,
  name: `delivery:${name}`,
  chart: 'delivery',
  thread: name
});

describe('recordedThreads', () => {
  const timeline = timelineOf([
    met(1, thread('a', 'x:1')),
    met(2, { sessionId: 'x:9' }),
    became(3, thread('a', 'x:1'), inState('waiting')),
    left(4, 'x:1'),
    met(5, thread('b', 'x:2')),
    became(6, thread('a', 'x:3'), inState('delivering'))
  ]);
  const at = (position: number) =>
    Array.from(
      recordedThreads(timeline, position),
      ([name, { snapshot }]) => `${name}: ${JSON.stringify(snapshot.value)}`
    );

  it('knows each thread as it was last seen, also one that is not watched any more', () => {
    expect(at(4)).to.eql(['a: "waiting"']);
    expect(at(6)).to.eql(['a: "delivering"', 'b: "idle"']);
  });

  it('knows nothing of what came later', () => {
    expect(at(1)).to.eql(['a: "idle"']);
    expect(at(0)).to.eql([]);
  });

  it('knows those from before the first message that is kept', () => {
    const short = timelineOf([met(1, thread('a', 'x:1')), met(2, thread('b', 'x:2'))], {
      messagesMax: 1
    });
    expect([...recordedThreads(short, 1).keys()]).to.eql(['a', 'b']);
  });
});
