/** A connection, or the process of the embedded engine, that was lost while it was being opened. */
export class LostError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'LostError';
  }
}
