/** Where a reader goes on who has seen a thread up to a place, and what it misses: one rule for every door. */
import type { ThreadHead } from './log-reader.js';
import type { Place } from '../../protocol/place.js';

/** Messages that the client lacks and that the log no longer has, or has damaged. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly reason: 'trimmed' | 'epoch' | 'damaged';
}

/** Where reading goes on, and the gap before it. */
export interface ResumePoint {
  /** The reader gets what comes after this offset. */
  readonly cursor: number;
  readonly gap: Gap | null;
}

/**
 * Returns where a reader goes on. A place of another epoch, or beyond the newest message, belongs to another history:
 * the reader gets everything that is kept. So does a place without an epoch when there was ever another epoch; else it
 * can only be of the thread's own.
 */
export function resumePoint(place: Place, head: ThreadHead): ResumePoint {
  const { epoch, first, last, isRenewed = false } = head;
  const oldest = first - 1;
  const { offset } = place;
  // Whoever says no more than "from 0 on" wants what is kept, and misses nothing.
  if (place.epoch === null && offset === 0) return { cursor: oldest, gap: null };
  const isOwn = place.epoch === null ? !isRenewed : place.epoch === epoch;
  if (!isOwn || offset > last) {
    return { cursor: oldest, gap: offset === 0 ? null : { from: 1, to: offset, reason: 'epoch' } };
  }
  if (offset < oldest) {
    return { cursor: oldest, gap: { from: offset + 1, to: oldest, reason: 'trimmed' } };
  }
  return { cursor: offset, gap: null };
}

/** Offsets from the first to the last of a hole. */
type Hole = Pick<Gap, 'from' | 'to'>;

/** The one gap before a page over HTTP. `damaged`: the part of it that is damaged, when only a part of it is. */
export interface PageGap extends Gap {
  readonly damaged?: Hole;
}

/**
 * Joins the gap at which a reader goes on with the damaged messages that follow it: the page has one gap. The reason is
 * that of its beginning.
 */
export function pageGap(gap: Gap | null, damaged: Hole | null): PageGap | null {
  if (damaged === null) return gap;
  const { from, to } = damaged;
  if (gap === null) return { from, to, reason: 'damaged' };
  return { ...gap, to: Math.max(gap.to, to), damaged: { from, to } };
}
