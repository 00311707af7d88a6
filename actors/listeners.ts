/**
 * Listeners of one kind of event. A listener that throws affects neither the others nor the caller: `onFault` gets the
 * error.
 */
import { reasonOf } from '../machines/reason.js';

/** A list of listeners. Calling an empty one costs nothing. */
export class Listeners<Event> {
  private readonly onFault: (reason: string) => void;
  /** Replaced, never changed: a listener that is added or removed during an event does not affect it. */
  private listeners: readonly ((event: Event) => void)[] = [];

  constructor(onFault: (reason: string) => void) {
    this.onFault = onFault;
  }

  /** Whether there are no listeners. */
  get isEmpty(): boolean {
    return this.listeners.length === 0;
  }

  /**
   * Adds a listener; listeners are called in the order in which they were added. Returns a function that removes it.
   */
  listen(listener: (event: Event) => void): () => void {
    this.listeners = [...this.listeners, listener];
    return () => {
      this.listeners = this.listeners.filter((other) => other !== listener);
    };
  }

  /** Calls all listeners with an event. Never throws. */
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
