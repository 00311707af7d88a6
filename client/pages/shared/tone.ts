/** A status as a colour. The page always shows a word or a drawing with it. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'none';

/** A word and its colour. */
export interface Word {
  readonly tone: Tone;
  readonly text: string;
}
