/**
 * A number over the last minutes, kept in the page and drawn as a small curve.
 */

/** How far back a curve goes, in milliseconds. */
export const CURVE_MS = 300_000;

/** A curve is at least this wide, in milliseconds, even when its samples cover less. */
export const CURVE_MIN_MS = 60_000;

/** Most samples kept; the oldest is dropped first. One a second fills the whole curve. */
export const SAMPLES_MAX = 320;

/** Size of the drawing, in its own units. */
export const CURVE_SIZE = { width: 100, height: 30 } as const;

/** Samples further apart than this, in milliseconds, are not joined by a line: the values between are unknown. */
const GAP_MS = 40_000;

/** Room above and below the line, so that it is not clipped. */
const RIM = 2;

interface Sample {
  readonly at: number;
  /** Null where there was no answer. */
  readonly value: number | null;
}

/** Paths in the syntax of SVG. */
export interface Drawing {
  readonly line: string;
  readonly area: string;
}

/** Samples of one number, and their drawing. */
export class Curve {
  #samples: Sample[] = [];

  /** Number of samples kept. */
  get size(): number {
    return this.#samples.length;
  }

  /** The latest number; null when it is unknown. */
  get latest(): number | null {
    return this.#samples.at(-1)?.value ?? null;
  }

  /** The largest number that is kept. */
  get peak(): number {
    return Math.max(0, ...this.#samples.map(({ value }) => value ?? 0));
  }

  /** Adds a number; null when it is unknown. */
  add(at: number, value: number | null): void {
    this.#samples.push({ at, value });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** Removes all samples, because the next ones come from another process. */
  clear(): void {
    this.#samples = [];
  }

  /** Draws the samples of the last minutes before `now` and removes older ones. */
  draw(now: number): Drawing {
    this.#samples = this.#samples.filter(({ at }) => now - at <= CURVE_MS);
    const { width, height } = CURVE_SIZE;
    const top = Math.max(1, this.peak);
    const spanMs = Math.max(CURVE_MIN_MS, now - (this.#samples[0]?.at ?? now));
    const x = (at: number) => round(width - (width * (now - at)) / spanMs);
    const y = (value: number) => round(height - RIM - ((height - 2 * RIM) * value) / top);
    const lines = this.#pieces().map((piece) =>
      piece.map(({ at, value }) => ({ x: x(at), y: y(value) }))
    );
    return {
      line: lines.map(path).join(''),
      area: lines
        .map((points) => `${path(points)}V${String(height)}H${String(points[0]?.x ?? 0)}Z`)
        .join('')
    };
  }

  /** Splits the samples into runs without a gap. */
  #pieces(): { at: number; value: number }[][] {
    const pieces: { at: number; value: number }[][] = [];
    let current: { at: number; value: number }[] = [];
    for (const { at, value } of this.#samples) {
      const last = current.at(-1);
      const isHole = value === null || (last !== undefined && at - last.at > GAP_MS);
      if (isHole && current.length > 0) {
        pieces.push(current);
        current = [];
      }
      if (value !== null) current.push({ at, value });
    }
    return current.length === 0 ? pieces : [...pieces, current];
  }
}

function path(points: readonly { x: number; y: number }[]): string {
  return points
    .map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${String(x)} ${String(y)}`)
    .join('');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
