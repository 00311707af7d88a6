/** Threads that the server is asked to tell of: the one that is looked at first, and those in sight. */
import { WATCHED_THREADS_MAX } from '../../../../protocol/inspection.js';

/** Keeps the server's list of watched threads as it should be, with as few requests as that takes. */
export class WatchList {
  readonly #ask: (threads: readonly string[]) => Promise<unknown>;
  readonly #caught: (thread: string) => void;
  #asked: readonly string[] = [];

  /** `caught` is told of the thread that is looked at, once it is watched. */
  constructor(
    ask: (threads: readonly string[]) => Promise<unknown>,
    caught: (thread: string) => void
  ) {
    this.#ask = ask;
    this.#caught = caught;
  }

  /** The server has forgotten: there is a new connection. */
  forget(): void {
    this.#asked = [];
  }

  /** Watches these, if they are not the ones that are watched. */
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
        // Asked again when the line is back, or with the next change.
      }
    );
  }
}
