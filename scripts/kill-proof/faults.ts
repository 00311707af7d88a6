/** Counts faults without a limit, and keeps the words of the first ones. */

/** Most faults of one list whose words are kept. */
const FAULTS_KEPT = 20;

/** The number of faults, and the words of the first ones. */
export interface FaultsAccount {
  readonly count: number;
  readonly words: readonly string[];
}

/** A bounded list of faults. */
export class Faults implements FaultsAccount {
  readonly #words: string[] = [];
  #count = 0;

  /** Adds a fault. */
  add(words: string): void {
    this.#count += 1;
    if (this.#words.length < FAULTS_KEPT) this.#words.push(words);
  }

  /** Adds the faults of another list. */
  addAll({ count, words }: FaultsAccount): void {
    for (const each of words) this.add(each);
    this.#count += Math.max(0, count - words.length);
  }

  /** Number of all faults. */
  get count(): number {
    return this.#count;
  }

  /** The words of the first faults. */
  get words(): readonly string[] {
    return this.#words;
  }
}
