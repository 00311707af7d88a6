/** The entry of a warning or an error of the log in the runbook. */

/** The entry of a line. */
export interface IncidentLine {
  /** Its anchor in the runbook. */
  readonly id: string;
  /** Finds the message of the line. */
  readonly says: RegExp;
  /** Level of the line. */
  readonly level: 'warn' | 'error' | 'critical';
  readonly title: string;
  readonly means: string;
  /** Where to look, in order. */
  readonly look: readonly string[];
  /** What to do; begins in lower case and has no full stop. */
  readonly remedy: string;
}
