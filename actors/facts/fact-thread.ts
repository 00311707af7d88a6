/** What facts need to know of the thread that they are about; an active thread is one. */
export interface FactThread {
  readonly id: string;
  readonly epoch: string;
  /** Nothing is recorded of test threads. */
  readonly isTestThread: boolean;
  readonly subscribers: number;
  /** Newest offset that has been given to the subscribers. */
  readonly published: number;
}
