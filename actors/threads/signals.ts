/**
 * Typing and read marks of one thread. Each such frame goes to every subscriber, so their number is limited: the first
 * after a pause is sent at once, one that follows too soon waits, and a newer one of the same person replaces it.
 */
import type { ServerFrame } from '../../protocol/frames.js';

/** A frame about what one person does. Of each type and person only the newest matters. */
export type Signal = ServerFrame<'typing' | 'mark'>;

/** Shortest time between two signals of one type and person, in milliseconds. */
export const SIGNAL_INTERVAL_MS = 500;

/** Above this many subscriptions a thread is a crowd: its signals are sent together, every {@link CROWD_INTERVAL_MS}. */
export const CROWD_ABOVE = 50;

/** Shortest time between two batches of signals, or two presence frames, for a crowd, in milliseconds. */
export const CROWD_INTERVAL_MS = 1_000;

/**
 * Most frames sent for the signals of a crowd in one interval, over all subscriptions: 33 signals for 150 subscriptions,
 * and at least one signal for any number. The oldest signals go first, the others wait for the next interval.
 */
export const CROWD_FRAMES_MAX = 5_000;

/** Most pairs of type and person that a thread keeps. Above it signals of others are dropped until the next interval. */
export const SIGNALS_MAX = 1_000;

/** The signals of one type and person. */
interface Known {
  /** When the last one was sent; null when none was. */
  toldAt: number | null;
  /** The waiting one; null when none waits. */
  waiting: Signal | null;
  /** When the waiting one arrived. */
  cameAt: number;
}

/** The recent signals of one thread, kept while the next ones may follow too soon. Moments are of `Clock.elapsed()`. */
export class Signals {
  private readonly known = new Map<string, Known>();
  /** When any signal was last sent. */
  private toldAt: number | null = null;

  /** Notes a signal. Returns true when it is to be sent now; otherwise it waits and replaces an older one. */
  note(signal: Signal, now: number, subscriptions: number): boolean {
    const key = `${signal.type} ${signal.user}`;
    const known = this.known.get(key);
    if (known === undefined && this.known.size >= SIGNALS_MAX) return false;
    const isCrowd = subscriptions > CROWD_ABOVE;
    const last = isCrowd ? this.toldAt : (known?.toldAt ?? null);
    const isDue = last === null || now - last >= intervalOf(isCrowd);
    // In a crowd a new signal does not overtake those that wait.
    if (isDue && (known?.waiting ?? null) === null && !(isCrowd && this.isAnyWaiting())) {
      this.told(key, now);
      return true;
    }
    if (known === undefined) this.known.set(key, { toldAt: null, waiting: signal, cameAt: now });
    else {
      known.waiting = signal;
      known.cameAt = now;
    }
    return false;
  }

  /**
   * Returns the due signals, the longest waiting first, and removes old records. A typing signal is dropped when its
   * person has left or it has expired while it waited.
   */
  take(now: number, subscriptions: number, isHere: (user: string) => boolean): Signal[] {
    const isCrowd = subscriptions > CROWD_ABOVE;
    const interval = intervalOf(isCrowd);
    const isClosed = isCrowd && this.toldAt !== null && now - this.toldAt < interval;
    const most = isCrowd ? Math.max(1, Math.floor(CROWD_FRAMES_MAX / subscriptions)) : Infinity;
    const taken: Signal[] = [];
    for (const [key, known] of this.known) {
      const { waiting, toldAt, cameAt } = known;
      if (waiting !== null && isOver(waiting, now - cameAt, isHere)) known.waiting = null;
      if (known.waiting === null) {
        if (toldAt === null || now - toldAt >= interval) this.known.delete(key);
      } else if (!isClosed && taken.length < most) {
        if (!isCrowd && toldAt !== null && now - toldAt < interval) continue;
        taken.push(known.waiting);
        this.told(key, now);
      }
    }
    return taken;
  }

  /** Returns the milliseconds until {@link take} must be called; null when nothing is kept. */
  nextMs(now: number, subscriptions: number): number | null {
    if (this.known.size === 0) return null;
    const isCrowd = subscriptions > CROWD_ABOVE;
    if (isCrowd) return Math.max(0, (this.toldAt ?? now) + CROWD_INTERVAL_MS - now);
    let next = Infinity;
    for (const { toldAt } of this.known.values()) {
      next = Math.min(next, toldAt === null ? now : toldAt + SIGNAL_INTERVAL_MS);
    }
    return Math.max(0, next - now);
  }

  /** Moves an entry behind all others, so that the next batch begins with those that wait. */
  private told(key: string, now: number): void {
    this.known.delete(key);
    this.known.set(key, { toldAt: now, waiting: null, cameAt: now });
    this.toldAt = now;
  }

  private isAnyWaiting(): boolean {
    for (const { waiting } of this.known.values()) if (waiting !== null) return true;
    return false;
  }
}

function intervalOf(isCrowd: boolean): number {
  return isCrowd ? CROWD_INTERVAL_MS : SIGNAL_INTERVAL_MS;
}

function isOver(signal: Signal, waitedMs: number, isHere: (user: string) => boolean): boolean {
  return (
    signal.type === 'typing' && signal.on && (waitedMs >= signal.forMs || !isHere(signal.user))
  );
}
