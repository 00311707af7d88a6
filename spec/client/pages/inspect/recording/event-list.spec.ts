import { expect } from 'chai';
import type { RecordedMessage } from '../../../../../protocol/inspection.js';
import { newestEntries } from '../../../../../client/pages/inspect/recording/event-list.js';
import { BEGIN, became, inState, left, met, sent, timelineOf, unwatched } from '../recorded.js';

const ADA = { sessionId: 'x:1', name: 'ada' };
const BOB = { sessionId: 'x:2', name: 'bob' };

function logOf(messages: readonly RecordedMessage[], max = 10, name: string | null = null) {
  const source = { message: (index: number) => messages[index], position: messages.length };
  const { entries, isMore } = newestEntries(
    source,
    (one) => name === null || one.type !== '@xstate.event' || one.name === name,
    max
  );
  const lines = entries.map((entry) =>
    entry.kind === 'hole'
      ? 'hole'
      : `${entry.event.type} from ${entry.from ?? '?'}: ${JSON.stringify(entry.after?.value)} ${entry.transitions.join()}`.trim()
  );
  return { lines, isMore };
}

describe('newestEntries', () => {
  it('gives each event the snapshot that it led to, newest first', () => {
    const messages = [
      met(1, ADA),
      sent(2, ADA, 'go', 'x:9'),
      became(3, ADA, inState('one'), 'go', ['idle|go|0']),
      sent(4, ADA, 'go'),
      became(5, ADA, inState('two'), 'go')
    ];
    expect(logOf(messages).lines).to.eql(['go from ?: "two"', 'go from x:9: "one" idle|go|0']);
  });

  it('tells events that were sent before either was taken apart', () => {
    const messages = [
      sent(1, ADA, 'go'),
      sent(2, ADA, 'go'),
      sent(3, BOB, 'go'),
      became(4, BOB, inState('bob'), 'go'),
      became(5, ADA, inState('one'), 'go'),
      became(6, ADA, inState('two'), 'go')
    ];
    expect(logOf(messages, 10, 'ada').lines).to.eql(['go from ?: "two"', 'go from ?: "one"']);
  });

  it('has no snapshot for an event that no chart was told of', () => {
    const messages = [sent(1, ADA, { type: 'message', outcome: 'delivered' })];
    expect(logOf(messages).lines).to.eql(['message from ?: undefined']);
  });

  it('shows when nobody watched', () => {
    const messages = [sent(1, ADA, 'go'), unwatched(2, 100), sent(3, ADA, 'on'), left(4, 'x:1')];
    expect(logOf(messages).lines).to.eql([
      'hole',
      'on from ?: undefined',
      'hole',
      'go from ?: undefined'
    ]);
  });

  it('shows times that nobody watched as one when nothing is recorded between them', () => {
    const messages = [sent(1, ADA, 'go'), left(2, 'x:1'), unwatched(4, 100), unwatched(6, 100)];
    expect(logOf(messages).lines).to.eql(['hole', 'go from ?: undefined']);
    const all = timelineOf(messages);
    const source = { message: (index: number) => all.message(index), position: all.length };
    const [hole] = newestEntries(source, () => true, 10).entries;
    expect(hole, 'since it was left').to.include({ seq: 6, from: BEGIN + 2_000 });
  });

  it('reads no more than it is asked for, and says that there is more', () => {
    const messages = [1, 2, 3].map((seq) => sent(seq, ADA, `e${String(seq)}`));
    const { lines, isMore } = logOf(messages, 2);
    expect(lines).to.eql(['e3 from ?: undefined', 'e2 from ?: undefined']);
    expect(isMore).to.equal(true);
    expect(logOf(messages, 3).isMore).to.equal(false);
  });
});
