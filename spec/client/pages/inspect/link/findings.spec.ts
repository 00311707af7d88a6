import { expect } from 'chai';
import { AGAIN_MS, Findings } from '../../../../../client/pages/inspect/link/findings.js';
import { VirtualClock } from '../../../../virtual-clock.js';

const finding = (kind: string, rest: object = {}) => ({
  kind,
  level: 'warning',
  message: kind,
  count: 1,
  ...rest
});

const report = (...findings: object[]) => ({
  status: 'ready',
  startup: {},
  monitor: { status: 'warning', issues: ['clickhouse: gone'], findings }
});

function rig(...answers: unknown[]) {
  const clock = new VirtualClock();
  const asked = { times: 0, changes: 0 };
  const findings = new Findings({
    clock,
    ask: () => {
      const answer = answers[Math.min(asked.times++, answers.length - 1)];
      return answer === undefined
        ? Promise.reject(new Error('nobody there'))
        : Promise.resolve(answer);
    },
    changed: () => asked.changes++
  });
  return { clock, asked, findings };
}

describe('Findings', () => {
  it('are asked for while they are wanted, and only then', async () => {
    const { clock, asked, findings } = rig(
      report(finding('undelivered', { thread: 't', mid: 'm1' }))
    );
    await clock.advance(AGAIN_MS);
    expect(asked.times).to.equal(0);
    findings.want(true);
    findings.want(true);
    await clock.advance(0);
    expect(findings.words.map(({ title, links }) => [title, links.length])).to.eql([
      ['Undelivered messages', 2]
    ]);
    expect(asked).to.eql({ times: 1, changes: 1 });
    await clock.advance(AGAIN_MS);
    expect(asked.times).to.equal(2);
    findings.want(false);
    expect(findings.words).to.eql([]);
    await clock.advance(10 * AGAIN_MS);
    expect(asked.times).to.equal(2);
  });

  it('are those that last, without the parts, which have rows of their own', async () => {
    const over = finding('memory', { endedAt: '2026-01-01T00:00:00.000Z' });
    const { clock, findings } = rig(
      report(finding('part_missed', { about: 'clickhouse' }), over),
      report(finding('part_missed', { about: 'clickhouse' }), over, finding('disk_low'))
    );
    findings.want(true);
    await clock.advance(0);
    expect(findings.words).to.eql([]);
    await clock.advance(AGAIN_MS);
    expect(findings.words.map(({ title }) => title)).to.eql(['Disk']);
  });

  it('are none where nobody answers, or something else does, and are asked for again', async () => {
    const { clock, asked, findings } = rig(
      undefined,
      'a page of a proxy',
      report(finding('disk_low'))
    );
    findings.want(true);
    await clock.advance(AGAIN_MS);
    expect(findings.words).to.eql([]);
    await clock.advance(AGAIN_MS);
    expect([asked.times, findings.words.length]).to.eql([3, 1]);
  });

  it('are not those of a question from before', async () => {
    const { clock, findings } = rig(report(finding('disk_low')));
    findings.want(true);
    findings.want(false);
    await clock.advance(0);
    expect(findings.words).to.eql([]);
  });
});
