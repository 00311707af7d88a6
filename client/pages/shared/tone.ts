/** How something is, as a colour says it; never said by a colour alone. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'none';

/** A word and its colour. */
export interface Word {
  readonly tone: Tone;
  readonly text: string;
}
