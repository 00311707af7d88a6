/** Puts a journey together. Pure: the same input gives the same journey. */
import type { DeliveryFact } from '../facts/fact.js';
import type {
  Journey,
  JourneyMessage,
  JourneyNow,
  JourneyStatus,
  JourneyStep,
  StepName,
  StepSource
} from './journey.js';
import { NO_TRAIL, type RunTrail } from './run-trail.js';
import type { KnownFacts, Sourced } from './known-facts.js';

/** Most steps of one kind that a journey lists, the first ones; a note counts the rest. */
export const STEPS_OF_A_KIND_MAX = 100;

/** Why facts may be missing for good. */
export interface FactKeeping {
  /** Whether facts are recorded at all. */
  readonly isKept: boolean;
  /** After how many days ClickHouse deletes rows; undefined when it never does. */
  readonly ttlDays: number | undefined;
}

/** Final outcomes that need no subscriber. */
const AT_ONCE: Readonly<Partial<Record<DeliveryFact['outcome'], StepName & JourneyStatus>>> = {
  stored: 'stored',
  delivered_to_user: 'delivered_to_user'
};

const NOT_RECORDED =
  'ClickHouse is off (CLICKHOUSE_URL=off), and with it the record of what becomes of messages: only the log and how things stand now are known';

/** Returns the journey of a message. */
export function tellJourney(
  message: JourneyMessage,
  now: JourneyNow,
  known: KnownFacts,
  keeping: FactKeeping,
  trail: RunTrail = NO_TRAIL
): Journey {
  const told = new Telling(message, now, known, keeping, trail);
  const { thread, epoch, offset, user, kind, at, sizeBytes } = message;
  const { status, steps, notes } = told.tell();
  const isHeld = status === 'held' || status === 'undelivered';
  return {
    thread,
    epoch,
    offset,
    from: { user },
    kind,
    at,
    sizeBytes,
    status,
    steps,
    run: trail.run,
    complete: !isHeld && now.behind.length === 0 && !isOpen(trail),
    notes
  };
}

function isOpen({ run }: RunTrail): boolean {
  return run?.state === 'queued' || run?.state === 'running' || run?.state === 'waiting';
}

class Telling {
  readonly #message: JourneyMessage;
  readonly #now: JourneyNow;
  readonly #known: KnownFacts;
  readonly #keeping: FactKeeping;
  readonly #trail: RunTrail;
  readonly #steps: JourneyStep[] = [];
  readonly #notes: string[] = [];

  constructor(
    message: JourneyMessage,
    now: JourneyNow,
    known: KnownFacts,
    keeping: FactKeeping,
    trail: RunTrail
  ) {
    this.#message = message;
    this.#now = now;
    this.#known = known;
    this.#keeping = keeping;
    this.#trail = trail;
  }

  tell(): { status: JourneyStatus; steps: JourneyStep[]; notes: string[] } {
    const { offset } = this.#message;
    if (!this.#message.isKept) {
      this.#notes.push('the log has trimmed this message: it is told from ClickHouse');
    }
    const own = this.#known.deliveries.find(({ fact }) => fact.offset === offset) ?? null;
    this.#taken(own);
    const status = own === null ? this.#unrecorded() : this.#outcome(own);
    this.#steps.push(...this.#trail.steps);
    this.#readers();
    this.#behind();
    this.#notes.push(...this.#known.gaps);
    return { status, steps: inTime(this.#steps), notes: this.#notes };
  }

  /**
   * Adds the steps from receipt to ack. `validated` has the time of `received`: both happen in one turn of the event
   * loop.
   */
  #taken(own: Sourced<DeliveryFact> | null): void {
    const { at, offset, isKept } = this.#message;
    const source: StepSource = isKept ? 'log' : 'clickhouse';
    const { durable } = this.#now;
    this.#steps.push(
      { step: 'received', at, afterMs: 0, source },
      { step: 'validated', at, afterMs: 0, source }
    );
    const appendedMs = own?.fact.appendedMs;
    const measured: Pick<JourneyStep, 'at' | 'afterMs' | 'source'> =
      own === null || appendedMs === undefined
        ? { at: null, afterMs: null, source }
        : { at: at + Math.floor(appendedMs), afterMs: appendedMs, source: own.source };
    const promise = durable === null ? {} : { durable };
    this.#steps.push({ step: 'appended', ...measured, offset, ...promise });
    const late = this.#known.steps.find(({ fact }) => fact.step === 'acked');
    if (late !== undefined) {
      const ackedAt = late.fact.at;
      this.#steps.push({ step: 'acked', ...this.#after(ackedAt), source: late.source });
    } else if (this.#waitedForMark()) {
      this.#steps.push({ step: 'acked', at: null, afterMs: null, source });
      this.#notes.push(
        'when it was acknowledged is not known: the ack of the first message of an author that is held waits until that is noted'
      );
    } else {
      // The ack was sent in the turn in which the entry became durable, before any subscriber got the message.
      this.#steps.push({ step: 'acked', ...measured });
    }
    if (own !== null && appendedMs === undefined) {
      this.#notes.push('how long the log took to store it is not known');
    }
  }

  /** Whether the message was the first held one of its author. */
  #waitedForMark(): boolean {
    const { offset } = this.#message;
    const own = this.#known.deliveries.filter(({ fact }) => fact.offset === offset);
    return this.#now.held?.from === offset || own.length > 1;
  }

  #outcome({ fact, source }: Sourced<DeliveryFact>): JourneyStatus {
    const { outcome, at, tookMs, subscribers } = fact;
    const measured = { at, afterMs: tookMs, source };
    if (outcome === 'delivered') {
      this.#steps.push({ step: 'fanned_out', ...measured, subscribers });
      return 'delivered';
    }
    const atOnce = AT_ONCE[outcome];
    if (atOnce !== undefined) {
      this.#steps.push({ step: atOnce, ...measured });
      return atOnce;
    }
    if (outcome !== 'held' && outcome !== 'undelivered') return 'unknown';
    this.#steps.push({ step: outcome, ...measured, ...this.#due(outcome) });
    return this.#fate(fact);
  }

  /** What became of a message that nobody was subscribed to. */
  #fate(own: DeliveryFact): JourneyStatus {
    const { offset } = this.#message;
    const later = this.#known.deliveries.filter(
      ({ fact }) => fact !== own && fact.at >= own.at && fact.offset <= offset
    );
    const reported = later.find(({ fact }) => fact.outcome === 'undelivered');
    const flushed = later.find(({ fact }) => fact.outcome === 'delivered');
    if (own.outcome === 'held' && reported !== undefined) {
      const { at, messages } = reported.fact;
      const { source } = reported;
      this.#steps.push({ step: 'undelivered', ...this.#after(at), source, messages });
    }
    const { held } = this.#now;
    // What others wrote may have been taken since: by the author, who leaves its own.
    const isStillHeld = held !== null && held.from <= offset;
    if (flushed !== undefined && !isStillHeld) {
      const { at, messages, subscribers } = flushed.fact;
      this.#steps.push({
        step: 'delivered_late',
        ...this.#after(at),
        source: flushed.source,
        messages,
        subscribers
      });
      return 'delivered_late';
    }
    if (!isStillHeld) {
      this.#steps.push({ step: 'delivered_late', at: null, afterMs: null, source: 'log' });
      this.#notes.push(
        'nothing of the thread waits any more, so somebody has been given it since; when is not recorded here'
      );
      return 'delivered_late';
    }
    const isReported = own.outcome === 'undelivered' || reported !== undefined;
    if (held.state === 'undelivered' && !isReported) {
      this.#steps.push({ step: 'undelivered', at: null, afterMs: null, source: held.source });
    }
    return held.state === 'undelivered' ? 'undelivered' : 'held';
  }

  /** No fact records the outcome: returns what the marks in the log say, and notes why there is no more. */
  #unrecorded(): JourneyStatus {
    const { held, isTestThread } = this.#now;
    const { offset } = this.#message;
    if (isTestThread) {
      this.#notes.push(
        'this is a test thread: what becomes of its messages is counted in /status and not recorded'
      );
      return 'unknown';
    }
    this.#notes.push(this.#whyNothing());
    if (held === null || held.from > offset) {
      this.#notes.push(
        'it does not wait for a subscriber now: it was delivered, given to the owner, or kept because its publisher asked for no more'
      );
      return 'unknown';
    }
    if (held.from < offset) {
      this.#notes.push(
        `the thread holds messages from offset ${String(held.from)} on for its next subscriber; whether this one is among them is not recorded`
      );
      return 'unknown';
    }
    const { since, source, state } = held;
    this.#steps.push({ step: 'held', ...this.#after(since), source, ...this.#due('held') });
    if (state === 'waiting') return 'held';
    this.#steps.push({ step: 'undelivered', at: null, afterMs: null, source });
    return 'undelivered';
  }

  #whyNothing(): string {
    const { isKept, ttlDays } = this.#keeping;
    if (!isKept) return NOT_RECORDED;
    if (ttlDays !== undefined) {
      return `what became of it is not recorded here: records of more than ${String(ttlDays)} days are deleted (CLICKHOUSE_TTL_DAYS), and one may be lost when a process is killed`;
    }
    return 'what became of it is not recorded here: it is older than the record, or the process was killed within a quarter of a second';
  }

  /** Adds who got the message from the log and who read it: the first time of each user. */
  #readers(): void {
    const met = new Set<string>();
    for (const { fact, source } of this.#known.steps) {
      const { step, user, connection, from, upTo, since, at } = fact;
      if (step === 'acked') continue;
      const key = `${step} ${user === '' ? `connection ${connection}` : `user ${user}`}`;
      if (met.has(key)) continue;
      met.add(key);
      const span = from === upTo ? {} : { from, upTo };
      const lasting = since === at ? {} : { since };
      const who = { user, connection };
      this.#steps.push({ step, ...this.#after(at), source, ...who, ...lasting, ...span });
    }
    for (const user of this.#now.readers) {
      if (met.has(`read user ${user}`)) continue;
      this.#steps.push({ step: 'read', at: null, afterMs: null, source: 'log', user });
    }
    this.#bound();
  }

  /** Limits the steps of each kind, so that the answer has a bound. */
  #bound(): void {
    const counts = new Map<StepName, number>();
    const kept = this.#steps.filter(({ step }) => {
      const count = (counts.get(step) ?? 0) + 1;
      counts.set(step, count);
      return count <= STEPS_OF_A_KIND_MAX;
    });
    for (const [step, count] of counts) {
      if (count <= STEPS_OF_A_KIND_MAX) continue;
      const more = String(count - STEPS_OF_A_KIND_MAX);
      this.#notes.push(`${more} more steps of the kind ${step} are not listed`);
    }
    this.#steps.splice(0, this.#steps.length, ...kept);
  }

  #behind(): void {
    const { behind, behindMore } = this.#now;
    for (const { why, user, connection, cursor, since } of behind) {
      const times = since === null ? {} : { since };
      const step = { step: why, at: null, afterMs: null, source: 'now' } as const;
      this.#steps.push({ ...step, user, connection, cursor, ...times });
    }
    if (behindMore > 0) {
      this.#notes.push(`${String(behindMore)} more connections are behind it and not listed`);
    }
  }

  #due(outcome: 'held' | 'undelivered'): { dueAt?: number } {
    const { held } = this.#now;
    const dueAt = held?.state === 'waiting' ? held.dueAt : null;
    return outcome === 'held' && dueAt !== null ? { dueAt } : {};
  }

  #after(at: number): { at: number; afterMs: number } {
    return { at, afterMs: Math.max(0, at - this.#message.at) };
  }
}

/** Kinds of steps in the order in which they happen; it decides where times are equal or not known. */
const ORDER: readonly StepName[] = [
  'received',
  'validated',
  'appended',
  'acked',
  'fanned_out',
  'stored',
  'delivered_to_user',
  'held',
  'undelivered',
  'delivered_late',
  'replayed',
  'lagged',
  'left',
  'read',
  'cancelled_run',
  'steered_run',
  'run_queued',
  'run_started',
  'run_first_text',
  'run_steered',
  'run_tool',
  'run_asked',
  'run_answered',
  'run_completed',
  'run_failed',
  'run_cancelled',
  'run_interrupted',
  'replaying',
  'lagging'
];

/** Returns the steps in order of time; a step without a time goes where its kind belongs. */
function inTime(steps: readonly JourneyStep[]): JourneyStep[] {
  const ranked = steps
    .map((step) => ({ step, rank: ORDER.indexOf(step.step) }))
    .sort((one, other) => one.rank - other.rank);
  // A step without a time must not come before a step whose kind comes earlier.
  let latest = -Infinity;
  const placed = ranked.map(({ step, rank }) => {
    const at: number = step.source === 'now' ? Infinity : (step.at ?? latest);
    if (Number.isFinite(at)) latest = Math.max(latest, at);
    return { step, rank, at };
  });
  return placed
    .sort((one, other) => one.at - other.at || one.rank - other.rank)
    .map(({ step }) => step);
}
