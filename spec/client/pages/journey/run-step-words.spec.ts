import { expect } from 'chai';
import { readJourneys } from '../../../../client/pages/journey/journey-answer.js';
import { runState, runStepWords } from '../../../../client/pages/journey/run-step-words.js';

function words(step: object): string {
  const journeys = readJourneys({ journeys: [{ steps: [{ agent: 'order', ...step }] }] });
  const read = journeys?.journeys[0]?.steps[0] ?? expect.fail('it was not read');
  const found = runStepWords(read);
  return found === null ? 'nothing' : `${found.tone} ${found.title}: ${found.detail}`;
}

describe('runStepWords', () => {
  const told: [object, string][] = [
    [
      { step: 'run_queued', position: 2 },
      'busy Agent order had another run at work: Its place in the queue was 2.'
    ],
    [{ step: 'run_started' }, 'good Agent order began to answer: '],
    [{ step: 'run_first_text' }, 'good Agent order said the first of its answer: '],
    [
      { step: 'run_tool', tool: 'shop\u202e', ok: true, tookMs: 1_500 },
      'good Tool shop\ufffd: It was done after 1.5 s.'
    ],
    [{ step: 'run_tool', tool: 'shop', ok: false }, 'warn Tool shop: It failed.'],
    [{ step: 'run_tool', tool: 'shop' }, 'busy Tool shop: It has not ended.'],
    [
      { step: 'run_asked' },
      'busy Agent order asked people: Until somebody answers, the run waits.'
    ],
    [{ step: 'run_answered', user: 'bob' }, 'good Answered by bob: '],
    [{ step: 'run_answered', user: '' }, 'warn Nobody answered in time: '],
    [
      { step: 'run_completed', tookMs: 1_500, attempts: 2 },
      'good Agent order has answered: After 1.5 s. In 2 attempts.'
    ],
    [{ step: 'run_failed', code: 'timeout', attempts: 1 }, 'bad Agent order failed: timeout: '],
    [
      { step: 'run_cancelled', user: 'ada', mid: 'm2' },
      'warn The run was cancelled by ada, by the message m2: '
    ],
    [
      { step: 'run_interrupted', code: 'interrupted' },
      'bad Agent order was interrupted: The server stopped while it was at work.'
    ],
    [{ step: 'steered_run' }, 'good Agent order was given it during a run: It steered that run.'],
    [{ step: 'cancelled_run' }, 'warn It cancelled a run of agent order: '],
    [{ step: 'run_to_come' }, 'nothing']
  ];
  for (const [step, text] of told) {
    it(`says ${JSON.stringify(step).slice(0, 60)}`, () => {
      expect(words(step)).to.equal(text);
    });
  }

  it('says the state of a run, and shows one of a newer server as it is', () => {
    expect(runState('waiting')).to.equal('waits for an answer of people');
    expect(runState('dreaming')).to.equal('dreaming');
  });
});
