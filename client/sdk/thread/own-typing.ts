/** Shortest time between two "is typing" frames, in milliseconds: half of the time that the server shows one. */
export const TYPING_REPEAT_MS = 3_000;

/** Whether the others have been told that this user types, and when. */
export class OwnTyping {
  #toldAt: number | null = null;

  /** Whether a frame is due at this moment of `elapsed()`; the caller sends it. */
  isDue(on: boolean, now: number): boolean {
    if (on ? this.#isFresh(now) : this.#toldAt === null) return false;
    this.#toldAt = on ? now : null;
    return true;
  }

  /** Handles the end of a subscription: the others know of nothing. */
  lost(): void {
    this.#toldAt = null;
  }

  #isFresh(now: number): boolean {
    return this.#toldAt !== null && now - this.#toldAt < TYPING_REPEAT_MS;
  }
}
