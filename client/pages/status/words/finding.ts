import { counted } from '../../shared/counted.js';
import { duration, inTime } from '../../shared/duration.js';
import { FINDING_KINDS } from '../../../../machines/finding.js';
import { FINDING_REMEDIES, remedyAnchor } from '../../../../machines/finding-remedy.js';
import { findingText, monitorWord } from './part-words.js';
import type { Word } from '../../shared/tone.js';
import type { FindingReport, Report } from '../report/report.js';

/** One finding as the page shows it. */
export interface FindingWords {
  /** Names the finding: it stays the same while its words change. */
  readonly key: string;
  readonly level: Word;
  readonly title: string;
  readonly message: string;
  /** How often, for how long, and when it is closed. */
  readonly course: string;
  readonly isOver: boolean;
  /** What to do about it; empty when that is not known, or it is over. */
  readonly remedy: string;
  /** Where the runbook has more, as a path of the repository; empty when that is not known. */
  readonly runbook: string;
  /** Where it can be looked at. */
  readonly links: readonly FindingLink[];
}

/** A page that shows more of a finding. */
export interface FindingLink {
  readonly text: string;
  readonly href: string;
  /** Whether it leads to the inspector, which not every server has. */
  readonly isInspector: boolean;
}

/**
 * The findings in words; `since` says how much time has passed since a time of the server. Of a server that is too old to
 * know findings, its issues.
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
      // A fault is what its message begins with.
      title:
        about === null || kind === 'fault' ? findingText(kind) : `${findingText(kind)}: ${about}`,
      message,
      course: courseOf(finding, since),
      isOver,
      ...remedyOf(kind, isOver),
      links: isOver ? [] : linksOf(finding)
    };
  });
}

function remedyOf(kind: string, isOver: boolean): Pick<FindingWords, 'remedy' | 'runbook'> {
  const known = FINDING_KINDS.find((one) => one === kind);
  if (known === undefined || isOver) return { remedy: '', runbook: '' };
  return {
    remedy: FINDING_REMEDIES[known].replaceAll('`', ''),
    runbook: `docs/operations.md#${remedyAnchor(known)}`
  };
}

/** Actors that tell more of a kind; that of a part has the part's own name. */
const ACTORS: ReadonlyMap<string, string> = new Map([
  ['sink_lag', 'sink'],
  ['log_fault', 'log'],
  ['unreadable_threads', 'log'],
  ['disk_low', 'log'],
  ['event_loop_lag', 'monitor'],
  ['open_files', 'listener']
]);

function linksOf({ kind, about }: FindingReport): FindingLink[] {
  const isPart = kind === 'part_missed' || kind === 'restarts';
  const actor = isPart ? about : (ACTORS.get(kind) ?? null);
  const links: FindingLink[] = [];
  if (actor !== null) {
    const href = `/inspect#/actor/${encodeURIComponent(actor)}`;
    links.push({ text: `${actor} in the inspector`, href, isInspector: true });
  }
  if (kind === 'undelivered') {
    links.push({ text: 'the journey of a message', href: '/journey.html', isInspector: false });
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
  // What has no end, a fault, is closed when it has not come for long enough.
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
