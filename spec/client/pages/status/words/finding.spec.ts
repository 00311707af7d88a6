import { expect } from 'chai';
import { findingWords } from '../../../../../client/pages/status/words/finding.js';
import { subjectOfHash } from '../../../../../client/pages/inspect/states/actor-key.js';
import { FINDING_KINDS } from '../../../../../machines/finding.js';
import { FINDING_REMEDIES } from '../../../../../machines/finding-remedy.js';
import type { FindingReport, Report } from '../../../../../client/pages/status/report/report.js';

/** Present time by the server's clock, in milliseconds. */
const NOW = 1_000_000;

const since = (at: number | null) => (at === null ? null : Math.max(0, NOW - at));

function monitorOf(
  findings: readonly Partial<FindingReport>[],
  issues: readonly string[] = []
): Report['monitor'] {
  const finding: FindingReport = {
    kind: 'undelivered',
    about: null,
    level: 'warning',
    message: '1 thread holds undelivered messages',
    count: 1,
    since: NOW - 125_000,
    lastAt: NOW - 5_000,
    endedAt: null,
    closesAt: null,
    thread: null,
    mid: null
  };
  return {
    status: 'warning',
    issues,
    findings: findings.map((changes) => ({ ...finding, ...changes })),
    moreFindings: 0,
    outcomes: new Map()
  };
}

describe('findingWords', () => {
  it('says of what is there what it is, how bad, how often and for how long', () => {
    expect(findingWords(monitorOf([{}]), since)).to.eql([
      {
        key: 'undelivered ',
        level: { tone: 'warn', text: 'warning' },
        title: 'Undelivered messages',
        message: '1 thread holds undelivered messages',
        course: '1 time · began 2 min 5 s ago',
        isOver: false,
        remedy: FINDING_REMEDIES.undelivered,
        runbook: '/runbook.html#finding-undelivered',
        links: []
      }
    ]);
  });

  it('leads to the actor of a part in the inspector', () => {
    const hrefs = (...findings: Partial<FindingReport>[]) =>
      findingWords(monitorOf(findings), since).flatMap(({ links }) =>
        links.map(({ href }) => subjectOfHash(href.replace('/inspect', '')))
      );
    expect(
      hrefs(
        { kind: 'part_missed', about: 'clickhouse' },
        { kind: 'log_fault' },
        { kind: 'fault', about: 'x' }
      )
    ).to.eql([
      { kind: 'actor', key: 'clickhouse' },
      { kind: 'actor', key: 'thread-log' }
    ]);
  });

  it('leads to the journey of the newest message that is held, and to its thread', () => {
    const undelivered = { thread: 'orders & more', mid: 'm/1' };
    const links = (finding: Partial<FindingReport>) =>
      findingWords(monitorOf([finding]), since).flatMap((words) => words.links);
    expect(links(undelivered).map(({ href, isInspector }) => [href, isInspector])).to.eql([
      ['/journey.html?mid=m%2F1&thread=orders+%26+more', false],
      ['/inspect#/thread/orders%20%26%20more', true]
    ]);
    expect(links({ ...undelivered, mid: null }), 'a log that cannot be read').to.have.length(1);
    expect(links({ ...undelivered, endedAt: NOW }), 'it is over').to.eql([]);
  });

  it('has advice for every kind, without the marks of Markdown, and none for what is over', () => {
    for (const kind of FINDING_KINDS) {
      const [words] = findingWords(monitorOf([{ kind }]), since);
      expect(words?.remedy).to.not.equal('').and.not.include('`');
    }
    const [over] = findingWords(monitorOf([{ endedAt: NOW }]), since);
    expect(over).to.deep.include({ remedy: '', runbook: '', links: [] });
  });

  it('says of what is over when it was, what it was, and when it is closed', () => {
    const over = { level: 'critical', count: 3, endedAt: NOW - 12_000, closesAt: NOW + 48_000 };
    const [words] = findingWords(monitorOf([over]), since);
    expect(words).to.deep.include({ isOver: true, level: { tone: 'none', text: 'over' } });
    expect(words?.course).to.equal(
      '3 times · began 2 min 5 s ago · critical until 12 s ago · closes in 48 s'
    );
  });

  it('speaks of what is over in the past, and quotes what was said of it', () => {
    for (const kind of [...FINDING_KINDS, 'of a newer server']) {
      const [words] = findingWords(monitorOf([{ kind, message: 'it waits', endedAt: NOW }]), since);
      expect(words?.message).to.match(/(^|\. )It said: “it waits”\.$/);
      expect(words?.message.split('It said')[0], kind).to.match(
        kind === 'of a newer server'
          ? /^$/
          : /^[A-Z].* (found|answered|read|was|were|ran|took|could|failed) .*\. $/
      );
    }
  });

  it('says of a fault when it last came, and when it is closed if it does not come again', () => {
    const fault = { kind: 'fault', about: 'a handler failed', closesAt: NOW + 55_000 };
    const [words] = findingWords(monitorOf([fault]), since);
    expect(words).to.include({ title: 'Fault', isOver: false });
    expect(words?.course).to.equal('1 time · began 2 min 5 s ago · last 5 s ago · closes in 55 s');
  });

  it('names the part that it is about, and tells those of one kind apart', () => {
    const parts = [
      { kind: 'restarts', about: 'sink' },
      { kind: 'restarts', about: 'monitor' }
    ];
    const words = findingWords(monitorOf(parts), since);
    expect(words.map(({ title }) => title)).to.eql(['Restarts: sink', 'Restarts: monitor']);
    expect(new Set(words.map(({ key }) => key)).size).to.equal(2);
  });

  it('leaves out what is not known', () => {
    const bare = { since: null, lastAt: null, closesAt: NOW };
    expect(findingWords(monitorOf([bare]), since)[0]?.course).to.equal('1 time');
  });

  it('shows the issues of a server that knows no findings', () => {
    const words = findingWords(monitorOf([], ['sink: gone', 'disk: full']), since);
    expect(words.map(({ message, title, key }) => [message, title, key])).to.eql([
      ['sink: gone', '', '0'],
      ['disk: full', '', '1']
    ]);
  });
});
