/**
 * Most steps of the parser per character of a text. A step is a character, line or token that is looked at. The hostile
 * texts of the spec need at most 16, so more than this is a defect of the parser, and the text is shown as it was written.
 */
export const STEPS_PER_CHARACTER = 64;

/** Counts the steps of a parser, so that no text takes more than a bounded number of them. */
export class Meter {
  readonly #max: number;
  #steps = 0;

  constructor(characters: number, perCharacter: number = STEPS_PER_CHARACTER) {
    this.#max = (characters + 1) * perCharacter;
  }

  /** Steps that were taken. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Counts further steps.
   * @throws {TooManySteps} when they are more than the text may take
   */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.#max) throw new TooManySteps();
  }
}

/** A text took more steps than its length allows. */
export class TooManySteps extends Error {
  constructor() {
    super('the text takes too long to parse');
  }
}
