/**
 * Who is typing in one thread, and how far its people have read. Each such frame goes to every subscriber, so one that
 * follows another too soon waits, and a newer one of the same person takes its place: the latest state wins. What comes
 * after a pause is told at once.
 */
import type { ServerFrame } from '../../protocol/frames.js';

/** A frame about what one person does. Only the latest of each type and person matters. */
export type Signal = ServerFrame<'typing' | 'mark'>;

/** Shortest time between two signals of one type and person, in milliseconds. */
export const SIGNAL_INTERVAL_MS = 500;

/** Above this many subscriptions a thread is a crowd: its signals are told together, once in {@link CROWD_INTERVAL_MS}. */
export const CROWD_ABOVE = 50;

/** Shortest time between two frames, or batches of frames, that all of a crowd get, in milliseconds. */
export const CROWD_INTERVAL_MS = 1_000;

/**
 * Most frames that the signals of a crowd cost in one interval, over all of its subscriptions: 33 signals for 150 of
 * them, and at least one for any number. Those that have waited longest come first, the others wait for the next one.
 */
export const CROWD_FRAMES_MAX = 5_000;

/** Most people and types that one thread keeps; beyond it signals of others are dropped until the next interval. */
export const SIGNALS_MAX = 1_000;

/** The signals of one type and person. */
interface Known {
  /** When the latest was told; null when none was. */
  toldAt: number | null;
  /** The one that waits; null when none does. */
  waiting: Signal | null;
  /** When the one that waits came. */
  cameAt: number;
}

/** The signals of one thread, kept for as long as the next ones may come too soon. Moments are of `Clock.elapsed()`. */
export class Signals {
  private readonly known = new Map<string, Known>();
  /** When anything was last told. */
  private toldAt: number | null = null;

  /** Notes a signal. Returns whether to tell it now; otherwise it waits, in place of an older one. */
  note(signal: Signal, now: number, subscriptions: number): boolean {
    const key = `${signal.type} ${signal.user}`;
    const known = this.known.get(key);
    if (known === undefined && this.known.size >= SIGNALS_MAX) return false;
    const isCrowd = subscriptions > CROWD_ABOVE;
    const last = isCrowd ? this.toldAt : (known?.toldAt ?? null);
    const isDue = last === null || now - last >= intervalOf(isCrowd);
    // Those that wait for their turn in a crowd are not overtaken.
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
   * Returns the signals that are due, those that wait longest first, and forgets what is over. Who is typing but no
   * longer here, or by a frame that has expired while it waited, is not told.
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

  /** Returns the milliseconds until {@link take} has something to do; null when nothing is kept any more. */
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

  /** Puts it behind all others: whoever waits in a crowd comes before it the next time. */
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
