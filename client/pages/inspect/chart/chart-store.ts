/** Charts by the hash of their machine: asked of the server once, or out of a file. */
import type { ChartLayout } from '../../../../protocol/inspection.js';
import { isRecord, parsedJson } from '../../../sdk/json.js';
import { isChart } from '../recording/chart-shape.js';
import type { LinkAnswer } from '../link/link.js';

/** Most charts that are kept: as many as a server remembers. */
export const CHARTS_MAX = 128;

/** A chart, or how it stands with it. */
export type ChartState =
  | { readonly kind: 'ready'; readonly layout: ChartLayout }
  | { readonly kind: 'loading' }
  /** It cannot be shown; in words why. */
  | { readonly kind: 'none'; readonly why: string };

/** What a store works with. */
export interface ChartStoreOptions {
  /** Asks the server. Rejects when nobody answers. */
  readonly ask: (path: string) => Promise<LinkAnswer>;
  readonly changed: () => void;
}

const LOADING: ChartState = { kind: 'loading' };

/** Keeps charts. */
export class ChartStore {
  readonly #options: ChartStoreOptions;
  readonly #charts = new Map<string, ChartState>();

  constructor(options: ChartStoreOptions) {
    this.#options = options;
  }

  /** The chart of a hash; one that is not known is asked for when `mayAsk`. */
  get(hash: string, mayAsk: boolean): ChartState {
    const known = this.#charts.get(hash);
    if (known !== undefined) return known;
    if (!mayAsk) {
      return { kind: 'none', why: 'The recording has no chart of this machine.' };
    }
    this.#keep(hash, LOADING);
    void this.#ask(hash);
    return LOADING;
  }

  /** Asks for charts before they are shown: a server whose start fails is gone soon, and its charts with it. */
  prepare(hashes: Iterable<string>): void {
    for (const hash of hashes) this.get(hash, true);
  }

  /** Takes charts out of a file. */
  add(layouts: readonly ChartLayout[]): void {
    for (const layout of layouts) this.#keep(layout.hash, { kind: 'ready', layout });
  }

  /** Forgets what could not be had, so that it is asked for again. */
  retry(): void {
    for (const [hash, { kind }] of this.#charts) if (kind !== 'ready') this.#charts.delete(hash);
  }

  /**
   * The charts of these hashes; those that are not here are asked for, and left out when they cannot be had. Calls `had`
   * with how many of those it has asked for are there.
   */
  async all(
    hashes: Iterable<string>,
    mayAsk: boolean,
    had: (count: number, of: number) => void = () => undefined
  ): Promise<ChartLayout[]> {
    const wanted = [...new Set(hashes)].slice(0, CHARTS_MAX);
    if (mayAsk) {
      const missing = wanted.filter((hash) => this.#charts.get(hash)?.kind !== 'ready');
      let count = 0;
      await Promise.all(
        missing.map(async (hash) => {
          await this.#ask(hash);
          count += 1;
          had(count, missing.length);
        })
      );
    }
    return wanted.flatMap((hash) => {
      const chart = this.#charts.get(hash);
      return chart?.kind === 'ready' ? [chart.layout] : [];
    });
  }

  async #ask(hash: string): Promise<void> {
    let state: ChartState;
    try {
      const { code, text } = await this.#options.ask(`/inspect/charts/${encodeURIComponent(hash)}`);
      state = stateOf(code, parsedJson(text));
    } catch {
      state = {
        kind: 'none',
        why: 'The server does not answer, so it cannot be asked for the chart.'
      };
    }
    this.#keep(hash, state);
    this.#options.changed();
  }

  #keep(hash: string, state: ChartState): void {
    this.#charts.delete(hash);
    this.#charts.set(hash, state);
    if (this.#charts.size <= CHARTS_MAX) return;
    for (const oldest of this.#charts.keys()) {
      this.#charts.delete(oldest);
      return;
    }
  }
}

function stateOf(code: number, value: unknown): ChartState {
  if (code === 200 && isChart(value)) return { kind: 'ready', layout: value };
  const [title, detail] = ['title', 'detail'].map((name) => {
    const words = isRecord(value) ? value[name] : null;
    return typeof words === 'string' ? words : '';
  });
  const words = [title, detail].filter(Boolean).join(': ');
  return { kind: 'none', why: words === '' ? `The server answers ${String(code)}.` : `${words}.` };
}
