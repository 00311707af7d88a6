import { expect } from 'chai';
import {
  actionWord,
  modeText,
  outcomeText,
  phaseContent,
  serviceWord,
  spaced
} from '../../../client/status/part-words.js';
import { DELIVERY_OUTCOMES } from '../../../machines/delivery-outcome.js';
import { PHASES } from '../../../machines/startup.machine.js';

describe('words of parts', () => {
  it('colour what is well and what is not', () => {
    expect(serviceWord('connected').tone).to.equal('good');
    expect(serviceWord('failed').tone).to.equal('bad');
    expect(actionWord('none')).to.eql({ tone: 'good', text: 'well' });
    expect(actionWord('given_up')).to.eql({ tone: 'bad', text: 'given up' });
  });

  it('show what is not known as it is', () => {
    expect(serviceWord('on_holiday')).to.eql({ tone: 'none', text: 'on holiday' });
    expect(serviceWord('constructor')).to.eql({ tone: 'none', text: 'constructor' });
    expect(modeText('borrowed')).to.equal('borrowed');
    expect(outcomeText('evaporated')).to.equal('');
    expect(spaced('skipped_test_thread')).to.equal('skipped test thread');
  });

  it('explain every outcome and every phase', () => {
    expect(DELIVERY_OUTCOMES.map(outcomeText)).to.not.include('');
    expect(PHASES.map(phaseContent)).to.not.include('');
  });
});
