import { expect } from 'chai';
import { happeningWords } from '../../../../../client/pages/inspect/recording/happening.js';
import { became, inState, left, met, sent, unwatched } from '../recorded.js';

const ADA = { sessionId: 'x:1', name: 'ada' };
const words = (message: Parameters<typeof happeningWords>[0]) =>
  happeningWords(message, (sessionId) => `actor ${sessionId}`);

describe('happeningWords', () => {
  it('says each message in a sentence', () => {
    expect(words(met(1, ADA))).to.equal('ada (service) is there: idle.');
    expect(words(sent(2, ADA, 'go', 'x:9'))).to.equal('ada (service) is sent go by actor x:9.');
    expect(words(sent(2, ADA, 'go', 'x:1'))).to.equal('ada (service) is sent go by itself.');
    expect(words(sent(2, ADA, 'go'))).to.equal('ada (service) is sent go.');
    expect(words(became(3, ADA, inState({ a: 'b' })))).to.equal(
      'ada (service) is in a › b after go.'
    );
    expect(words(became(3, ADA, inState('a', { status: 'error' }), 'stop'))).to.equal(
      'ada (service) has ended (error) after stop.'
    );
    expect(words(unwatched(4, 4_200))).to.equal(
      'Nobody watched for 4.2 s: nothing is recorded of that time.'
    );
    expect(words(left(4, 'x:1', 'x:2'))).to.equal('2 threads not watched from here on.');
    expect(words(undefined)).to.equal('Before the first message that is kept.');
  });
});
