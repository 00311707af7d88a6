import type { Gap } from '../../../sdk/client.js';
import { byId } from '../../shared/element.js';
import { drawPlainText, drawRow, signatureOf, timeElement, type RowActions } from './log-row.js';
import { RunView, type StopState } from './run-view.js';
import type { Row } from './transcript.js';

/** Distance from the end of the log, in pixels, that counts as being there when the reader comes down to it. */
const NEAR_PX = 60;

/** As that, when nobody has moved: positions are rounded. */
const END_PX = 2;

/** Distance from the top, in pixels, where older messages are asked for. */
const OLDER_PX = 300;

/** What the log tells. */
export interface LogViewEvents {
  /** The reader has come near the top. */
  older(): void;
  /** The reader wants the newest messages. */
  latest(): void;
  /** The reader has come to the end. */
  reachedEnd(): void;
  retry(mid: string): void;
  discard(mid: string): void;
  /** The reader wants what is missing. */
  loadGap(gap: Gap): void;
  /** The reader wants an agent to stop. */
  stop(run: string): void;
}

/** What the log shows. */
export interface LogContent {
  readonly rows: readonly Row[];
  /** Whether the server has messages before these. */
  readonly more: boolean;
  readonly loading: boolean;
  /** Whether there are newer messages that are not in `rows`. */
  readonly detached: boolean;
  /** Messages that came while the reader was elsewhere in the log. */
  readonly unseen: number;
  /** Runs that are to be stopped, by id. */
  readonly stops: ReadonlyMap<string, StopState>;
}

/** One run as it changes from word to word, without the rest of the log. */
export type StreamedRow = Extract<Row, { type: 'run' }>;

const NOT_STOPPED: StopState = { type: 'idle' };

interface ShownRow {
  readonly row: string;
  readonly node: HTMLElement;
  /** Of a run: changes in place. */
  readonly view: RunView | null;
}

/** The messages on the page. Rows keep their elements for as long as they do not change. */
export class LogView {
  readonly #events: LogViewEvents;
  readonly #actions: RowActions;
  readonly #scroll = byId('log-scroll', HTMLDivElement);
  readonly #rows = byId('log', HTMLDivElement);
  readonly #older = byId('older', HTMLDivElement);
  readonly #empty = byId('empty', HTMLDivElement);
  readonly #jump = byId('jump', HTMLButtonElement);
  readonly #shown = new Map<string, ShownRow>();
  /** Keys of what is shown, to find the row that is in sight. */
  readonly #keys = new WeakMap<Element, string>();
  #following = true;
  #scrolledTo = 0;
  #content: LogContent | null = null;

  constructor(events: LogViewEvents) {
    this.#events = events;
    this.#actions = {
      retry: (mid) => {
        events.retry(mid);
      },
      discard: (mid) => {
        events.discard(mid);
      },
      loadGap: (gap) => {
        // The button disappears with the gap; keep the keyboard focus in the log.
        this.#scroll.focus({ preventScroll: true });
        events.loadGap(gap);
      }
    };
    this.#scroll.addEventListener('scroll', () => {
      this.#scrolled();
    });
    // The log shrinks when the composer grows, the banner comes or a phone's keyboard opens: stay at the end.
    new ResizeObserver(() => {
      if (this.#following) this.toEnd();
    }).observe(this.#scroll);
    byId('load-older', HTMLButtonElement).addEventListener('click', () => {
      events.older();
    });
    this.#jump.addEventListener('click', () => {
      events.latest();
      this.#scroll.focus({ preventScroll: true });
    });
  }

  /** Whether the reader sees the newest message. */
  get following(): boolean {
    return this.#following && this.#content?.detached !== true;
  }

  /** Shows the end of the log. */
  toEnd(): void {
    this.#following = true;
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#scrolledTo = this.#scroll.scrollTop;
  }

  /** Shows this, keeping what the reader looks at where it is. */
  show(content: LogContent): void {
    const hold = this.#following ? null : this.#hold();
    this.#content = content;
    this.#rows.setAttribute('aria-busy', String(content.loading));
    // The button goes with the last page; a keyboard stays where the messages are.
    if (!content.more && this.#older.contains(document.activeElement)) {
      this.#scroll.focus({ preventScroll: true });
    }
    this.#older.hidden = !content.more;
    this.#empty.hidden = content.rows.length > 0 || content.loading;
    this.#reconcile(content.rows);
    if (this.#following && !content.detached) this.toEnd();
    else hold?.();
    this.#scrolledTo = this.#scroll.scrollTop;
    this.#showJump();
  }

  /** Shows how runs go on, keeping what the reader looks at where it is. */
  stream(rows: readonly StreamedRow[]): void {
    const hold = this.#following ? null : this.#hold();
    for (const row of rows) {
      const shown = this.#shown.get(row.key);
      if (shown !== undefined) this.#goOn(row, shown);
    }
    if (this.following) this.toEnd();
    else hold?.();
    this.#scrolledTo = this.#scroll.scrollTop;
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    const wasFollowing = this.#following;
    const left = scrollHeight - scrollTop - clientHeight;
    const moved = scrollTop - this.#scrolledTo;
    // Whoever scrolls up, however little, wants to stay there, also while an answer grows.
    if (left < END_PX) this.#following = true;
    else if (moved !== 0) this.#following = moved > 0 && left < NEAR_PX;
    this.#scrolledTo = scrollTop;
    if (this.#following && !wasFollowing) this.#events.reachedEnd();
    if (scrollTop < OLDER_PX && this.#content?.more === true && !this.#content.loading) {
      this.#events.older();
    }
    this.#showJump();
  }

  #showJump(): void {
    const unseen = this.#content?.unseen ?? 0;
    this.#jump.hidden = this.following;
    this.#jump.textContent =
      unseen === 0
        ? 'Jump to latest ↓'
        : `${String(unseen)} new ${unseen === 1 ? 'message' : 'messages'} ↓`;
  }

  /**
   * Takes hold of what is first in sight; the answer puts it back where it was. A message is held by key and lower
   * edge, because what comes above may take it into its group: then it gets a new element, without the head. A run is
   * held by the step or paragraph in sight, because it grows below.
   */
  #hold(): (() => void) | null {
    const edge = this.#scroll.getBoundingClientRect().top;
    const { children } = this.#rows;
    let from = 0;
    let to = children.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const bottom = children[middle]?.getBoundingClientRect().bottom ?? 0;
      if (bottom > edge) to = middle;
      else from = middle + 1;
    }
    let row: Element | null = children[from] ?? null;
    for (; row !== null; row = row.nextElementSibling) {
      const key = this.#keys.get(row) ?? '';
      const shown = this.#shown.get(key);
      if (shown !== undefined && shown.view !== null) {
        const pieces = [...row.querySelectorAll('.piece')];
        const piece = pieces.find((one) => one.getBoundingClientRect().bottom > edge) ?? row;
        const { top } = piece.getBoundingClientRect();
        return () => {
          this.#scroll.scrollTop += piece.getBoundingClientRect().top - top;
        };
      }
      if (!row.classList.contains('message')) continue;
      const { bottom } = row.getBoundingClientRect();
      return () => {
        const node = this.#shown.get(key)?.node;
        if (node !== undefined) {
          this.#scroll.scrollTop += node.getBoundingClientRect().bottom - bottom;
        }
      };
    }
    return null;
  }

  #reconcile(rows: readonly Row[]): void {
    const keys = new Set(rows.map(({ key }) => key));
    for (const [key, { node }] of this.#shown) {
      if (keys.has(key)) continue;
      node.remove();
      this.#shown.delete(key);
    }
    let next = this.#rows.firstElementChild;
    for (const row of rows) {
      const signature = signatureOf(row);
      const shown = this.#shown.get(row.key);
      if (row.type === 'run' && shown !== undefined) this.#goOn(row, shown);
      if (shown?.row === signature) {
        if (shown.node === next) next = next.nextElementSibling;
        else this.#rows.insertBefore(shown.node, next);
        continue;
      }
      const made = this.#make(row);
      if (shown === undefined) this.#rows.insertBefore(made.node, next);
      else {
        if (shown.node === next) next = next.nextElementSibling;
        shown.node.replaceWith(made.node);
        this.#rows.insertBefore(made.node, next);
      }
      this.#keys.set(made.node, row.key);
      this.#shown.set(row.key, { row: signature, ...made });
    }
  }

  /** As `#make`, for a run that has changed. */
  #goOn(row: StreamedRow, { node, view }: ShownRow): void {
    try {
      if (view === null) node.replaceChildren(...drawPlainText(row).childNodes);
      else view.show(this.#runContent(row));
    } catch (error) {
      reportError(error);
      node.replaceChildren(...drawPlainText(row).childNodes);
      this.#shown.set(row.key, { row: signatureOf(row), node, view: null });
    }
  }

  #runContent({ run, live, at }: StreamedRow): Parameters<RunView['show']>[0] {
    return { run, live, at, stop: this.#content?.stops.get(run.run) ?? NOT_STOPPED };
  }

  /** One row that cannot be drawn must not take the log with it: its text is shown as it came. */
  #make(row: Row): Omit<ShownRow, 'row'> {
    try {
      return this.#draw(row);
    } catch (error) {
      reportError(error);
      return { node: drawPlainText(row), view: null };
    }
  }

  #draw(row: Row): Omit<ShownRow, 'row'> {
    if (row.type !== 'run') return { node: drawRow(row, this.#actions), view: null };
    const view = new RunView(timeElement, (run) => {
      this.#events.stop(run);
    });
    view.show(this.#runContent(row));
    return { node: view.node, view };
  }
}
