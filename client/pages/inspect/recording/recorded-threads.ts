/** Threads of a recording, each as it was last recorded up to a place, even if it was no longer watched there. */
import { isStanding, stateAfter, type ActorState } from '../states/actor-state.js';
import type { RecordedTimeline } from './recorded-timeline.js';

/** Most threads that are listed. */
export const RECORDED_THREADS_MAX = 10_000;

/** The last recorded state of each thread's actor, by thread. */
export function recordedThreads(
  timeline: RecordedTimeline,
  position: number
): Map<string, ActorState> {
  const threads = new Map<string, ActorState>();
  for (const said of timeline.standing()) {
    if (said.thread !== null) threads.set(said.thread, stateAfter(null, said));
  }
  for (let index = 0; index < position; index++) {
    const message = timeline.message(index);
    if (message === undefined || !isStanding(message) || message.thread === null) continue;
    const before = threads.get(message.thread) ?? null;
    if (before === null && threads.size >= RECORDED_THREADS_MAX) continue;
    threads.set(message.thread, stateAfter(before, message));
  }
  return threads;
}
