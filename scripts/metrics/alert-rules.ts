/**
 * The alert rules of `deploy/prometheus/rules.yml`: one for each kind of finding and level that pages somebody, and one for
 * each objective. Made of the tables of the findings, so that none is missing and each leads to its entry in the runbook.
 */
import { RULES, type ConditionKind } from '../../actors/monitor/finding-rules.js';
import { FINDING_KINDS, type FindingKind } from '../../machines/finding.js';
import { FINDING_REMEDIES, remedyAnchor } from '../../machines/finding-remedy.js';
import { RUNBOOK } from '../../machines/finding-runbook.js';

/** Where the runbook is: the server has the page itself, and `prometheus.yml` says at which address. */
export const RUNBOOK_URL = '{{ $externalLabels.rollcall_url }}/runbook.html';

/** Shortest time for which a finding must be there: one look of Prometheus that happens to hit it wakes nobody. */
const FOR_S = 60;

/** Share of publishes that are to be acked within a second, and of requests that are to be answered. */
export const OBJECTIVE = 0.999;

/** One alert. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The rules of the file. */
export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

/** Returns the name of the alert of a finding: `undelivered` becomes `RollcallUndelivered`. */
export function alertName(kind: FindingKind): string {
  const words = kind.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `Rollcall${words.join('')}`;
}

function isCondition(kind: FindingKind): kind is ConditionKind {
  return kind in RULES;
}

/** Returns how long a finding of a kind must be there, in seconds: no shorter than the monitor itself waits. */
export function alertAfterS(kind: FindingKind): number {
  const own = isCondition(kind) ? RULES[kind].forMs / 1_000 : 0;
  return Math.max(FOR_S, Math.ceil(own));
}

/** The text of a page without its Markdown. */
const plain = (text: string): string => text.replaceAll('`', '');

function ofFinding(kind: FindingKind): AlertRule {
  const { title, means } = RUNBOOK[kind];
  const remedy = FINDING_REMEDIES[kind];
  return {
    alert: alertName(kind),
    expr: `max by (instance, job, level) (rollcall_findings{kind="${kind}"}) > 0`,
    for: `${String(alertAfterS(kind))}s`,
    labels: { severity: '{{ if eq $labels.level "warning" }}warning{{ else }}critical{{ end }}' },
    annotations: {
      summary: `${title} on {{ $labels.instance }} ({{ $labels.level }})`,
      description: `${plain(means)} What to do: ${plain(remedy)}.`,
      runbook_url: `${RUNBOOK_URL}#${remedyAnchor(kind)}`
    }
  };
}

const LOST = 'rollcall_errors_total{code=~"unavailable|internal"}';

/** Share of publishes that were not acked within a second: too late, or refused by the server's own fault. */
const late = (over: string): string =>
  `(sum by (job) (rate(rollcall_ack_seconds_count[${over}])) - sum by (job) (rate(rollcall_ack_seconds_bucket{le="1"}[${over}])) + sum by (job) (rate(${LOST}[${over}])))` +
  ` / (sum by (job) (rate(rollcall_ack_seconds_count[${over}])) + sum by (job) (rate(${LOST}[${over}])))`;

/** Share of the looks of Prometheus that found no server. */
const away = (over: string): string =>
  `1 - avg by (job) (avg_over_time(up{job="rollcall"}[${over}]))`;

/** How many times faster than allowed the budget of a month goes: 2 % of it in an hour, by Google's SRE workbook. */
const BURN = 14.4;

function ofObjective(
  alert: string,
  share: (over: string) => string,
  words: { summary: string; description: string; runbook: string }
): AlertRule {
  const limit = Number((BURN * (1 - OBJECTIVE)).toFixed(4));
  return {
    alert,
    expr: `${share('1h')} > ${String(limit)} and ${share('5m')} > ${String(limit)}`,
    for: '2m',
    labels: { severity: 'critical' },
    annotations: {
      summary: words.summary,
      description: words.description,
      runbook_url: `${RUNBOOK_URL}#${words.runbook}`
    }
  };
}

/** Returns all rules. */
export function alertRules(): RuleFile {
  return {
    groups: [
      { name: 'rollcall-findings', rules: FINDING_KINDS.map(ofFinding) },
      {
        name: 'rollcall-objectives',
        rules: [
          ofObjective('RollcallAcksLate', late, {
            summary: 'Publishes are not acked within a second',
            description:
              'The objective is 99.9 % within a second. The budget of a month is used 14 times too fast. See the disk, the event loop and the log line of the cause.',
            runbook: remedyAnchor('log_fault')
          }),
          ofObjective('RollcallAvailability', away, {
            summary: 'Rollcall is not reached by Prometheus',
            description:
              'The objective is 99.9 %. The budget of a month is used 14 times too fast. See whether the server runs, and the last line of its log.',
            runbook: 'incident-startup-failed'
          })
        ]
      }
    ]
  };
}
