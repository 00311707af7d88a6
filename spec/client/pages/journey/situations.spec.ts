/** A table of situations: each status of a message, combined with each later event. Headline and rows must agree. */
import { expect } from 'chai';
import { readJourneys, type Journey } from '../../../../client/pages/journey/journey-answer.js';
import { statusWords, stepWords } from '../../../../client/pages/journey/step-words.js';

const NOW = 100_000;

/** Steps of a message by its status, without later events. */
const OWN: Readonly<Record<string, readonly object[]>> = {
  delivered: [{ step: 'fanned_out', subscribers: 2 }],
  delivered_to_user: [{ step: 'delivered_to_user' }],
  stored: [{ step: 'stored' }],
  held: [{ step: 'held', dueAt: NOW + 4_000 }],
  undelivered: [{ step: 'held' }, { step: 'undelivered' }],
  delivered_late: [
    { step: 'held' },
    { step: 'undelivered' },
    { step: 'delivered_late', afterMs: 9 }
  ],
  unknown: []
};

const bob = { user: 'bob', connection: 'c1' };

/** Events that may follow, each with its steps. */
const SINCE: Readonly<Record<string, readonly object[]>> = {
  nothing: [],
  'somebody has read it': [{ step: 'read', ...bob }],
  'somebody is catching up': [{ step: 'replaying', source: 'now', ...bob }],
  'somebody lags': [{ step: 'lagging', source: 'now', ...bob }],
  'somebody was slow': [{ step: 'lagged', ...bob, since: NOW - 9 }],
  'somebody left without it': [{ step: 'left', ...bob }],
  'somebody left and came back': [
    { step: 'left', ...bob },
    { step: 'replayed', ...bob, at: NOW + 1 }
  ]
};

function journeyOf(status: string, ...steps: readonly object[]): Journey {
  const body = {
    now: NOW,
    journeys: [
      {
        thread: 't',
        offset: 5,
        from: { user: 'ada' },
        status,
        steps: steps.map((step) => ({ at: NOW, source: 'log', ...step })),
        notes: status === 'unknown' ? ['it is not recorded'] : [],
        complete: true
      }
    ]
  };
  return readJourneys(body)?.journeys[0] ?? expect.fail('it was not read');
}

describe('the words of a journey', () => {
  for (const [status, own] of Object.entries(OWN)) {
    for (const [name, since] of Object.entries(SINCE)) {
      it(`agree with one another: ${status}, ${name}`, () => {
        const journey = journeyOf(status, ...own, ...since);
        const { tone, meaning } = statusWords(journey);
        const rows = journey.steps.map((step) => stepWords(step, journey, NOW));
        for (const words of [meaning, ...rows.map(({ detail }) => detail).filter(Boolean)]) {
          expect(words, 'whole sentences').to.match(/^[A-Z].*\.$/s);
          expect(words).to.not.match(/\.\.|undefined|null|  /);
        }
        const tones = rows.map((row) => row.tone);
        if (tone === 'good') expect(tones, 'no row is worse').to.not.include.members(['bad']);
        if (tone === 'good')
          expect(tones, 'nothing is outstanding').to.not.include.members(['busy']);
        if (tones.includes('bad')) expect(tone).to.not.equal('good');
        const isWaiting = status === 'held' || status === 'undelivered';
        const text = rows.map(({ title, detail }) => `${title} ${detail}`).join(' ');
        if (!isWaiting)
          expect(text, 'what is over').to.not.match(/is kept for|it is reported|It goes/);
        if (isWaiting && since.length > 0) expect(meaning).to.include('nobody but those below');
        if (name === 'somebody left without it')
          expect(meaning).to.match(/1 connection left without it\.$|below/);
        if (name === 'somebody left and came back') {
          expect(meaning).to.not.include('left without it');
          expect(text).to.not.include('can still be read');
        }
      });
    }
  }

  it('count no subscribers where their number is not known', () => {
    expect(statusWords(journeyOf('delivered')).meaning).to.equal(
      'It was given to those who were subscribed as soon as it was stored.'
    );
  });

  it('lead to no notes where there are none', () => {
    expect(statusWords(journeyOf('unknown')).meaning).to.include('see below why');
    const bare = { ...journeyOf('unknown'), notes: [] };
    expect(statusWords(bare).meaning).to.equal('What became of it at first is not recorded.');
  });
});
