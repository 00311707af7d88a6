import { expect } from 'chai';
import { agentsNote, endsText } from '../../../../../client/pages/status/words/agent-words.js';
import { runEndWord } from '../../../../../client/pages/status/words/part-words.js';
import { RUN_ENDS } from '../../../../../machines/agents/run.machine.js';
import { sampleReport } from '../sample-report.js';

const [AGENT] = sampleReport().agents;

describe('words of agents', () => {
  it('say how runs have ended, and leave out what never happened', () => {
    const agent = AGENT ?? expect.fail('there is no agent');
    expect(endsText(agent)).to.equal(
      '26 completed, 27 failed, the last 32 in a row, 28 cancelled, 29 interrupted, first text after 1 ms on average'
    );
    const none = { failed: 0, cancelled: 0, interrupted: 0, failedInARow: 1, firstTexts: 0 };
    expect(endsText({ ...agent, ...none })).to.equal('26 completed');
  });

  it('count the open runs, and what the limits of runs refused, not those of others', () => {
    const agents = [AGENT ?? expect.fail('there is no agent')];
    expect(agentsNote({ agents, limited: new Map() })).to.equal('72 runs open');
    const limited = new Map([
      ['runs_user', 2],
      ['run_time', 1],
      ['publishes_connection', 9]
    ]);
    expect(agentsNote({ agents, limited })).to.equal('72 runs open; limits were reached 3 times');
  });

  it('have a word for every end, and for none', () => {
    expect(RUN_ENDS.map((end) => runEndWord(end).tone)).to.eql(['good', 'bad', 'none', 'warn']);
    expect(runEndWord('').text).to.equal('none yet');
  });
});
