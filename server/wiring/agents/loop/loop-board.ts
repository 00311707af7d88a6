/**
 * Memory that the event loop and the thread that watches it share. The loop writes into it, so that what it was doing
 * can still be read when it does nothing more.
 */

/** Bytes of each text: a thread's id has up to 128 characters of three bytes, and a path is long at times. */
const TEXT_BYTES = 4_096;

/** Places of the numbers. */
const BEATS = 0;
const IS_CALLING = 1;
const CALL_BYTES = 2;
const AROUND_BYTES = 3;
const NUMBERS = 4;

const encoder = new TextEncoder();

/** Size of the shared memory. */
export const BOARD_BYTES = NUMBERS * Int32Array.BYTES_PER_ELEMENT + 2 * TEXT_BYTES;

/** What surrounds the calls: told when no agent is being called. */
export interface LoopAround {
  /** Modules that are being loaded. */
  readonly loading: readonly string[];
  /** Agents with runs that have begun and not ended. */
  readonly open: readonly string[];
}

/** What the watching thread reads. */
export interface LoopReading {
  /** Grows while the loop runs. */
  readonly beats: number;
  /** The mark of the call that has not returned; null when there is none. */
  readonly call: string | null;
  /** A {@link LoopAround} as JSON; empty before the first. */
  readonly around: string;
}

/** The shared memory, for both sides. */
export class LoopBoard {
  private readonly numbers: Int32Array;
  private readonly callText: Uint8Array;
  private readonly aroundText: Uint8Array;
  /** The mark in the memory: it is written once for the calls of a run in a row. */
  private lastRun = '';

  constructor(memory: SharedArrayBuffer) {
    const from = NUMBERS * Int32Array.BYTES_PER_ELEMENT;
    this.numbers = new Int32Array(memory, 0, NUMBERS);
    this.callText = new Uint8Array(memory, from, TEXT_BYTES);
    this.aroundText = new Uint8Array(memory, from + TEXT_BYTES, TEXT_BYTES);
  }

  /** Says that an agent is called, for a run. */
  enter(run: string): void {
    if (run !== this.lastRun) {
      this.lastRun = run;
      Atomics.store(this.numbers, CALL_BYTES, encoder.encodeInto(run, this.callText).written);
    }
    Atomics.store(this.numbers, IS_CALLING, 1);
  }

  /** Says that it has returned. */
  leave(): void {
    Atomics.store(this.numbers, IS_CALLING, 0);
  }

  /** Says that the loop runs. */
  beat(): void {
    Atomics.add(this.numbers, BEATS, 1);
  }

  /** Says what is there besides calls. */
  surround(around: LoopAround): void {
    const { written } = encoder.encodeInto(JSON.stringify(around), this.aroundText);
    Atomics.store(this.numbers, AROUND_BYTES, written);
  }

  /** Reads everything. A text is whole only while the loop is blocked. */
  read(): LoopReading {
    const number = (place: number): number => Atomics.load(this.numbers, place);
    const isCalling = number(IS_CALLING) === 1;
    return {
      beats: number(BEATS),
      call: isCalling ? decoded(this.callText, number(CALL_BYTES)) : null,
      around: decoded(this.aroundText, number(AROUND_BYTES))
    };
  }
}

function decoded(bytes: Uint8Array, length: number): string {
  // A copy: a decoder refuses shared memory.
  return new TextDecoder().decode(bytes.slice(0, length));
}
