/** A failure that does not pass by itself: a required ClickHouse is not tried again after it. */
export class PermanentError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'PermanentError';
  }
}
