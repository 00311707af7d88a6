import { expect } from 'chai';
import {
  actionWord,
  findingText,
  lineWord,
  modeText,
  monitorWord,
  outcomeText,
  phaseContent,
  serviceWord,
  spaced
} from '../../../../../client/pages/status/words/part-words.js';
import { DELIVERY_OUTCOMES } from '../../../../../machines/delivery/delivery-outcome.js';
import { FINDING_KINDS, MONITOR_LEVELS } from '../../../../../machines/finding.js';
import { KEPT_LEVELS } from '../../../../../server/logger/kept-lines.js';
import { PHASES } from '../../../../../machines/startup.machine.js';

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

  it('know every level and every finding of the monitor', () => {
    const tones = MONITOR_LEVELS.map((level) => monitorWord(level).tone);
    expect(tones).to.eql(['bad', 'bad', 'warn', 'good']);
    for (const kind of FINDING_KINDS) expect(findingText(kind)).to.match(/^[A-Z][A-Za-z ]+$/);
    expect(findingText('unheard_of')).to.equal('unheard of');
  });

  it('know every level of a log line', () => {
    expect(KEPT_LEVELS.map((level) => lineWord(level).tone)).to.eql(['warn', 'bad', 'bad']);
  });

  it('explain every outcome and every phase', () => {
    expect(DELIVERY_OUTCOMES.map(outcomeText)).to.not.include('');
    expect(PHASES.map(phaseContent)).to.not.include('');
  });
});
