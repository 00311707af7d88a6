/**
 * The one book of what is not well. A fault comes at a moment and may come again; a condition holds for a while and may
 * come back. Both are incidents: one line when one opens, one when it becomes worse than it ever was, one with the count
 * when its cause has been gone for a while, and nothing in between however often it comes.
 */
import {
  isWorse,
  worstOf,
  type FindingKind,
  type FindingLevel,
  type MonitorLevel
} from '../../machines/finding.js';
import { isOver, withRestart } from '../../machines/supervision/restart-intensity.js';
import type { Clock } from '../clock.js';
import type { LogFields, Logger } from '../log-line.js';

/** How long the cause must have been gone for an incident to be over, in milliseconds. */
export const QUIET_MS = 60_000; // a client that retries does so within half a minute

/** Incidents open at once at most; further kinds of fault are counted together as one more. */
export const INCIDENTS_MAX = 64;

/** One fault that comes so often is critical: it is no chance any more, and each time somebody is cut off. */
export const FAULTS_CRITICAL = { times: 10, withinMs: 60_000 } as const;

/** An incident that is open. Times are milliseconds since the Unix epoch. */
export interface Incident {
  readonly kind: FindingKind;
  /** What it is about where several of a kind may be open: the id of a part, the fault itself; null elsewhere. */
  readonly about: string | null;
  /** How bad it is, or was when it was last there. */
  readonly level: FindingLevel;
  /** What is wrong, in a sentence; of a fault, its kind. */
  readonly message: string;
  /** How often it has come. */
  readonly count: number;
  readonly since: number;
  /** When it last came, or became another. */
  readonly lastAt: number;
  /** When its cause went away; null while it is there. A fault is there until the incident is closed. */
  readonly endedAt: number | null;
  /** What was known of a fault when it last came; null of what is no fault. */
  readonly reason: string | null;
}

/** What a condition is called, and how it is told. */
export interface Condition {
  readonly kind: FindingKind;
  readonly about: string | null;
  /** What the line says that closes it: `It is over: <title>`. */
  readonly title: string;
  /** How long it must hold to be an incident, in milliseconds. */
  readonly forMs: number;
  /** Whether this book logs it: `nothing` and `worse` are for what somebody else has logged who noticed it first. */
  readonly logs: 'all' | 'worse' | 'nothing';
}

/** How a condition stands. */
export interface Verdict {
  readonly level: MonitorLevel;
  readonly message: string;
}

/** What the book works with. */
export interface IncidentsOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Pick<Logger, 'error' | 'warn' | 'info'>;
}

interface Entry {
  incident: Incident;
  readonly title: string;
  readonly fields: LogFields;
  /** The worst that the log has told of it. */
  told: FindingLevel;
  /** Whether this book has logged anything of it, so that it has to log the end. */
  isTold: boolean;
  /** When a fault came lately. */
  recent: readonly number[];
}

const OTHERS = 'further faults of other kinds';

const RECENT = { restarts: FAULTS_CRITICAL.times - 1, withinMs: FAULTS_CRITICAL.withinMs };

/** The open incidents. */
export class Incidents {
  private readonly options: IncidentsOptions;
  private readonly open = new Map<string, Entry>();
  /** Since when conditions hold that are no incident yet. As many at most as there are conditions. */
  private readonly pending = new Map<string, number>();
  private readonly listeners = new Set<(level: MonitorLevel) => void>();
  private worst: MonitorLevel = 'healthy';

  constructor(options: IncidentsOptions) {
    this.options = options;
  }

  /** The worst level of all whose cause is there. */
  get level(): MonitorLevel {
    return this.worst;
  }

  /** Tells a listener the level, at once and whenever it changes. Answers how to stop that. */
  onLevel(listener: (level: MonitorLevel) => void): () => void {
    this.listeners.add(listener);
    listener(this.worst);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /**
   * Notes that a fault has come: `message` names its kind, `fields.reason` what it was this time, `worst` how bad it can
   * become by coming often.
   */
  note(
    message: string,
    fields: LogFields & { readonly reason: string },
    worst: 'warning' | 'critical' = 'critical'
  ): void {
    const { clock, logger } = this.options;
    const isKept = this.open.has(keyOf('fault', message)) || this.open.size < INCIDENTS_MAX;
    const about = isKept ? message : OTHERS;
    const key = keyOf('fault', about);
    const now = clock.now();
    const known = this.open.get(key);
    const { reason } = fields;
    const recent = withRestart(known?.recent ?? [], now, RECENT);
    const level = isOver(recent, RECENT) ? worst : 'warning';
    const entry: Entry = known ?? {
      incident: {
        kind: 'fault',
        about,
        level,
        message: about,
        count: 0,
        since: now,
        lastAt: now,
        endedAt: null,
        reason
      },
      title: about,
      fields,
      told: level,
      isTold: true,
      recent
    };
    entry.incident = {
      ...entry.incident,
      level,
      count: entry.incident.count + 1,
      lastAt: now,
      reason
    };
    entry.recent = recent;
    if (known === undefined) {
      this.open.set(key, entry);
      logger.error(about, fields);
    }
    this.tellWorse(entry, `${about}: ${String(FAULTS_CRITICAL.times)} times within a minute`);
    this.weigh();
  }

  /** Takes in how a condition stands now; `times` is how often it has come anew, if that is more than this once. */
  judge(condition: Condition, { level, message }: Verdict, times = 0): void {
    const key = keyOf(condition.kind, condition.about);
    const now = this.options.clock.now();
    const known = this.open.get(key);
    if (level === 'healthy') {
      this.pending.delete(key);
      if (known !== undefined) known.incident = ended(known.incident, now);
    } else if (known?.incident.endedAt === null) {
      const { count, lastAt, level: before } = known.incident;
      const isNews = times > 0 || level !== before;
      known.incident = {
        ...known.incident,
        level,
        message,
        count: count + times,
        lastAt: isNews ? now : lastAt
      };
      this.tellWorse(known, message);
    } else if (this.hasHeld(key, condition.forMs, now)) {
      this.begin(key, condition, { level, message, times: Math.max(1, times), now });
    }
    this.weigh();
  }

  /** Closes those whose cause has been gone for long enough; called every second or so. */
  sweep(): void {
    const { clock, logger } = this.options;
    const now = clock.now();
    for (const [key, entry] of this.open) {
      const { incident, title, fields, isTold } = entry;
      const goneAt = goneAtOf(incident);
      if (goneAt === null) continue;
      if (goneAt > now) entry.incident = goneSince(incident, now);
      if (now - goneAt < QUIET_MS) continue;
      this.open.delete(key);
      if (!isTold) continue;
      const { count, since, reason } = incident;
      logger.info(`It is over: ${title}`, {
        ...(incident.kind === 'fault' ? { actor: fields.actor, reason } : fields),
        count,
        lastedMs: Math.max(0, goneAt - since)
      });
    }
    this.weigh();
  }

  /** Those that are open, oldest first. */
  all(): Incident[] {
    return [...this.open.values()].map(({ incident }) => incident);
  }

  private hasHeld(key: string, forMs: number, now: number): boolean {
    const since = this.pending.get(key) ?? now;
    if (now - since >= forMs) {
      this.pending.delete(key);
      return true;
    }
    this.pending.set(key, since);
    return false;
  }

  private begin(
    key: string,
    { kind, about, title, logs }: Condition,
    found: { level: FindingLevel; message: string; times: number; now: number }
  ): void {
    const { level, message, times, now } = found;
    const known = this.open.get(key);
    const count = (known?.incident.count ?? 0) + times;
    const since = known?.incident.since ?? now;
    const incident: Incident = {
      kind,
      about,
      level,
      message,
      count,
      since,
      lastAt: now,
      endedAt: null,
      reason: null
    };
    if (known !== undefined) {
      known.incident = incident;
      this.tellWorse(known, message);
      return;
    }
    const fields: LogFields = {
      actor: 'monitor',
      finding: kind,
      ...(about === null ? {} : { about })
    };
    // Who noticed it has told a warning: more than that is news.
    const told: FindingLevel = logs === 'nothing' ? 'failed' : logs === 'worse' ? 'warning' : level;
    const entry: Entry = { incident, title, fields, told, isTold: logs === 'all', recent: [] };
    this.open.set(key, entry);
    if (logs !== 'all') this.tellWorse(entry, message);
    else if (level === 'warning') this.options.logger.warn(message, fields);
    else this.options.logger.error(message, fields);
  }

  private tellWorse(entry: Entry, message: string): void {
    const { level } = entry.incident;
    if (!isWorse(level, entry.told)) return;
    this.options.logger.error(message, { ...entry.fields, was: entry.told, became: level });
    entry.told = level;
    entry.isTold = true;
  }

  private weigh(): void {
    const level = worstOf(
      this.all()
        .filter(({ endedAt }) => endedAt === null)
        .map((incident) => incident.level)
    );
    if (level === this.worst) return;
    this.worst = level;
    for (const listener of this.listeners) listener(level);
  }
}

/** When an incident will be closed unless it comes back before; null while its cause is there. */
export function closesAt(incident: Incident): number | null {
  const goneAt = goneAtOf(incident);
  return goneAt === null ? null : goneAt + QUIET_MS;
}

/** A fault is gone as soon as it has come. */
function goneAtOf({ kind, lastAt, endedAt }: Incident): number | null {
  return kind === 'fault' ? lastAt : endedAt;
}

/** The clock was set back since: without this the incident would stay open for as long as it was set back. */
function goneSince(incident: Incident, now: number): Incident {
  return incident.kind === 'fault' ? { ...incident, lastAt: now } : { ...incident, endedAt: now };
}

function keyOf(kind: FindingKind, about: string | null): string {
  return `${kind} ${about ?? ''}`;
}

function ended(incident: Incident, now: number): Incident {
  return incident.endedAt === null ? { ...incident, endedAt: now } : incident;
}
