/** Whether the log accepts appends, and if not, why. */
export interface LogHealth {
  readonly writable: boolean;
  readonly reason: string | null;
}

/** Reports the health of the log. */
export interface LogHealthSource {
  /** Returns the health now. */
  health(): LogHealth;
  /** Sets the one listener for changes of health. */
  onHealth(listener: (health: LogHealth) => void): void;
}
