/**
 * The commands of this node on their way into one partition. Those of one turn of the event loop are gathered into
 * batches. Batches are numbered, and every node applies those of one source in the order of their numbers, each once: a
 * batch that comes again is passed over, and so is one that comes before its predecessor, which is then sent again.
 */
import { reasonOf } from '../../machines/reason.js';
import type { Clock } from '../clock.js';
import type { Command } from '../log/replica.js';
import type { AppendResult } from '../log/log-writer.js';
import type { CommandOrder, Stored } from './order.js';
import { encodeBatch, encodeCommand } from './order-message.js';

/** Bytes of a batch above which the next command begins another one. */
export const BATCH_BYTES = 262_144;

/** Most batches that are sent and not applied yet. Further commands wait, and share larger batches. */
export const BATCHES_MAX = 64;

/** Wait before a batch that was not answered is sent again, in milliseconds. */
export const RESEND_MS = 250;

/** Bytes of a batch besides its commands. */
const ENVELOPE_BYTES = 1_024;

/** A command of this node. Of the callbacks, one of `appended`, `stored` and `failed` is called, once. */
export interface Item {
  readonly command: Command;
  /** When it was given; a moment of `Clock.elapsed()`. */
  readonly since: number;
  /** Called with the result of an append. */
  readonly appended: (result: AppendResult) => void;
  /** Called when another change is stored. */
  readonly stored: () => void;
  readonly failed: (reason: string) => void;
}

/** A sent batch. */
interface Batch {
  readonly number: number;
  readonly items: readonly Tracked[];
  readonly bytes: Uint8Array;
  /** Times that it was passed over: part of the id, since the order stores no id twice. */
  attempt: number;
  /** Whether it was passed over and waits for its predecessor. */
  isPassedOver: boolean;
  isSending: boolean;
}

interface Tracked {
  readonly item: Item;
  readonly text: string;
  isAnswered: boolean;
}

/** Options of {@link Outbox}. */
export interface OutboxOptions {
  readonly partition: number;
  /** Makes the id of a source: a text that has not been used before. */
  readonly newSource: () => string;
  readonly order: Pick<CommandOrder, 'publish' | 'maxBytes'>;
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  /** Calls back after what is readable now has been read. Default: `setImmediate`. */
  readonly gather?: (flush: () => void) => void;
  /** Told of every answer of the order, and whether the batch is still expected from it. */
  readonly onStored: (stored: Stored, isExpected: boolean) => void;
  /** Told why a batch was not answered. */
  readonly onMiss: (reason: string) => void;
}

/** The outbox of one partition. */
export class Outbox {
  readonly #options: OutboxOptions;
  #waiting: Tracked[] = [];
  readonly #sent = new Map<number, Batch>();
  readonly #timers = new Set<unknown>();
  #source: string;
  #given = 0;
  #bytes = 0;
  #isGathering = false;
  #isClosed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#source = options.newSource();
  }

  /** Id under which the batches are numbered: of this start of the node, and this outbox. */
  get source(): string {
    return this.#source;
  }

  /** Bytes of all commands that are not applied yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether every command has been applied. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#sent.size === 0;
  }

  /** Whether a command that was given before a moment is not applied yet, answered or not. */
  isLate(before: number): boolean {
    for (const { items } of this.#sent.values()) {
      return (items[0]?.item.since ?? Infinity) <= before;
    }
    return (this.#waiting[0]?.item.since ?? Infinity) <= before;
  }

  /** Sends a command. */
  push(item: Item): void {
    const text = encodeCommand(item.command);
    if (Buffer.byteLength(text) > this.#options.order.maxBytes - ENVELOPE_BYTES) {
      item.failed('it is larger than a message of the brokers may be (max_payload)');
      return;
    }
    this.#bytes += text.length;
    this.#waiting.push({ item, text, isAnswered: false });
    this.#gatherLater();
  }

  /** Answers the appends of a batch of this source that is being applied, as the log tells their results. */
  appended(number: number, index: number, result: AppendResult): void {
    const tracked = this.#sent.get(number)?.items[index];
    if (tracked === undefined || tracked.isAnswered) return;
    tracked.isAnswered = true;
    tracked.item.appended(result);
  }

  /** Notes that a batch of this source has been applied, durably. */
  applied(number: number): void {
    const batch = this.#sent.get(number);
    if (batch === undefined) return;
    this.#sent.delete(number);
    for (const tracked of batch.items) {
      this.#bytes -= tracked.text.length;
      if (tracked.isAnswered) continue;
      tracked.isAnswered = true;
      tracked.item.stored();
    }
    const next = this.#sent.get(number + 1);
    if (next?.isPassedOver === true) {
      next.isPassedOver = false;
      next.attempt += 1;
      this.#send(next);
    }
    this.#flush();
  }

  /** Notes that a batch of this source was passed over, since it came before its predecessor. */
  passedOver(number: number): void {
    const batch = this.#sent.get(number);
    if (batch === undefined) return;
    if (number === 1 || this.#sent.has(number - 1)) batch.isPassedOver = true;
    // Its predecessor has been applied: the nodes have forgotten this source.
    else this.#beginAnew();
  }

  /** Answers the commands that were given before a moment; those that were sent may be applied all the same. */
  expire(before: number, reason: string): void {
    const kept: Tracked[] = [];
    for (const tracked of this.#waiting) {
      if (tracked.item.since >= before) kept.push(tracked);
      else {
        this.#bytes -= tracked.text.length;
        tracked.item.failed(reason);
      }
    }
    this.#waiting = kept;
    for (const { items } of this.#sent.values()) {
      for (const tracked of items) {
        if (tracked.isAnswered || tracked.item.since >= before) continue;
        tracked.isAnswered = true;
        tracked.item.failed(reason);
      }
    }
  }

  /** Sends nothing more and answers what has no answer. */
  close(reason: string): void {
    this.#isClosed = true;
    this.expire(Infinity, reason);
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#timers.clear();
  }

  /** Numbers what is not applied yet from 1 again, as another source. */
  #beginAnew(): void {
    this.#source = this.#options.newSource();
    const batches = [...this.#sent.values()];
    this.#sent.clear();
    this.#given = 0;
    for (const { items } of batches) this.#sendNew(items);
  }

  #gatherLater(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    (this.#options.gather ?? setImmediate)(() => {
      this.#isGathering = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#sent.size < BATCHES_MAX && !this.#isClosed) {
      let bytes = 0;
      let count = 0;
      for (const { text } of this.#waiting) {
        // At most three bytes a character: no batch is larger than a message of the brokers.
        if (count > 0 && bytes + text.length > BATCH_BYTES) break;
        bytes += text.length;
        count += 1;
      }
      this.#sendNew(this.#waiting.splice(0, count));
    }
  }

  #sendNew(items: readonly Tracked[]): void {
    this.#given += 1;
    const number = this.#given;
    const texts = items.map(({ text }) => text);
    const batch: Batch = {
      number,
      items,
      bytes: encodeBatch(this.#source, number, texts),
      attempt: 0,
      isPassedOver: false,
      isSending: false
    };
    this.#sent.set(number, batch);
    this.#send(batch);
  }

  #send(batch: Batch): void {
    if (this.#isClosed || batch.isSending || this.#sent.get(batch.number) !== batch) return;
    const { order, partition, onStored, onMiss } = this.#options;
    const id = `${this.#source}:${String(partition)}:${String(batch.number)}:${String(batch.attempt)}`;
    const { attempt } = batch;
    batch.isSending = true;
    order.publish(partition, id, batch.bytes).then(
      (stored) => {
        batch.isSending = false;
        onStored(stored, this.#sent.get(batch.number) === batch && !batch.isPassedOver);
        // It was passed over, and its predecessor applied, while this answer was under way.
        if (batch.attempt !== attempt) this.#send(batch);
      },
      (error: unknown) => {
        batch.isSending = false;
        onMiss(reasonOf(error));
        this.#resendLater(batch);
      }
    );
  }

  #resendLater(batch: Batch): void {
    if (this.#isClosed || this.#sent.get(batch.number) !== batch) return;
    const timer: unknown = this.#options.clock.setTimeout(() => {
      this.#timers.delete(timer);
      this.#send(batch);
    }, RESEND_MS);
    this.#timers.add(timer);
  }
}
