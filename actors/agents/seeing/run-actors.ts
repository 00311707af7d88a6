/**
 * The actors of open runs, for the inspector. Each is the root of a system of its own, and an actor that nobody watches
 * has no observer. There are never more than `AGENT_RUNS` of them.
 */
import type { Actor, InspectionEvent, Subscription } from 'xstate';
import type { runMachine } from '../../../machines/agents/run.machine.js';

type RunActor = Actor<typeof runMachine>;
type Observer = (event: InspectionEvent) => void;

/** The actors of open runs. */
export class RunActors {
  private readonly open = new Map<RunActor, Subscription | null>();
  private readonly observers = new Set<Observer>();

  /** Adds an actor; call it before the actor starts. It is removed when the run is over. */
  add(actor: RunActor): void {
    this.open.set(actor, this.observers.size === 0 ? null : this.watch(actor));
    actor.subscribe({
      // The observer stays, since it is told of the last state after this, and goes with the actor.
      complete: () => {
        this.open.delete(actor);
      }
    });
  }

  /** Returns the actors of all open runs, oldest first. */
  all(): Iterable<RunActor> {
    return this.open.keys();
  }

  /** Number of actors that are observed. */
  get observed(): number {
    return [...this.open.values()].filter((watching) => watching !== null).length;
  }

  /**
   * Calls an observer, which must not throw, for the actors of all runs, including later ones.
   * @returns a function that ends it
   */
  observe(observe: Observer): () => void {
    this.observers.add(observe);
    for (const [actor, watching] of this.open) {
      if (watching === null) this.open.set(actor, this.watch(actor));
    }
    return () => {
      this.observers.delete(observe);
      if (this.observers.size > 0) return;
      for (const [actor, watching] of this.open) {
        watching?.unsubscribe();
        this.open.set(actor, null);
      }
    };
  }

  private watch(actor: RunActor): Subscription {
    return actor.system.inspect((event) => {
      for (const observe of this.observers) observe(event);
    });
  }
}
