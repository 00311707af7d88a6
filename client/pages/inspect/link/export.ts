/** Exports a recording to a file and reports its progress. */
import type { ChartLayout } from '../../../../protocol/chart-layout.js';
import { reasonOf } from '../../../../machines/reason.js';
import type { Reel } from '../recording/inspection.js';

/** Progress or result of an export. */
export type ExportState =
  | { readonly kind: 'charts'; readonly count: number; readonly of: number }
  | { readonly kind: 'writing'; readonly messages: number }
  | {
      readonly kind: 'done';
      readonly name: string;
      readonly bytes: number;
      readonly messages: number;
      readonly charts: number;
    }
  | { readonly kind: 'failed'; readonly why: string };

/** The steps of an export. */
export interface ExportParts {
  /** Gets the charts of the recording and calls `had` with how many are there. */
  readonly charts: (
    reel: Reel,
    had: (count: number, of: number) => void
  ) => Promise<readonly ChartLayout[]>;
  /** Writes the file. */
  readonly save: (
    reel: Reel,
    charts: readonly ChartLayout[]
  ) => { readonly name: string; readonly bytes: number };
  readonly changed: () => void;
  /** Resolves when the page has been painted: writing a large recording then blocks the page for about a second. */
  readonly painted: () => Promise<void>;
}

/** The newest export of the page. */
export class Export {
  /** Null before the first, and after the reader has put it away. */
  state: ExportState | null = null;
  readonly #parts: ExportParts;

  constructor(parts: ExportParts) {
    this.#parts = parts;
  }

  /** Whether an export is running; a second one does not begin meanwhile. */
  get isBusy(): boolean {
    return this.state?.kind === 'charts' || this.state?.kind === 'writing';
  }

  /** Exports a recording. Never rejects. */
  async run(reel: Reel): Promise<void> {
    if (this.isBusy) return;
    const { charts, save, painted } = this.#parts;
    const messages = reel.timeline.length;
    try {
      this.#become({ kind: 'charts', count: 0, of: 0 });
      const drawn = await charts(reel, (count, of) => {
        this.#become({ kind: 'charts', count, of });
      });
      this.#become({ kind: 'writing', messages });
      await painted();
      this.#become({ kind: 'done', ...save(reel, drawn), messages, charts: drawn.length });
    } catch (error) {
      this.#become({ kind: 'failed', why: reasonOf(error) });
    }
  }

  /** Removes the result of the last export. */
  putAway(): void {
    if (!this.isBusy) this.#become(null);
  }

  #become(state: ExportState | null): void {
    this.state = state;
    this.#parts.changed();
  }
}
