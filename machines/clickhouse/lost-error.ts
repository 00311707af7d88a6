/** Thrown when a connection, or the process of the embedded engine, is lost while it is being opened. */
export class LostError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'LostError';
  }
}
