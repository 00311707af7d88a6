/** The alert rules and the dashboard of `deploy/` are as the tables have them, and promtool understands the rules. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { RULES } from '../../actors/monitor/finding-rules.js';
import { FINDING_KINDS } from '../../machines/finding.js';
import { alertAfterS, alertName, alertRules } from '../../scripts/metrics/alert-rules.js';
import { deployFiles } from '../../scripts/metrics/deploy-files.js';
import { findProgram, requireTool } from '../require.js';

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const RULES_FILE = root('deploy/prometheus/rules.yml');

const URL_BASE = 'https://chat.test';

const rules = alertRules().groups.flatMap((group) => group.rules);

/** The texts of an alert as Prometheus fills them in. */
const filled = (text: string, level: string): string =>
  text
    .replaceAll('{{ $externalLabels.rollcall_url }}', URL_BASE)
    .replaceAll('{{ $labels.instance }}', 'a')
    .replaceAll('{{ $labels.level }}', level)
    .replace(/^\{\{ if .*$/, level === 'warning' ? 'warning' : 'critical');

/** One case of `promtool test rules`: what Prometheus reads every 15 s, and which alerts there are when. */
function findingCase(kind: (typeof FINDING_KINDS)[number], level: string): object {
  const name = alertName(kind);
  const annotations = rules.find(({ alert }) => alert === name)!.annotations;
  const after = alertAfterS(kind);
  return {
    interval: '15s',
    external_labels: { rollcall_url: URL_BASE },
    input_series: [
      {
        series: `rollcall_findings{kind="${kind}",level="${level}",job="rollcall",instance="a"}`,
        // There from 15 s on, and gone 60 s after the alert.
        values: `0 1x${String(after / 15 + 4)} 0x20`
      }
    ],
    alert_rule_test: [
      { alertname: name, eval_time: `${String(after)}s`, exp_alerts: [] },
      {
        alertname: name,
        eval_time: `${String(after + 30)}s`,
        exp_alerts: [
          {
            exp_labels: {
              level,
              job: 'rollcall',
              instance: 'a',
              severity: level === 'warning' ? 'warning' : 'critical'
            },
            exp_annotations: Object.fromEntries(
              Object.entries(annotations).map(([key, text]) => [key, filled(text, level)])
            )
          }
        ]
      },
      { alertname: name, eval_time: `${String(after + 150)}s`, exp_alerts: [] }
    ]
  };
}

function objectiveCase(
  alert: string,
  series: Readonly<Record<string, string>>,
  isFiring: boolean
): object {
  const annotations = rules.find((rule) => rule.alert === alert)!.annotations;
  const texts = Object.fromEntries(
    Object.entries(annotations).map(([key, text]) => [key, filled(text, '')])
  );
  const labels = { job: 'rollcall', severity: 'critical' };
  return {
    interval: '15s',
    external_labels: { rollcall_url: URL_BASE },
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [
      {
        alertname: alert,
        eval_time: '2h',
        exp_alerts: isFiring ? [{ exp_labels: labels, exp_annotations: texts }] : []
      }
    ]
  };
}

const ACKS = 'rollcall_ack_seconds';
const from = '{job="rollcall",instance="a"}';
/** Ten acks a look, of which so many within a second, and so many publishes refused as unavailable. */
const acks = (fast: number, refused = 0): Readonly<Record<string, string>> => ({
  [`${ACKS}_count${from}`]: '0+10x600',
  [`${ACKS}_bucket{le="1",job="rollcall",instance="a"}`]: `0+${String(fast)}x600`,
  ['rollcall_errors_total{code="unavailable",job="rollcall",instance="a"}']: `0+${String(refused)}x600`
});

describe('the alert rules of deploy/prometheus', function () {
  this.timeout(60_000);

  it('and the dashboard are as the tables have them', async () => {
    for (const [path, text] of await deployFiles()) {
      const found = readFileSync(root(path), 'utf8');
      expect(found === text, `${path}: run npx tsx scripts/generated-docs.ts`).to.equal(true);
    }
  });

  it('have one alert for each kind of finding, which waits no less than the finding, and two objectives', () => {
    expect(rules.map(({ alert }) => alert)).to.eql([
      ...FINDING_KINDS.map(alertName),
      'RollcallAcksLate',
      'RollcallAvailability'
    ]);
    for (const kind of FINDING_KINDS) {
      const own = kind === 'fault' ? 0 : RULES[kind].forMs;
      const rule = rules.find(({ alert }) => alert === alertName(kind));
      expect(Number.parseInt(rule?.for ?? '') * 1_000).to.be.at.least(own);
    }
  });

  it('lead to entries that the runbook has, by the address of prometheus.yml', () => {
    const runbook = readFileSync(root('docs/runbook.md'), 'utf8');
    for (const { alert, annotations } of rules) {
      const anchor = annotations['runbook_url']?.split('#')[1];
      expect(runbook, alert).to.include(`<a id="${String(anchor)}">`);
    }
    const config = parse(readFileSync(root('deploy/prometheus/prometheus.yml'), 'utf8')) as {
      global: { external_labels: object };
      scrape_configs: { job_name: string }[];
    };
    expect(config.global.external_labels).to.have.keys('rollcall_url');
    expect(config.scrape_configs.map(({ job_name }) => job_name)).to.eql(['rollcall']);
  });

  it('are understood by promtool, and fire and end as they should', function () {
    const program = findProgram('promtool');
    requireTool(this, 'promtool', program !== undefined, 'it checks and tests the rules');
    const run = (...args: string[]): { status: number | null; said: string } => {
      const { status, stdout, stderr } = spawnSync(program!, args, { encoding: 'utf8' });
      return { status, said: stdout + stderr };
    };
    expect(run('check', 'config', root('deploy/prometheus/prometheus.yml')).status).to.equal(0);
    expect(run('check', 'rules', RULES_FILE).said).to.include(
      `${String(rules.length)} rules found`
    );
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-rules-'));
    try {
      const test = (tests: readonly object[]): { status: number | null; said: string } => {
        const file = join(folder, 'test.yml');
        writeFileSync(
          file,
          stringify({ rule_files: [RULES_FILE], evaluation_interval: '15s', tests })
        );
        return run('test', 'rules', file);
      };
      const levels = ['warning', 'critical', 'failed'];
      const cases = [
        ...FINDING_KINDS.map((kind, at) => findingCase(kind, levels[at % 3]!)),
        objectiveCase('RollcallAcksLate', acks(10), false),
        objectiveCase('RollcallAcksLate', acks(9), true),
        objectiveCase('RollcallAcksLate', acks(10, 1), true),
        objectiveCase('RollcallAvailability', { [`up${from}`]: '1x600' }, false),
        objectiveCase('RollcallAvailability', { [`up${from}`]: '1x400 0x200' }, true)
      ];
      const { status, said } = test(cases);
      expect(status, said).to.equal(0);
      // It can fail.
      expect(test([objectiveCase('RollcallAcksLate', acks(10), true)]).status).to.equal(1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
