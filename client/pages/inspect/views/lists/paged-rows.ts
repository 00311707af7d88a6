import type { RowsPage } from '../../../../../protocol/inspection.js';
import { byId } from '../../../shared/element.js';
import { number } from '../../../shared/counted.js';
import { write } from '../../../shared/live-text.js';

/** How often the shown page of rows is requested again, in milliseconds. */
export const ROWS_EVERY_MS = 2_000;

/** What rows are asked with. */
export interface PagedRowsOptions<Row> {
  /** `threads` or `connections`: beginning of the ids of the elements. */
  readonly name: string;
  readonly noun: string;
  /** Asks for a page; rejects in words why there is none. */
  readonly ask: (after: string | null) => Promise<RowsPage<Row>>;
  readonly changed: () => void;
}

/** Shows rows of the server page by page. Only the shown page is in memory. */
export class PagedRows<Row> {
  readonly #options: PagedRowsOptions<Row>;
  readonly #previous: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  readonly #count: HTMLParagraphElement;
  readonly #nothing: HTMLParagraphElement;
  /** `after` of the pages up to this one. */
  #afters: (string | null)[] = [null];
  #page: RowsPage<Row> | null = null;
  #error: string | null = null;
  #query = '';
  #askedAt = -Infinity;
  #round = 0;
  #isAsking = false;

  constructor(options: PagedRowsOptions<Row>) {
    const { name } = options;
    this.#options = options;
    this.#previous = byId(`${name}-previous`, HTMLButtonElement);
    this.#next = byId(`${name}-next`, HTMLButtonElement);
    this.#count = byId(`${name}-count`, HTMLParagraphElement);
    this.#nothing = byId(`${name}-nothing`, HTMLParagraphElement);
    this.#previous.addEventListener('click', () => {
      if (this.#afters.length > 1) this.#afters.pop();
      this.#askAnew();
    });
    this.#next.addEventListener('click', () => {
      const next = this.#page?.next ?? null;
      if (next !== null) this.#afters.push(next);
      this.#askAnew();
    });
  }

  /** Rows of the page that is shown. */
  get rows(): readonly Row[] {
    return this.#page?.rows ?? [];
  }

  /** Rows that match, on all pages; null while it is not known. */
  get total(): number | null {
    return this.#page?.total ?? null;
  }

  /** Asks the server when it is time to, or when the query is another one. */
  keep(query: string, now: number): void {
    if (query !== this.#query) {
      this.#query = query;
      this.#afters = [null];
      this.#askedAt = -Infinity;
    }
    if (this.#isAsking || now - this.#askedAt < ROWS_EVERY_MS) {
      if (this.#askedAt !== -Infinity) return;
    }
    this.#askedAt = now;
    void this.#ask();
  }

  /** Shows rows that do not come from the server: all there are, of which a page is taken. */
  take(all: readonly Row[], query: string, size: number): void {
    this.#round++;
    this.#askedAt = -Infinity;
    if (query !== this.#query) this.#afters = [null];
    this.#query = query;
    const start = Number(this.#afters.at(-1) ?? 0);
    const next = start + size < all.length ? String(start + size) : null;
    this.#page = { rows: all.slice(start, start + size), total: all.length, next };
    this.#error = null;
  }

  /** Writes how many there are, and what can be pressed. */
  showPager(): void {
    const before = this.#afters.length - 1;
    const page = this.#page;
    this.#previous.disabled = before === 0;
    this.#next.disabled = (page?.next ?? null) === null;
    const shown = page?.rows.length ?? 0;
    write(this.#count, page === null ? '' : `${number(shown)} of ${number(page.total)}`);
    this.#nothing.hidden = shown > 0;
    const words = page === null ? 'Asking…' : `No ${this.#options.noun} is like that.`;
    write(this.#nothing, this.#error ?? words);
  }

  #askAnew(): void {
    this.#askedAt = -Infinity;
    this.#options.changed();
  }

  async #ask(): Promise<void> {
    const round = ++this.#round;
    this.#isAsking = true;
    try {
      const page = await this.#options.ask(this.#afters.at(-1) ?? null);
      if (round !== this.#round) return;
      this.#page = page;
      this.#error = null;
    } catch (error) {
      if (round !== this.#round) return;
      this.#page = null;
      this.#error = error instanceof Error ? `${error.message}.` : String(error);
    } finally {
      this.#isAsking = false;
    }
    this.#options.changed();
  }
}
