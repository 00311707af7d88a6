/**
 * How large the rows of a run are: in full, quick, or tiny.
 */

/** The sizes of one benchmark run. */
export interface Size {
  readonly subscribers: number;
  readonly burst: number;
  readonly threads: number;
  readonly members: number;
  readonly connections: number;
  /** Threads of the row `known`, and of the log that it is compared with. */
  readonly knownThreads: number;
  readonly fewThreads: number;
  /** Messages per second of the row `rate`, one load after the other. */
  readonly rates: readonly number[];
  /** Messages per second of the row `ack`. */
  readonly ackRate: number;
  /** Connections of one storm of the row `connect`. */
  readonly storm: number;
  /** Clients of the row `resume`, and the messages that each of them has missed. */
  readonly resumers: number;
  readonly behind: number;
  /** Messages that the row `replay` replays, and messages per second to the others meanwhile. */
  readonly replayed: number;
  readonly othersRate: number;
  /** How long the row `half-load` takes. */
  readonly halfLoadMs: number;
  readonly rounds: number;
  readonly sliceMs: number;
  /** How long memory must stay unchanged before it is read. */
  readonly settleMs: number;
  /** Longest time of one row. After it no further round begins, and at twice as long the row is given up. */
  readonly rowMs: number;
}

/** The sizes that figures are published of. */
export const FULL: Size = {
  subscribers: 1_000,
  burst: 32,
  threads: 1_000,
  members: 5,
  connections: 10_000,
  knownThreads: 1_000_000,
  fewThreads: 1_000,
  rates: [4_000, 1_000],
  ackRate: 100,
  storm: 5_000,
  resumers: 10_000,
  behind: 20,
  replayed: 300_000,
  othersRate: 400,
  halfLoadMs: 600_000,
  rounds: 7,
  sliceMs: 4_000,
  settleMs: 3_000,
  rowMs: 900_000
};

/** A few minutes in all. */
export const QUICK: Size = {
  ...FULL,
  knownThreads: 50_000,
  connections: 2_000,
  storm: 1_000,
  resumers: 1_000,
  replayed: 30_000,
  halfLoadMs: 60_000,
  rounds: 3,
  sliceMs: 1_500,
  rowMs: 180_000
};

/** Too small to measure anything; shows only that the benchmark works. */
export const TINY: Size = {
  subscribers: 5,
  burst: 4,
  threads: 3,
  members: 2,
  connections: 10,
  knownThreads: 20,
  fewThreads: 10,
  rates: [100],
  ackRate: 50,
  storm: 10,
  resumers: 10,
  behind: 3,
  replayed: 50,
  othersRate: 50,
  halfLoadMs: 3_000,
  rounds: 1,
  sliceMs: 100,
  settleMs: 100,
  rowMs: 60_000
};
