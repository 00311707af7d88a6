import { expect } from 'chai';
import type { RecordedMessage } from '../../../../../protocol/inspection.js';
import { drawSequence } from '../../../../../client/pages/inspect/chart/sequence-drawing.js';
import {
  LIFELINES_MAX,
  SEQUENCE_STEPS_MAX,
  sequenceOf,
  type SequenceStep
} from '../../../../../client/pages/inspect/recording/sequence.js';
import { became, inState, met, sent } from '../recorded.js';

const ADA = { sessionId: 'ada' };
const BOB = { sessionId: 'bob' };

function sequence(messages: readonly RecordedMessage[]) {
  return sequenceOf(
    { message: (index) => messages[index], position: messages.length },
    ({ sessionId }) => sessionId === 'ada',
    (sessionId) => sessionId === 'ada'
  );
}

const words = (step: SequenceStep) =>
  step.kind === 'event'
    ? `${step.from || 'outside'} → ${step.to}: ${step.words}`
    : `${step.of} is ${step.words}`;

describe('sequenceOf', () => {
  it('holds what an actor heard and said, and the states that it entered, oldest first', () => {
    const { steps, lifelines } = sequence([
      met(1, ADA),
      sent(2, ADA, 'hello', 'bob'),
      became(3, ADA, inState('up')),
      sent(4, BOB, 'hi', 'ada'),
      sent(5, ADA, { type: 'message', outcome: 'delivered' }),
      sent(6, { sessionId: 'eve' }, 'no', 'bob')
    ]);
    expect(steps.map(words)).to.eql([
      'bob → ada: hello',
      'ada is up',
      'ada → bob: hi',
      'outside → ada: message: delivered'
    ]);
    expect(lifelines).to.eql(['ada', '', 'bob']);
  });

  it('shows a state once, where it was entered', () => {
    const { steps } = sequence([
      became(1, ADA, inState('up')),
      became(2, ADA, inState('up')),
      became(3, ADA, inState('down')),
      became(4, ADA, inState('down')),
      became(5, ADA, inState('up'))
    ]);
    expect(steps.map(({ seq }) => seq)).to.eql([1, 3, 5]);
  });

  it('says how an actor ended', () => {
    const { steps } = sequence([became(1, ADA, inState('up', { status: 'error' }))]);
    expect(steps.map(words)).to.eql(['ada is up error']);
  });

  it('keeps the newest steps, and the actors that were heard of last', () => {
    const many = Array.from({ length: 200 }, (_, n) => sent(n + 1, ADA, 'e', `s${String(n)}`));
    const { steps, lifelines, omitted } = sequence(many);
    expect(lifelines).to.have.length(LIFELINES_MAX);
    expect(lifelines).to.include('s199');
    expect(steps).to.have.length(LIFELINES_MAX - 1);
    expect(steps.length + omitted).to.equal(SEQUENCE_STEPS_MAX);
  });
});

describe('drawSequence', () => {
  it('draws a line for each actor and an arrow for each event, from left to right', () => {
    const { children, attributes } = drawSequence(
      sequence([sent(1, ADA, 'hello', 'bob'), sent(2, ADA, 'self', 'ada')]),
      { of: (id) => [id, 'kind'], time: String }
    );
    expect(attributes['aria-label']).to.match(/^2 steps between 2 actors/);
    const classes = children.map((child) =>
      typeof child === 'string' ? child : child.attributes['class']
    );
    expect(classes).to.eql([
      'sequence-lifeline',
      'sequence-lifeline',
      'sequence-step sequence-event',
      'sequence-step sequence-event'
    ]);
    const arrow = children[2];
    expect(JSON.stringify(arrow)).to.include('"data-seq":"1"').and.include('hello');
  });
});
