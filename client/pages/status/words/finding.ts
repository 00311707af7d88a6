import { counted } from '../../shared/counted.js';
import { duration, inTime } from '../../shared/duration.js';
import { FINDING_KINDS } from '../../../../machines/finding.js';
import { RUNBOOK } from '../../../../machines/finding-runbook.js';
import { FINDING_REMEDIES, remedyAnchor } from '../../../../machines/finding-remedy.js';
import { safeName } from '../../../sdk/safe-name.js';
import { findingText, monitorWord } from './part-words.js';
import type { Word } from '../../shared/tone.js';
import type { FindingReport, Report } from '../report/report.js';

/** The words of one finding. */
export interface FindingWords {
  /** Key of the finding; it stays the same while the words change. */
  readonly key: string;
  readonly level: Word;
  readonly title: string;
  readonly message: string;
  /** How often it came, for how long, and when it is closed. */
  readonly course: string;
  readonly isOver: boolean;
  /** What to do about it; empty when that is unknown or the finding is over. */
  readonly remedy: string;
  /** Address of its entry in the runbook; empty when there is none. */
  readonly runbook: string;
  /** Pages that show more of the finding. */
  readonly links: readonly FindingLink[];
}

/** A page that shows more of a finding. */
export interface FindingLink {
  readonly text: string;
  readonly href: string;
  /** Whether the link leads to the inspector, which not every server has. */
  readonly isInspector: boolean;
}

/**
 * Words of the findings, or of the issues when there are no findings, as from an older server. `since` returns the
 * milliseconds since a time of the server.
 */
export function findingWords(
  { findings, issues, status }: Report['monitor'],
  since: (at: number | null) => number | null
): FindingWords[] {
  if (findings.length === 0) {
    return issues.map((message, index) => ({
      key: String(index),
      level: monitorWord(status),
      title: '',
      message,
      course: '',
      isOver: false,
      remedy: '',
      runbook: '',
      links: []
    }));
  }
  return findings.map((finding) => {
    const { kind, about, level, message, endedAt } = finding;
    const isOver = endedAt !== null;
    return {
      key: `${kind} ${about ?? ''}`,
      level: isOver ? { tone: 'none', text: 'over' } : monitorWord(level),
      // The message of a fault begins with `about`, so its title leaves that out.
      title:
        about === null || kind === 'fault' ? findingText(kind) : `${findingText(kind)}: ${about}`,
      message: isOver ? pastWords(finding) : message,
      course: courseOf(finding, since),
      isOver,
      ...remedyOf(kind, isOver),
      links: isOver ? [] : linksOf(finding)
    };
  });
}

/** What is over is not said as if it went on: its last sentence is a quotation. */
function pastWords({ kind, message }: FindingReport): string {
  const known = FINDING_KINDS.find((one) => one === kind);
  const said = `It said: “${message}”.`;
  return known === undefined ? said : `${RUNBOOK[known].was} ${said}`;
}

function remedyOf(kind: string, isOver: boolean): Pick<FindingWords, 'remedy' | 'runbook'> {
  const known = FINDING_KINDS.find((one) => one === kind);
  if (known === undefined || isOver) return { remedy: '', runbook: '' };
  return {
    remedy: FINDING_REMEDIES[known].replaceAll('`', ''),
    runbook: `/runbook.html#${remedyAnchor(known)}`
  };
}

/** The actor to inspect for each kind of finding. For a part, it is the actor with the part's name. */
export const FINDING_ACTORS: ReadonlyMap<string, string> = new Map([
  ['sink_lag', 'sink'],
  ['webhooks', 'webhooks'],
  ['log_fault', 'thread-log'],
  ['unreadable_threads', 'thread-log'],
  ['disk_low', 'thread-log'],
  ['event_loop_lag', 'monitor'],
  ['open_files', 'listener'],
  ['memory', 'listener'],
  ['token_keys', 'handlers'],
  ['authorize', 'handlers'],
  ['api_keys', 'handlers']
]);

function linksOf({ kind, about, thread, mid }: FindingReport): FindingLink[] {
  const isPart = kind === 'part_missed' || kind === 'restarts';
  const actor = isPart ? about : (FINDING_ACTORS.get(kind) ?? null);
  const links: FindingLink[] = [];
  if (thread !== null && mid !== null) {
    const href = `/journey.html?${new URLSearchParams({ mid, thread }).toString()}`;
    links.push({ text: 'Journey of the newest message', href, isInspector: false });
  }
  if (thread !== null) {
    const href = `/inspect#/thread/${encodeURIComponent(thread)}`;
    links.push({ text: `${safeName(thread)} in the inspector`, href, isInspector: true });
  }
  if (actor !== null) {
    const href = `/inspect#/actor/${encodeURIComponent(actor)}`;
    links.push({ text: `${actor} in the inspector`, href, isInspector: true });
  }
  return links;
}

function courseOf(
  { level, count, since: beganAt, lastAt, endedAt, closesAt }: FindingReport,
  since: (at: number | null) => number | null
): string {
  const parts = [counted(count, 'time')];
  const beganMs = since(beganAt);
  if (beganMs !== null) parts.push(`began ${duration(beganMs)} ago`);
  // A fault has no end, so it is closed when it has not come again for long enough.
  const goneAt = endedAt ?? (closesAt === null ? null : lastAt);
  const goneMs = since(goneAt);
  if (goneAt === null || goneMs === null) return parts.join(' · ');
  parts.push(
    endedAt === null
      ? `last ${duration(goneMs)} ago`
      : `${monitorWord(level).text} until ${duration(goneMs)} ago`
  );
  if (closesAt !== null) parts.push(`closes ${inTime(closesAt - goneAt - goneMs)}`);
  return parts.join(' · ');
}
