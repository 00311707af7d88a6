/** Keeps charts by the hash of their machine. Each comes from the server, asked once, or from an opened recording. */
import type { ChartLayout } from '../../../../protocol/chart-layout.js';
import { isRecord, parsedJson } from '../../../sdk/json.js';
import { isChart } from '../recording/chart-shape.js';
import type { LinkAnswer } from '../link/link.js';

/** Most charts kept; the oldest is dropped first. A server keeps as many (`MACHINES_MAX` in known-actors.ts). */
export const CHARTS_MAX = 128;

/** A chart that is here, is being fetched, or cannot be had. */
export type ChartState =
  | { readonly kind: 'ready'; readonly layout: ChartLayout }
  | { readonly kind: 'loading' }
  /** `why` is a sentence for the reader. */
  | { readonly kind: 'none'; readonly why: string };

/** How a store reaches the server and the page. */
export interface ChartStoreOptions {
  /** Sends a GET request to the server. Rejects when there is no answer. */
  readonly ask: (path: string) => Promise<LinkAnswer>;
  /** Called when an answer has arrived, so that the page draws again. */
  readonly changed: () => void;
}

const LOADING: ChartState = { kind: 'loading' };

/** The charts that the page has. */
export class ChartStore {
  readonly #options: ChartStoreOptions;
  readonly #charts = new Map<string, ChartState>();

  constructor(options: ChartStoreOptions) {
    this.#options = options;
  }

  /** Returns the chart of a hash. An unknown one is asked of the server if `mayAsk`, and is `loading` until then. */
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

  /** Asks for charts before they are shown, because a server whose start fails soon stops answering. */
  prepare(hashes: Iterable<string>): void {
    for (const hash of hashes) this.get(hash, true);
  }

  /** Adds the charts of an opened recording. */
  add(layouts: readonly ChartLayout[]): void {
    for (const layout of layouts) this.#keep(layout.hash, { kind: 'ready', layout });
  }

  /** Drops everything that is not a chart, so that the next `get` asks for it again. */
  retry(): void {
    for (const [hash, { kind }] of this.#charts) if (kind !== 'ready') this.#charts.delete(hash);
  }

  /**
   * Returns the charts of these hashes, at most {@link CHARTS_MAX}. Missing ones are asked of the server if `mayAsk`;
   * those that it does not give are left out.
   * @param had called after each answer with the number of answers and of questions
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
