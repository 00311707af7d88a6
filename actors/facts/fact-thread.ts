/** The fields of a thread that facts need; an active thread has them. */
export interface FactThread {
  readonly id: string;
  readonly epoch: string;
  /** Test threads are not recorded. */
  readonly isTestThread: boolean;
  readonly subscribers: number;
  /** Newest offset that the subscribers have got. */
  readonly published: number;
}
