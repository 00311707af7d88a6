/**
 * Listeners of one kind of event. One that throws harms neither the others nor who tells them: what it throws is handed
 * to `onFault`.
 */
import { reasonOf } from '../machines/reason.js';

/** A list of listeners; to tell an empty one costs nothing. */
export class Listeners<Event> {
  private readonly onFault: (reason: string) => void;
  /** Replaced, never changed: whoever comes or goes while an event is told does not disturb it. */
  private listeners: readonly ((event: Event) => void)[] = [];

  constructor(onFault: (reason: string) => void) {
    this.onFault = onFault;
  }

  /** Whether nobody listens. */
  get isEmpty(): boolean {
    return this.listeners.length === 0;
  }

  /** Adds a listener; they are told in the order in which they came. Returns a function that ends it. */
  listen(listener: (event: Event) => void): () => void {
    this.listeners = [...this.listeners, listener];
    return () => {
      this.listeners = this.listeners.filter((other) => other !== listener);
    };
  }

  /** Tells all listeners of an event. Never throws. */
  tell(event: Event): void {
    for (const listener of this.listeners) {
      try {
        listener(event);
      } catch (error) {
        this.onFault(reasonOf(error));
      }
    }
  }
}
