/** Joins the thoughts of a model, which come word by word, into few events: each becomes an entry of the log. */
import type { Clock } from '../../clock.js';
import type { AgentEvent } from '../agent.js';

/** Time after which the gathered text becomes an entry, in milliseconds. */
export const THOUGHT_MS = 1_000;

/** Characters that become an entry at once. */
export const THOUGHT_CHARS = 4_096;

/** The thoughts of one attempt. */
export class Thoughts {
  private readonly clock: Pick<Clock, 'elapsed'>;
  private text = '';
  private sinceMs = 0;

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.clock = clock;
  }

  /** Adds a piece, and yields the gathered text when there is enough. */
  *add(piece: string): Generator<AgentEvent> {
    if (piece === '') return;
    if (this.text === '') this.sinceMs = this.clock.elapsed();
    this.text += piece;
    const isLong = this.text.length >= THOUGHT_CHARS;
    if (isLong || this.clock.elapsed() - this.sinceMs >= THOUGHT_MS) yield* this.rest();
  }

  /** Yields what is left, in parts, since a piece of the stream may be longer than an entry may be. */
  *rest(): Generator<AgentEvent> {
    while (this.text !== '') {
      // Keep both halves of a surrogate pair together: one alone is not a character.
      const isPair = /[\ud800-\udbff]/.test(this.text.charAt(THOUGHT_CHARS - 1));
      const end = isPair ? THOUGHT_CHARS - 1 : THOUGHT_CHARS;
      const text = this.text.slice(0, end);
      this.text = this.text.slice(end);
      yield { type: 'thinking', text };
    }
  }
}
