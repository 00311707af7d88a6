/** What the monitor has found, asked of `/status` while it is not well: its actor knows the level only. */
import type { ClientClock } from '../../../sdk/clock.js';
import { readReport } from '../../status/report/report.js';
import { findingWords, type FindingWords } from '../../status/words/finding.js';

/** Time between an answer and the next question, in milliseconds. */
export const AGAIN_MS = 2_000;

/** What {@link Findings} needs from outside. */
export interface FindingsOptions {
  readonly clock: Pick<ClientClock, 'after'>;
  /** Asks for the report. Rejects when there is none. */
  readonly ask: () => Promise<unknown>;
  readonly changed: () => void;
}

/** The present findings of the monitor, but for those about a part, which the inspector shows itself. */
export class Findings {
  readonly #options: FindingsOptions;
  #isWanted = false;
  #words: readonly FindingWords[] = [];
  #round = 0;
  #cancelNext: (() => void) | null = null;

  constructor(options: FindingsOptions) {
    this.#options = options;
  }

  /** The findings; empty while they are not wanted or not known. */
  get words(): readonly FindingWords[] {
    return this.#words;
  }

  /** Sets whether the findings are shown: asks at once, and again for as long as they are. */
  want(isWanted: boolean): void {
    if (isWanted === this.#isWanted) return;
    this.#isWanted = isWanted;
    this.#round++;
    this.#cancelNext?.();
    this.#cancelNext = null;
    this.#words = [];
    if (isWanted) void this.#ask(this.#round);
  }

  async #ask(round: number): Promise<void> {
    const { ask, clock, changed } = this.#options;
    const answer = await ask().catch(() => null);
    if (round !== this.#round) return;
    const monitor = readReport(answer)?.monitor;
    const findings = monitor?.findings.filter(
      ({ kind, endedAt }) => endedAt === null && kind !== 'part_missed'
    );
    // Without findings the words are those of the issues, which name the parts too.
    this.#words =
      monitor === undefined || findings === undefined || findings.length === 0
        ? []
        : findingWords({ ...monitor, findings }, () => null);
    this.#cancelNext = clock.after(AGAIN_MS, () => {
      void this.#ask(round);
    });
    changed();
  }
}
