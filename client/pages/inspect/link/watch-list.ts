/** The threads that the server sends live: the selected one first, then those in sight. */
import { WATCHED_THREADS_MAX } from '../../../../protocol/inspection.js';

/** Keeps the server's list of watched threads current. It sends a request only when the list changes. */
export class WatchList {
  readonly #ask: (threads: readonly string[]) => Promise<unknown>;
  readonly #caught: (thread: string) => void;
  #asked: readonly string[] = [];

  /** `caught` is called with a newly selected thread once the server watches it. */
  constructor(
    ask: (threads: readonly string[]) => Promise<unknown>,
    caught: (thread: string) => void
  ) {
    this.#ask = ask;
    this.#caught = caught;
  }

  /** Forgets what was requested: on a new connection the server watches no threads. */
  forget(): void {
    this.#asked = [];
  }

  /** Requests these threads unless they were the last ones requested. */
  watch(selected: string | null, inSight: readonly string[]): void {
    const wanted = [...new Set([...(selected === null ? [] : [selected]), ...inSight])].slice(
      0,
      WATCHED_THREADS_MAX
    );
    const asked = new Set(this.#asked);
    if (wanted.length === asked.size && wanted.every((thread) => asked.has(thread))) return;
    const isNew = selected !== null && !asked.has(selected);
    this.#asked = wanted;
    this.#ask(wanted).then(
      () => {
        if (isNew) this.#caught(selected);
      },
      () => {
        // Requested again on the next connection or the next change.
      }
    );
  }
}
