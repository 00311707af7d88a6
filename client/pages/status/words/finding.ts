import { counted } from '../../shared/counted.js';
import { duration, inTime } from '../../shared/duration.js';
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
      isOver: false
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
      isOver
    };
  });
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
