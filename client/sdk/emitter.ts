/** Typed events: `Events` maps the name of each event to the value it carries. */
export class Emitter<Events extends object> {
  readonly #listeners: { [K in keyof Events]?: Set<(value: Events[K]) => void> } = {};

  /** Calls `listener` on every event of that name, in the order of registration; the returned function removes it. */
  on<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): () => void {
    const listeners = this.#listeners[event] ?? new Set<(value: Events[K]) => void>();
    this.#listeners[event] = listeners;
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** Calls all listeners. When one throws, the others are still called and the error is reported as uncaught. */
  emit<K extends keyof Events>(event: K, value: Events[K]): void {
    const listeners = this.#listeners[event];
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Removes all listeners. */
  clear(): void {
    for (const event in this.#listeners) this.#listeners[event]?.clear();
  }
}
