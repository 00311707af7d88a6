/** Whether the log can take appends, and if not, why. */
export interface LogHealth {
  readonly writable: boolean;
  readonly reason: string | null;
}

/** Tells how well the log is. */
export interface LogHealthSource {
  /** Health as of now. */
  health(): LogHealth;
  /** Sets the one listener for changes of health (transitions only). */
  onHealth(listener: (health: LogHealth) => void): void;
}
