/**
 * Applies one partition of the order to the replica of this node: message after message, each in one commit together
 * with the cursor. What the messages do depends on them alone, so that all nodes come to the same state.
 * @see docs/adr/0029-commands-in-one-order.md
 */
import type { Clock } from '../clock.js';
import type { Command, Note, Replica, ThreadEpoch } from '../log/replica.js';
import { CLUSTER_NOTE, CURSOR_NOTE } from '../log/replica/replica-notes.js';
import { chained, decodeCursor, digestOf, type Cursor } from './cursor.js';
import { encodeClusterNote, foundPartition, type Genesis } from './founding.js';
import type { CommandOrder, Consumption, Ordered } from './order.js';
import { decodeMessage, encodeMessage, type OrderMessage } from './order-message.js';
import type { Outbox } from './outbox.js';

/** Wait before a partition is read again after the replica could not take a message, in milliseconds. */
export const RETRY_MS = 200;

/** Most sources whose last number is known. Above it, the one that has been silent for longest is forgotten. */
export const SOURCES_MAX = 256;

/** Thrown when the order has not what the replica has applied. */
export class OrderWentBackError extends Error {
  readonly code = 'order_went_back';
  readonly partition: number;
  constructor(partition: number, what: string) {
    super(`partition ${String(partition)} of the order went back: ${what}`);
    this.name = 'OrderWentBackError';
    this.partition = partition;
  }
}

/** Options of {@link Applier}. */
export interface ApplierOptions {
  readonly partition: number;
  readonly order: CommandOrder;
  readonly replica: Replica;
  readonly outbox: Outbox;
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout' | 'elapsed'>;
  readonly newEpoch: () => string;
  /** Told of each message that is given to the replica, and of where it begins. */
  readonly onGiven: (sequence: number, hash: string) => void;
  /** Called when messages have become durable here. */
  readonly onApplied: () => void;
  /** Called once when this replica must not go on: it is damaged, or the order went back or cannot be read. */
  readonly onFault: (reason: string) => void;
}

interface Source {
  readonly number: number;
  readonly sequence: number;
}

/** Applies one partition. */
export class Applier {
  readonly #options: ApplierOptions;
  /** What has been given to the replica; null before {@link open}. */
  #given: Cursor | null = null;
  #durable = 0;
  readonly #sources = new Map<string, Source>();
  #consumption: Consumption | null = null;
  /** Batches that the replica writes. */
  #writing = 0;
  #timer: unknown = null;
  /** When a message came last, or reading began; a moment of `Clock.elapsed()`. */
  #heardAt = 0;
  #state: 'new' | 'running' | 'waiting' | 'ended' = 'new';

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /** Sequence of the last message that is durable here. */
  get sequence(): number {
    return this.#durable;
  }

  /** Digest of everything that was given to the replica. */
  get hash(): { readonly sequence: number; readonly hash: string } {
    return { sequence: this.#given?.sequence ?? 0, hash: this.#given?.hash ?? '' };
  }

  /** When a message came last, or reading began. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Epoch of the partition's threads. */
  get epoch(): ThreadEpoch {
    const { epoch = '', isRenewed = false } = this.#given ?? {};
    return isRenewed ? { epoch, isRenewed } : { epoch };
  }

  /**
   * Founds the partition when it is new, and checks that the order has what the replica has applied.
   * @param like the first message of the partition before
   * @returns the first message of this one
   * @throws {OrderWentBackError} the order lacks what the replica has applied
   * @throws {LogRoleError} the order is not that of this replica
   */
  async open(like: Genesis | null): Promise<Genesis> {
    const { order, partition, replica, newEpoch } = this.#options;
    this.#restore();
    const hasApplied = (this.#given?.sequence ?? 0) > 0;
    const founding = { order, partition, replica, hasApplied, newId: newEpoch, like };
    const genesis = await foundPartition(founding);
    await this.#check();
    return genesis;
  }

  /** Gives the partition's threads a new epoch, on all nodes. */
  async renew(): Promise<void> {
    const { order, partition, newEpoch } = this.#options;
    const epoch = newEpoch();
    const message = encodeMessage({ type: 'renewal', epoch });
    await order.publish(partition, `renewal:${epoch}`, message);
  }

  /** Begins to apply. */
  start(): void {
    if (this.#state === 'ended') return;
    this.#state = 'running';
    this.#consume();
  }

  /** Reads on from what was applied, with a new reader: the one before may tell nothing any more. */
  restart(): void {
    if (this.#state !== 'running') return;
    this.#consumption?.stop();
    this.#consumption = null;
    this.#heardAt = this.#options.clock.elapsed();
    this.#check().then(
      () => {
        if (this.#state === 'running') this.#consume();
      },
      (error: unknown) => {
        if (error instanceof OrderWentBackError) this.#end(error.message);
        // Not reached: the watchdog calls again.
      }
    );
  }

  stop(): void {
    this.#state = 'ended';
    this.#halt();
  }

  #halt(): void {
    this.#consumption?.stop();
    this.#consumption = null;
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #end(reason: string): void {
    if (this.#state === 'ended') return;
    this.stop();
    this.#options.onFault(reason);
  }

  #consume(): void {
    const { order, partition, clock } = this.#options;
    this.#consumption?.stop();
    this.#heardAt = clock.elapsed();
    const from = (this.#given?.sequence ?? 0) + 1;
    this.#consumption = order.consume(partition, from, (message) => {
      this.#heard(message);
    });
  }

  /** Reads from the replica what is durable. No batch may be under way. */
  #restore(): void {
    const { replica, partition } = this.#options;
    const text = replica.note(cursorId(partition));
    const cursor = text === null ? null : decodeCursor(text);
    if (text !== null && cursor === null) throw new Error('the cursor of the replica is damaged');
    this.#given = cursor;
    if (cursor !== null) this.#options.onGiven(cursor.sequence, cursor.hash);
    this.#durable = cursor?.sequence ?? 0;
    this.#sources.clear();
    const prefix = sourceId(partition, '');
    for (const { id, text: last } of replica.notes(prefix)) {
      const [number = 0, sequence = 0] = last.split(' ').map(Number);
      this.#sources.set(id.slice(prefix.length), { number, sequence });
    }
  }

  async #check(): Promise<void> {
    const { order, partition, replica } = this.#options;
    const at = this.#given;
    if (at === null || this.#writing > 0) return;
    const genesis = replica.note(genesisId(partition));
    const isThere = async (): Promise<string | null> => {
      const first = await order.message(partition, 1);
      if (first === null || digestOf(first) !== genesis) return 'it begins with another message';
      const last = await order.message(partition, at.sequence);
      if (last === null) return `it has no message ${String(at.sequence)}, which was applied here`;
      return digestOf(last) === at.digest ? null : `its message ${String(at.sequence)} is another`;
    };
    if ((await isThere()) === null) return;
    // A broker that was cut off may have answered. What is stored now shows where the order is.
    await order.publish(
      partition,
      `probe:${this.#options.newEpoch()}`,
      encodeMessage({ type: 'probe' })
    );
    const what = await isThere();
    if (what !== null) throw new OrderWentBackError(partition, what);
  }

  #heard(message: Ordered): void {
    if (this.#state !== 'running') return;
    this.#heardAt = this.#options.clock.elapsed();
    const expected = (this.#given?.sequence ?? 0) + 1;
    if (message.sequence < expected) return;
    if (message.sequence > expected) {
      this.restart();
      return;
    }
    const decoded = decodeMessage(message.bytes);
    if (decoded.ok) this.#apply(message, decoded.message);
    else this.#end(`message ${String(expected)} of the order cannot be read: ${decoded.reason}`);
  }

  #apply(ordered: Ordered, message: OrderMessage): void {
    const { partition, replica, outbox } = this.#options;
    const { sequence } = ordered;
    if ((message.type === 'genesis') !== (sequence === 1)) {
      this.#end(`message ${String(sequence)} of the order is not where it belongs`);
      return;
    }
    const before = this.#given;
    const digest = digestOf(ordered);
    const cursor: Cursor = {
      ...epochAfter(message, before),
      sequence,
      digest,
      hash: chained(before?.hash ?? '', digest)
    };
    const notes: Note[] = [{ id: cursorId(partition), text: JSON.stringify(cursor) }];
    if (message.type === 'genesis') {
      const { cluster: id, isSeeded } = message;
      notes.push({ id: genesisId(partition), text: digest });
      notes.push({ id: CLUSTER_NOTE, text: encodeClusterNote({ id, isSeeded }) });
    }
    const batch = message.type === 'batch' ? this.#next(message) : null;
    const isOwn = batch !== null && batch.source === outbox.source;
    const at: number[] = [];
    const commands: Command[] = [];
    for (const [index, command] of (batch?.commands ?? []).entries()) {
      // Refused by every node alike.
      if (replica.problem(command) !== null) continue;
      at.push(index);
      commands.push(command);
    }
    if (batch !== null) notes.push(...this.#noteSource(batch.source, batch.number, sequence));
    this.#given = cursor;
    this.#options.onGiven(sequence, cursor.hash);
    this.#writing += 1;
    const taken = replica.apply({
      commands,
      notes,
      onResult: (index, result) => {
        if (isOwn) outbox.appended(batch.number, at[index] ?? -1, result);
      },
      onSettled: (failure) => {
        this.#writing -= 1;
        if (failure !== null) {
          this.#retry();
          return;
        }
        this.#durable = Math.max(this.#durable, sequence);
        if (isOwn) outbox.applied(batch.number);
        this.#options.onApplied();
      }
    });
    if (taken.taken) return;
    this.#writing -= 1;
    if (taken.why === 'broken') this.#end(`the replica cannot apply a message: ${taken.reason}`);
    else this.#retry();
  }

  /** The batch when it is the next of its source; null when it is passed over. */
  #next(
    batch: Extract<OrderMessage, { type: 'batch' }>
  ): Extract<OrderMessage, { type: 'batch' }> | null {
    const known = this.#sources.get(batch.source)?.number ?? 0;
    if (batch.number === known + 1) return batch;
    const { outbox } = this.#options;
    if (batch.number > known && batch.source === outbox.source) outbox.passedOver(batch.number);
    return null;
  }

  #noteSource(source: string, number: number, sequence: number): Note[] {
    const { partition } = this.#options;
    const notes: Note[] = [
      { id: sourceId(partition, source), text: `${String(number)} ${String(sequence)}` }
    ];
    const isNew = !this.#sources.has(source);
    this.#sources.set(source, { number, sequence });
    if (!isNew || this.#sources.size <= SOURCES_MAX) return notes;
    let oldest = source;
    let least = sequence;
    for (const [name, { sequence: last }] of this.#sources) {
      if (last < least) [oldest, least] = [name, last];
    }
    this.#sources.delete(oldest);
    return [...notes, { id: sourceId(partition, oldest), text: null }];
  }

  /** Waits until the replica has settled what was given to it, and reads on from what is durable then. */
  #retry(): void {
    if (this.#state === 'ended') return;
    this.#state = 'waiting';
    this.#halt();
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = null;
      if (this.#writing > 0) {
        this.#retry();
        return;
      }
      try {
        this.#restore();
      } catch {
        // The replica cannot be read at the moment; its health tells that.
        this.#retry();
        return;
      }
      this.start();
    }, RETRY_MS);
  }
}

function epochAfter(
  message: OrderMessage,
  before: Cursor | null
): Pick<Cursor, 'epoch' | 'isRenewed'> {
  if (message.type === 'genesis') return { epoch: message.epoch, isRenewed: message.isRenewed };
  if (message.type === 'renewal') return { epoch: message.epoch, isRenewed: true };
  return { epoch: before?.epoch ?? '', isRenewed: before?.isRenewed ?? false };
}

function cursorId(partition: number): string {
  return `${CURSOR_NOTE}${String(partition)}`;
}

function genesisId(partition: number): string {
  return `genesis:${String(partition)}`;
}

function sourceId(partition: number, source: string): string {
  return `source:${String(partition)}:${source}`;
}
