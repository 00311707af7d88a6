/** Gathers the thoughts of a model, which come in pieces of a word, to few entries: each becomes one of the log. */
import type { Clock } from '../../clock.js';
import type { AgentEvent } from '../agent.js';

/** Time after which what was gathered becomes an entry, in milliseconds. */
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

  /** Takes a piece, and yields what has been gathered when that is enough. */
  *add(piece: string): Generator<AgentEvent> {
    if (piece === '') return;
    if (this.text === '') this.sinceMs = this.clock.elapsed();
    this.text += piece;
    const isLong = this.text.length >= THOUGHT_CHARS;
    if (isLong || this.clock.elapsed() - this.sinceMs >= THOUGHT_MS) yield* this.rest();
  }

  /** Yields what is left. A piece is at most an event of the stream long, and an entry has a bound too. */
  *rest(): Generator<AgentEvent> {
    while (this.text !== '') {
      // The halves of a pair are kept together: alone they are no character.
      const isPair = /[\ud800-\udbff]/.test(this.text.charAt(THOUGHT_CHARS - 1));
      const end = isPair ? THOUGHT_CHARS - 1 : THOUGHT_CHARS;
      const text = this.text.slice(0, end);
      this.text = this.text.slice(end);
      yield { type: 'thinking', text };
    }
  }
}
