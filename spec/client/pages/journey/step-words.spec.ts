import { expect } from 'chai';
import { readJourneys, type Journey } from '../../../../client/pages/journey/journey-answer.js';
import { statusWords, stepWords } from '../../../../client/pages/journey/step-words.js';

const NOW = 100_000;

function journeyOf(status: string, ...steps: object[]): Journey {
  const body = {
    now: NOW,
    journeys: [{ thread: 't', offset: 5, from: { user: 'ada' }, status, steps, complete: true }]
  };
  return readJourneys(body)?.journeys[0] ?? expect.fail('it was not read');
}

/** Returns the words for one step of a message with this status. */
function words(step: object, status = 'delivered') {
  const journey = journeyOf(status, { source: 'log', at: NOW, afterMs: 1, ...step });
  return stepWords(journey.steps[0]!, journey, NOW);
}

describe('stepWords', () => {
  const told: [object, RegExp][] = [
    [{ step: 'received' }, /^Received: From ada\.$/],
    [{ step: 'appended', offset: 5, durable: 'disk' }, /^Stored at offset 5: On disk/],
    [{ step: 'appended', offset: 5 }, /^Stored at offset 5: $/],
    [{ step: 'fanned_out', subscribers: 1 }, /^Given to 1 subscriber: $/],
    [{ step: 'undelivered', messages: 3 }, /with 2 other messages/],
    [{ step: 'undelivered' }, /within the grace\. It/],
    [
      { step: 'lagged', user: 'bob', connection: 'c1', since: NOW - 4_000, from: 2, upTo: 9 },
      /^bob was too slow and got it late: .* for 4 s; it was given all with offsets 2 to 9, on connection c1\.$/
    ],
    [{ step: 'replayed', user: '', connection: 'e7' }, /^Connection e7 was given it/],
    [{ step: 'left' }, /^Somebody left without it/],
    [{ step: 'read', user: 'bob\u202e' }, /^Read by bob\ufffd: $/],
    [
      { step: 'lagging', user: 'bob', cursor: 3, since: NOW - 61_000 },
      /^bob lags behind it: Given up to offset 3 so far, behind for 1 min 1 s\.$/
    ],
    [{ step: 'taught' }, /^taught: This page does not know the word\.$/]
  ];
  for (const [step, text] of told) {
    it(`says ${JSON.stringify(step).slice(0, 60)}`, () => {
      const { title, detail } = words(step);
      expect(`${title}: ${detail}`).to.match(text);
    });
  }

  it('says when a message will be reported only while it is held', () => {
    const held = { step: 'held', dueAt: NOW + 4_200 };
    expect(words(held, 'held')).to.deep.include({ tone: 'busy' });
    expect(words(held, 'held').detail).to.match(/it is reported in 5 s\.$/);
    expect(words(held, 'delivered_late')).to.deep.include({ tone: 'warn', detail: '' });
  });
});

describe('statusWords', () => {
  const stands: [string, string][] = [
    ['delivered', 'Delivered'],
    ['delivered_late', 'Delivered late'],
    ['delivered_to_user', 'Given to the owner'],
    ['stored', 'Kept'],
    ['held', 'Waiting for a subscriber'],
    ['undelivered', 'Not delivered'],
    ['unknown', 'Stored']
  ];
  for (const [status, title] of stands) {
    it(`calls ${status} "${title}"`, () => {
      expect(statusWords(journeyOf(status)).title).to.equal(title);
    });
  }

  it('says how many have not taken it yet, and is not content then', () => {
    const lagging = { step: 'lagging', source: 'now', user: 'bob' };
    const { tone, meaning } = statusWords(journeyOf('delivered', lagging));
    expect(tone).to.equal('warn');
    expect(meaning).to.match(/1 connection has not taken it yet\.$/);
  });

  it('says how much later the next subscriber was given it, where that is known', () => {
    const late = (afterMs: number | null) =>
      statusWords(journeyOf('delivered_late', { step: 'delivered_late', afterMs })).meaning;
    expect(late(5_100)).to.match(/given it 5\.1 s later\.$/);
    expect(late(null)).to.match(/given it\.$/);
  });
});

describe('readJourneys', () => {
  it('says that it is no answer when something else answered', () => {
    for (const body of [null, 'text', {}, { journeys: [] }, { journeys: 7 }]) {
      expect(readJourneys(body)).to.equal(null);
    }
  });

  it('shows what it knows when fields are missing or of another kind', () => {
    const [journey] = readJourneys({
      journeys: [{ steps: [{ at: 'x' }, 7], notes: [1, 'n'] }]
    })!.journeys;
    expect(journey).to.deep.include({ thread: '', isComplete: false, notes: ['n'] });
    expect(journey?.steps).to.have.length(1);
    const [far] = readJourneys({ journeys: [{ at: 1e300, steps: [{ at: -9e15 }] }] })!.journeys;
    expect([far?.at, far?.steps[0]?.at], 'no date can show them').to.deep.equal([0, null]);
    expect(journey?.steps[0]).to.deep.include({ step: '', at: null, user: null });
  });
});
