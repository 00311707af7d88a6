/**
 * Puts the commands of this node into the order that all nodes share, and applies that order to the replica. It also
 * decides whether commands are accepted: not without a majority of the brokers, and not when the replica cannot follow.
 * @see docs/adr/0029-commands-in-one-order.md
 */
import type { Clock } from '../clock.js';
import type { LogHealth, LogHealthSource } from '../log/log-health.js';
import type { Command, Replica, ThreadEpoch } from '../log/replica.js';
import type { Position, Replication } from '../log/replica/replication.js';
import { Applier } from './applier.js';
import { DivergenceGuard } from './divergence-guard.js';
import type { Genesis } from './founding.js';
import type { CommandOrder } from './order.js';
import { Outbox, type Item } from './outbox.js';
import { partitionOf } from './partitions.js';

/** Time in which a change must come back through the order, in milliseconds; then it is answered `unavailable`. */
export const ANSWER_MS = 2_000;

/** Time without progress, though the order has more, after which a partition is read anew, in milliseconds. */
export const STALL_MS = 2_000;

/** Time between two looks at what waits and what stalls, in milliseconds. */
const LOOK_MS = 250;

/** Time between two questions to the order how far it is, in milliseconds. */
export const ASK_MS = 5_000;

/** Most bytes of commands of this node that are not applied yet. Above it, changes are answered `unavailable`. */
export const OUTBOX_BYTES = 67_108_864;

/** Epochs of threads, for a replica that is opened before the order is. */
export class EpochSource {
  /** Returns the epoch of a thread. */
  of: (thread: string) => ThreadEpoch = () => ({ epoch: '' });
}

/** Options of {@link Sequencer}. */
export interface SequencerOptions {
  readonly order: CommandOrder;
  /** The replica. Its epochs are asked of `epochs`. */
  readonly log: LogHealthSource & { readonly replica: Replica };
  /** Where the replica asks for epochs; the sequencer answers. */
  readonly epochs: EpochSource;
  readonly clock: Clock;
  readonly newEpoch: () => string;
  /** Makes the id of a source of commands: a text that has not been used before. */
  readonly newSource: () => string;
  /** Calls back after what is readable now has been read. Default: `setImmediate`. */
  readonly gather?: (flush: () => void) => void;
}

/** How far a partition is on this node. */
export interface PartitionProgress {
  /** Sequence of the last message that is durable here. */
  readonly sequence: number;
  /** Highest sequence that the order is known to have. */
  readonly known: number;
  /** Digest of all messages that were given to the replica, the last of which is `at`. */
  readonly hash: string;
  readonly at: number;
}

/** The part of this node in one partition. */
interface Partition {
  readonly outbox: Outbox;
  readonly applier: Applier;
  /** Highest sequence that the order is known to have. */
  known: number;
  /** What the order was known to have at a moment of `Clock.elapsed()`, until the replica has it. */
  behind: { readonly known: number; readonly at: number } | null;
}

/** The sequencer of one node. */
export class Sequencer implements Replication {
  readonly #options: SequencerOptions;
  readonly #partitions: readonly Partition[];
  readonly #guard: DivergenceGuard;
  #listener: (health: LogHealth) => void = () => undefined;
  #health: LogHealth = { writable: true, reason: null };
  #fault: string | null = null;
  #miss: string | null = null;
  /** Since when no broker can be reached; null while one can. */
  #awaySince: number | null = null;
  #timer: unknown = null;
  #askedAt: number;
  #isClosing = false;
  #progressed: () => void = () => undefined;

  constructor(options: SequencerOptions) {
    this.#options = options;
    const { order, clock, newEpoch, newSource, gather } = options;
    this.#askedAt = clock.elapsed();
    this.#guard = new DivergenceGuard(order.partitions, (reason) => {
      for (const { applier } of this.#partitions) applier.stop();
      this.#fail(reason);
    });
    this.#partitions = Array.from({ length: order.partitions }, (_, partition) => {
      const outbox = new Outbox({
        partition,
        newSource,
        order,
        clock,
        ...(gather === undefined ? {} : { gather }),
        onStored: ({ sequence, isDuplicate }, isExpected) => {
          this.#miss = null;
          this.#stored(partition, sequence, isExpected && !isDuplicate);
        },
        onMiss: (reason) => {
          this.#miss = reason;
        }
      });
      const applier = new Applier({
        partition,
        order,
        replica: options.log.replica,
        outbox,
        clock,
        newEpoch,
        onGiven: (applied, hash) => {
          this.#guard.applied({ partition, applied, hash });
        },
        onApplied: () => {
          this.#progressed();
          if (!this.#health.writable) this.#judge();
        },
        onFault: (reason) => {
          this.#fail(reason);
        }
      });
      return { outbox, applier, known: 0, behind: null };
    });
    options.epochs.of = (thread) => this.#of(thread).applier.epoch;
  }

  /** How far each partition is: for reports, and to compare nodes. */
  progress(): PartitionProgress[] {
    return this.#partitions.map(({ applier, known }) => ({
      sequence: applier.sequence,
      known: Math.max(known, applier.sequence),
      hash: applier.hash.hash,
      at: applier.hash.sequence
    }));
  }

  lagMs(): number {
    const now = this.#options.clock.elapsed();
    const since = this.#partitions.flatMap(({ behind, applier }) =>
      behind === null || applier.sequence >= behind.known ? [] : [behind.at]
    );
    return Math.max(0, now - Math.min(now, this.#awaySince ?? now, ...since));
  }

  positions(): Position[] {
    return this.#partitions.map(({ applier }, partition) => {
      const { sequence: applied, hash } = applier.hash;
      return { partition, applied, hash };
    });
  }

  compare(node: string, positions: readonly Position[]): void {
    this.#guard.compare(node, positions);
  }

  /** Opens the partitions and resolves when the replica has what the order had then. */
  async open(): Promise<void> {
    const { order } = this.#options;
    order.onReach((isReached) => {
      this.#reach(isReached);
    });
    let genesis: Genesis | null = null;
    for (const { applier } of this.#partitions) genesis = await applier.open(genesis);
    const lasts: number[] = [];
    for (const [index, partition] of this.#partitions.entries()) {
      const last = await order.last(index);
      partition.known = Math.max(partition.known, last);
      lasts.push(last);
    }
    for (const { applier } of this.#partitions) applier.start();
    this.#lookLater();
    await new Promise<void>((resolve, reject) => {
      this.#progressed = () => {
        if (this.#fault !== null) reject(new Error(this.#fault));
        const isThere = this.#partitions.every(
          ({ applier }, index) => applier.sequence >= (lasts[index] ?? 0)
        );
        if (isThere) resolve();
      };
      this.#progressed();
    });
    this.#progressed = () => undefined;
  }

  /**
   * Sends a command; of its callbacks one is called, once. What it changes can be read on this node when it is called.
   */
  submit(command: Command, callbacks: Omit<Item, 'command' | 'since'>): void {
    const refusal = this.#refusal(command);
    if (refusal !== null) callbacks.failed(refusal);
    else {
      const since = this.#options.clock.elapsed();
      this.#of(command.thread).outbox.push({ command, since, ...callbacks });
    }
  }

  /** Gives the threads of a partition a new epoch, since the order has lost some of their messages. */
  async renew(partition: number): Promise<void> {
    await this.#partitions[partition]?.applier.renew();
  }

  health(): LogHealth {
    return this.#health;
  }

  onHealth(listener: (health: LogHealth) => void): void {
    this.#listener = listener;
    this.#options.log.onHealth(() => {
      this.#judge();
    });
  }

  /** Stops everything but the replica, and answers what waits. */
  abandon(): void {
    this.#isClosing = true;
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = null;
    for (const { outbox, applier } of this.#partitions) {
      applier.stop();
      outbox.close('the thread log is closed');
    }
  }

  /** Refuses commands, and resolves when those that were accepted are applied or too late. */
  async rest(): Promise<void> {
    this.#isClosing = true;
    const { clock } = this.#options;
    const isEmpty = (): boolean => this.#partitions.every(({ outbox }) => outbox.isEmpty);
    if (isEmpty()) return;
    await new Promise<void>((resolve) => {
      const timer: unknown = clock.setTimeout(resolve, ANSWER_MS);
      this.#progressed = () => {
        if (!isEmpty()) return;
        clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  #of(thread: string): Partition {
    const partition = this.#partitions[partitionOf(thread, this.#partitions.length)];
    if (partition === undefined) throw new RangeError('the order has no partitions');
    return partition;
  }

  /** Why a command is refused now; null when it is not. */
  #refusal(command: Command): string | null {
    if (this.#isClosing) return 'the thread log is closed';
    if (!this.#health.writable) return this.#health.reason;
    const bytes = this.#partitions.reduce((sum, { outbox }) => sum + outbox.bytes, 0);
    if (bytes > OUTBOX_BYTES) return 'the thread log is behind: too much waits for the order';
    return this.#options.log.replica.problem(command);
  }

  #stored(index: number, sequence: number, isNews: boolean): void {
    const partition = this.#partitions[index];
    if (partition === undefined) return;
    // Another message was applied at this place: the order has lost it, which the restart finds.
    if (isNews && sequence <= partition.applier.sequence) partition.applier.restart();
    partition.known = Math.max(partition.known, sequence);
    if (!this.#health.writable) this.#judge();
  }

  #reach(isReached: boolean): void {
    this.#awaySince = isReached ? null : (this.#awaySince ?? this.#options.clock.elapsed());
    // The reader of a connection that was lost is not relied on.
    if (isReached) for (const { applier } of this.#partitions) applier.restart();
    this.#judge();
  }

  #lookLater(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#look();
      this.#lookLater();
    }, LOOK_MS);
  }

  #look(): void {
    const { clock } = this.#options;
    const now = clock.elapsed();
    for (const partition of this.#partitions) {
      const { outbox, applier, known, behind } = partition;
      if (behind === null || applier.sequence >= behind.known) {
        partition.behind = known > applier.sequence ? { known, at: now } : null;
      }
      if (known > applier.sequence && now - applier.heardAt >= STALL_MS) applier.restart();
      outbox.expire(now - ANSWER_MS, this.#lateReason());
    }
    this.#judge();
    if (now - this.#askedAt < ASK_MS) return;
    this.#askedAt = now;
    for (const [index, partition] of this.#partitions.entries()) {
      this.#options.order.last(index).then(
        (last) => {
          partition.known = Math.max(partition.known, last);
          // It has less than was applied here: the restart finds out whether that is so.
          if (last < partition.applier.sequence) partition.applier.restart();
        },
        () => undefined
      );
    }
  }

  #lateReason(): string {
    const why = this.#miss === null ? '' : ` (${this.#miss})`;
    return `no majority of the brokers has stored it within ${String(ANSWER_MS)} ms${why}`;
  }

  #fail(reason: string): void {
    this.#fault ??= reason;
    this.#judge();
  }

  /** Decides whether changes are accepted, and tells when that changes. */
  #judge(): void {
    const reason = this.#fault ?? this.#options.log.health().reason ?? this.#stallReason();
    if (reason === this.#health.reason) return;
    const wasWritable = this.#health.writable;
    this.#health = { writable: reason === null, reason };
    if (wasWritable !== (reason === null)) this.#listener(this.#health);
  }

  #stallReason(): string | null {
    const before = this.#options.clock.elapsed() - ANSWER_MS;
    if (this.#awaySince !== null && this.#awaySince <= before) return 'no broker can be reached';
    const isLate = this.#partitions.some(({ outbox }) => outbox.isLate(before));
    return isLate ? this.#lateReason() : null;
  }
}
