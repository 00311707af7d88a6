/**
 * The body of a request, the same for both engines. Nothing is kept before the handler asks for it, so that a request
 * that is refused by path, method or caller costs no memory. Kept bytes count against the budget of all bodies.
 */
import type { ByteBudget } from '../../actors/memory/byte-budget.js';
import { BODY_BYTES_MAX, bodyText } from './http-reply.js';
import { BodiesFullError, BodyTooLargeError } from './transport.js';

/** How long the rest of a refused body is read and dropped before the connection is closed, in milliseconds. */
export const LINGER_MS = 500;

/** Pauses and resumes the reading of the body in the engine. */
export interface BodySource {
  pause(): void;
  resume(): void;
}

/** One body while it arrives. */
export class RequestBody {
  private readonly source: BodySource;
  private readonly budget: ByteBudget;
  /** Length by the head, in bytes; null when it has none. */
  private readonly declaredBytes: number | null;
  private chunks: Uint8Array[] = [];
  private bytes = 0;
  private heldBytes = 0;
  private limitBytes: number | null = null;
  private failure: Error | null = null;
  private state: 'coming' | 'whole' | 'lost' = 'coming';
  private isPaused = false;
  private wake: (() => void) | null = null;

  constructor(source: BodySource, budget: ByteBudget, declared: string | undefined) {
    this.source = source;
    this.budget = budget;
    this.declaredBytes =
      declared !== undefined && /^\d{1,15}$/.test(declared) ? Number(declared) : null;
  }

  /** Whether it has arrived completely, or nothing more will come. */
  get isOver(): boolean {
    return this.state !== 'coming';
  }

  /** Called with each piece. The engine may reuse the bytes afterwards when `isShared`. */
  add(chunk: Uint8Array, isLast: boolean, isShared: boolean): void {
    if (isLast) this.state = 'whole';
    this.bytes += chunk.byteLength;
    if (this.failure === null) this.keep(chunk, isShared);
    // Nobody has asked for the body yet: keep this piece and stop reading.
    if (!isLast && this.limitBytes === null && this.failure === null) this.pause();
    this.tell();
  }

  /** Called when the peer has disconnected. */
  lose(): void {
    if (this.state !== 'coming') return;
    this.state = 'lost';
    this.drop();
    this.tell();
  }

  /**
   * Returns the text when it has arrived completely.
   * @throws {BodyTooLargeError} when it is longer than the limit; at once if the head says so
   * @throws {BodiesFullError} when the budget of all bodies is used up
   * @throws {BodyNotUtf8Error} when it is not UTF-8
   */
  async text(limitBytes: number): Promise<string> {
    const limit = Math.min(limitBytes, BODY_BYTES_MAX);
    this.limitBytes = limit;
    const isTooLong = Math.max(this.bytes, this.declaredBytes ?? 0) > limit;
    if (isTooLong) this.fail(new BodyTooLargeError(limit));
    this.resume();
    try {
      for (;;) {
        if (this.failure !== null) throw this.failure;
        if (this.state === 'whole') return bodyText(this.chunks);
        if (this.state === 'lost') {
          throw new Error('the peer went away before its whole body had come');
        }
        await this.next();
      }
    } finally {
      this.drop();
    }
  }

  /** Drops everything from now on, and resolves at the end of the body or after {@link LINGER_MS}. */
  async linger(): Promise<void> {
    this.failure ??= new Error('the body is not wanted');
    this.drop();
    this.resume();
    if (this.isOver) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LINGER_MS);
    });
    await Promise.race([late, this.ended()]);
    clearTimeout(timer);
  }

  private async ended(): Promise<void> {
    while (!this.isOver) await this.next();
  }

  private keep(chunk: Uint8Array, isShared: boolean): void {
    if (this.limitBytes !== null && this.bytes > this.limitBytes) {
      this.fail(new BodyTooLargeError(this.limitBytes));
    } else if (!this.budget.take(chunk.byteLength)) {
      this.fail(new BodiesFullError());
    } else {
      this.heldBytes += chunk.byteLength;
      this.chunks.push(isShared ? Buffer.from(chunk) : chunk);
    }
  }

  private fail(failure: Error): void {
    this.failure = failure;
    this.drop();
  }

  private drop(): void {
    this.chunks = [];
    this.budget.give(this.heldBytes);
    this.heldBytes = 0;
  }

  private pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.source.pause();
  }

  private resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (!this.isOver) this.source.resume();
  }

  private next(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private tell(): void {
    this.wake?.();
    this.wake = null;
  }
}
