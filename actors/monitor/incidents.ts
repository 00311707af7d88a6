/**
 * The open incidents. A fault happens at one moment and may happen again; a condition holds for a while and may return.
 * Both are incidents. An incident logs one line when it opens, one when it becomes worse than ever before, and one with
 * its count when the cause has been gone for a while; however often it happens, it logs nothing else.
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
import type { LineFields, Logger } from '../log-line.js';

/** How long the cause must be gone before an incident closes, in milliseconds. */
export const QUIET_MS = 60_000; // a client that retries does so within half a minute

/** Most open incidents. Further kinds of fault are counted together as one more. */
export const INCIDENTS_MAX = 64;

/** A fault that happens this often is critical: it is no chance any more, and it cuts somebody off each time. */
export const FAULTS_CRITICAL = { times: 10, withinMs: 60_000 } as const;

/** An open incident. Times are Unix milliseconds. */
export interface Incident {
  readonly kind: FindingKind;
  /**
   * What it is about, where several of a kind may be open: the id of a part, or the fault itself; null for other kinds.
   */
  readonly about: string | null;
  /** Level now; the last one when the cause is gone. */
  readonly level: FindingLevel;
  /** A sentence that says what is wrong; for a fault, its kind. */
  readonly message: string;
  /** The message without names of threads. */
  readonly unnamed: string;
  /** How often it has happened. */
  readonly count: number;
  readonly since: number;
  /** When it last happened or changed its level. */
  readonly lastAt: number;
  /** When its cause went away; null while the cause is there. A fault has none until it is closed. */
  readonly endedAt: number | null;
  /** The thread to look at first, if the incident is about threads. */
  readonly thread: string | null;
  /** Reason of the last fault, which may name a thread; null for a condition. */
  readonly reason: string | null;
}

/** A kind of condition, and how to log it. */
export interface Condition {
  readonly kind: FindingKind;
  readonly about: string | null;
  /** Ends the closing line: `It is over: <title>`. */
  readonly title: string;
  /** How long it must hold before it is an incident, in milliseconds. */
  readonly forMs: number;
  /**
   * What the incidents log of it. `nothing` and `worse` are for conditions that the part that notices them logs itself;
   * `worse` logs only when it becomes worse than a warning.
   */
  readonly logs: 'all' | 'worse' | 'nothing';
}

/** Judgement of a condition. */
export interface Verdict {
  readonly level: MonitorLevel;
  readonly message: string;
  /** The message without names of threads; absent when it has none. */
  readonly unnamed?: string;
  /** The thread to look at first; left out where it is about none. */
  readonly thread?: string | null;
}

/** Options of {@link Incidents}. */
export interface IncidentsOptions {
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
  readonly logger: Pick<Logger, 'error' | 'warn' | 'info'>;
}

interface Entry {
  incident: Incident;
  readonly title: string;
  readonly fields: LineFields;
  /** Worst level that a log line has reported. */
  told: FindingLevel;
  /** Whether a line was logged here, so that the end must be logged too. */
  isTold: boolean;
  /** When it opened, and since when its cause is gone: moments of `Clock.elapsed()`. `goneAt` is null while it is there. */
  readonly openedAt: number;
  goneAt: number | null;
  /** Recent times of a fault, moments of `Clock.elapsed()`. */
  recent: readonly number[];
}

const OTHERS = 'further faults of other kinds';

const RECENT = { restarts: FAULTS_CRITICAL.times - 1, withinMs: FAULTS_CRITICAL.withinMs };

/** The open incidents. */
export class Incidents {
  private readonly options: IncidentsOptions;
  private readonly open = new Map<string, Entry>();
  /** Since when conditions hold that are no incidents yet: moments of `Clock.elapsed()`, at most one per condition. */
  private readonly pending = new Map<string, number>();
  private readonly listeners = new Set<(level: MonitorLevel) => void>();
  private worst: MonitorLevel = 'healthy';
  /** Told of each incident that opens or closes. Must not throw. */
  onNews: (what: 'opened' | 'closed', incident: Incident) => void = () => undefined;

  constructor(options: IncidentsOptions) {
    this.options = options;
  }

  /** Worst level among incidents whose cause is there. */
  get level(): MonitorLevel {
    return this.worst;
  }

  /**
   * Calls the listener with the level: at once, and then on every change.
   * @returns a function that removes the listener
   */
  onLevel(listener: (level: MonitorLevel) => void): () => void {
    this.listeners.add(listener);
    listener(this.worst);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /**
   * Notes a fault. `message` names its kind, `fields.reason` says what happened this time, and `worst` is the level
   * that it reaches when it happens often.
   */
  note(
    message: string,
    fields: LineFields & { readonly reason: string },
    worst: 'warning' | 'critical' = 'critical'
  ): void {
    const { clock, logger } = this.options;
    const isKept = this.open.has(keyOf('fault', message)) || this.open.size < INCIDENTS_MAX;
    const about = isKept ? message : OTHERS;
    const key = keyOf('fault', about);
    const now = clock.now();
    const elapsed = clock.elapsed();
    const known = this.open.get(key);
    const { reason } = fields;
    const recent = withRestart(known?.recent ?? [], elapsed, RECENT);
    const level = isOver(recent, RECENT) ? worst : 'warning';
    const entry: Entry = known ?? {
      incident: {
        kind: 'fault',
        about,
        level,
        message: about,
        unnamed: about,
        count: 0,
        since: now,
        lastAt: now,
        endedAt: null,
        thread: null,
        reason
      },
      title: about,
      fields,
      told: level,
      isTold: true,
      openedAt: elapsed,
      goneAt: elapsed,
      recent
    };
    entry.incident = {
      ...entry.incident,
      level,
      count: entry.incident.count + 1,
      lastAt: now,
      reason
    };
    // The cause of a fault is gone as soon as it has happened.
    entry.goneAt = elapsed;
    entry.recent = recent;
    if (known === undefined) {
      this.open.set(key, entry);
      this.onNews('opened', entry.incident);
      logger.error(about, fields);
    }
    this.tellWorse(entry, `${about}: ${String(FAULTS_CRITICAL.times)} times within a minute`);
    this.weigh();
  }

  /**
   * Notes the present level of a condition. `times` is how often it happened since the last call; a condition that
   * opens counts at least once.
   */
  judge(
    condition: Condition,
    { level, message, unnamed = message, thread = null }: Verdict,
    times = 0
  ): void {
    const key = keyOf(condition.kind, condition.about);
    const { clock } = this.options;
    const now = clock.now();
    const known = this.open.get(key);
    if (level === 'healthy') {
      this.pending.delete(key);
      if (known !== undefined) {
        known.incident = ended(known.incident, now);
        known.goneAt ??= clock.elapsed();
      }
    } else if (known?.incident.endedAt === null) {
      const { count, lastAt, level: before } = known.incident;
      const isNews = times > 0 || level !== before;
      known.incident = {
        ...known.incident,
        level,
        message,
        unnamed,
        thread,
        count: count + times,
        lastAt: isNews ? now : lastAt
      };
      this.tellWorse(known, message);
    } else if (this.hasHeld(key, condition.forMs, clock.elapsed())) {
      this.begin(key, condition, {
        level,
        message,
        unnamed,
        thread,
        times: Math.max(1, times),
        now
      });
    }
    this.weigh();
  }

  /** Closes incidents whose cause has been gone for long enough; called about every second. */
  sweep(): void {
    const { clock, logger } = this.options;
    const now = clock.elapsed();
    for (const [key, entry] of this.open) {
      const { incident, title, fields, isTold, openedAt, goneAt } = entry;
      if (goneAt === null || now - goneAt < QUIET_MS) continue;
      this.open.delete(key);
      this.onNews('closed', incident);
      if (!isTold) continue;
      const { count, reason } = incident;
      logger.info(`It is over: ${title}`, {
        ...(incident.kind === 'fault' ? { actor: fields.actor, reason } : fields),
        count,
        lastedMs: goneAt - openedAt
      });
    }
    this.weigh();
  }

  /** The open incidents, oldest first. */
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
    found: Required<Verdict> & { level: FindingLevel; times: number; now: number }
  ): void {
    const { level, message, unnamed, thread, times, now } = found;
    const known = this.open.get(key);
    const count = (known?.incident.count ?? 0) + times;
    const since = known?.incident.since ?? now;
    const incident: Incident = {
      kind,
      about,
      level,
      message,
      unnamed,
      count,
      since,
      lastAt: now,
      endedAt: null,
      thread,
      reason: null
    };
    if (known !== undefined) {
      known.incident = incident;
      known.goneAt = null;
      this.tellWorse(known, message);
      return;
    }
    const fields: LineFields = {
      actor: 'monitor',
      finding: kind,
      ...(about === null ? {} : { about })
    };
    // Where another part logs the condition, it has logged a warning: only a worse level is new.
    const told: FindingLevel = logs === 'nothing' ? 'failed' : logs === 'worse' ? 'warning' : level;
    const entry: Entry = {
      incident,
      title,
      fields,
      told,
      isTold: logs === 'all',
      openedAt: this.options.clock.elapsed(),
      goneAt: null,
      recent: []
    };
    this.open.set(key, entry);
    this.onNews('opened', incident);
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

/** Returns when an incident closes if its cause does not return, Unix milliseconds; null while the cause is there. */
export function closesAt({ kind, lastAt, endedAt }: Incident): number | null {
  const goneAt = kind === 'fault' ? lastAt : endedAt;
  return goneAt === null ? null : goneAt + QUIET_MS;
}

function keyOf(kind: FindingKind, about: string | null): string {
  return `${kind} ${about ?? ''}`;
}

function ended(incident: Incident, now: number): Incident {
  return incident.endedAt === null ? { ...incident, endedAt: now } : incident;
}
