/** Where the recorder gets actors from that are not in the tree. */
import type { AnyActor, InspectionEvent } from 'xstate';
import type { WatchedThreads } from '../../actors/threads/delivery-actors.js';

/** Source of delivery actors, each the root of a system of its own. */
export interface DeliveryActorsSource {
  /** Observes the delivery actors of some threads, including later ones. Returns how to end that. */
  observe(observer: (event: InspectionEvent) => void, threads: WatchedThreads): () => void;
  /** Returns the delivery actor of a thread; null while it has none. */
  actorOf(thread: string): AnyActor | null;
}

/** Source of the actors of runs, each the root of a system of its own. */
export interface RunActorsSource {
  /** Observes the actors of all runs, including later ones. Returns how to end that. */
  observe(observer: (event: InspectionEvent) => void): () => void;
  all(): Iterable<AnyActor>;
}
