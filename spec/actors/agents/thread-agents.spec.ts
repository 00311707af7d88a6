import { expect } from 'chai';
import { ThreadAgents } from '../../../actors/agents/thread-agents.js';
import { LogUnavailableError } from '../../../actors/log/log-errors.js';
import { MemoryLog } from '../log/memory-log.js';

/** The agents of the threads of a log, and what was told of changes. */
function rig(hasTrial = false) {
  const log = new MemoryLog();
  const told: unknown[] = [];
  const agents = new ThreadAgents({
    log,
    hasTrial,
    tell: ({ thread, agent, by }) => told.push([thread, agent, by])
  });
  return { log, told, agents };
}

describe('ThreadAgents', () => {
  it('tells of a change, and of nothing that stays as it is', async () => {
    const { told, agents } = rig(true);
    await agents.set('agent-1', 'echo', 'ada');
    await agents.set('agent-1', null, null);
    await agents.set('agent-1', null, null);
    await agents.set('other', 'echo', 'ada');
    expect(told).to.eql([
      ['agent-1', null, null],
      ['other', 'echo', 'ada']
    ]);
    expect(['agent-1', 'agent-2', 'other'].map((thread) => agents.of(thread))).to.eql([
      null,
      'echo',
      'echo'
    ]);
  });

  it('has what the log has when changes are noted in another order than they were stored', async () => {
    const { log, told, agents } = rig();
    agents.of('t');
    const [change] = agents.naming('t', 'echo');
    await log.setRecord('t', 'agent', 'answers', change?.text ?? null);
    await log.setRecord('t', 'agent', 'answers', 'later');
    agents.noted('t', 'bob');
    agents.noted('t', 'ada');
    expect(told).to.eql([['t', 'later', 'bob']]);
    expect(agents.of('t')).to.equal('later');
  });

  it('tells nothing while the log cannot be read, and knows it afterwards', async () => {
    const { log, told, agents } = rig();
    agents.of('t');
    await log.setRecord('t', 'agent', 'answers', 'echo');
    const record = log.record.bind(log);
    log.record = () => {
      throw new LogUnavailableError('the log cannot be read');
    };
    agents.noted('t', 'ada');
    expect(told).to.eql([]);
    log.record = record;
    expect(agents.of('t')).to.equal('echo');
  });
});
