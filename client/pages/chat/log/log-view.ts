import type { Gap, MessageFrame } from '../../../sdk/client.js';
import { byId } from '../../shared/element.js';
import type { Fate } from '../words/fates.js';
import { copyCodeOnClick } from './copy.js';
import {
  drawPlainText,
  drawRow,
  showFate,
  signatureOf,
  timeElement,
  type RowActions
} from './log-row.js';
import { leadThroughButtons } from './message-menu.js';
import type { StopState } from '../agents/run-orders.js';
import type { Row, RunRow } from './rows.js';
import { RunView, type RunActions } from './run-view.js';

/** A reader who scrolls down to within this many pixels of the end follows the log from then on. */
const NEAR_PX = 60;

/** Closer to the end than this, in pixels, always counts as the end: browsers round scroll positions. */
const END_PX = 2;

/** Within this many pixels of the top, the log asks for older messages. */
const OLDER_PX = 300;

/** What the reader does in the log. */
export interface LogViewEvents {
  /** The reader scrolled near the top, or pressed the button for older messages. */
  older(): void;
  /** The reader pressed the button that jumps to the newest messages. */
  latest(): void;
  /** The reader scrolled to the end, or away from it. */
  followed(): void;
  retry(mid: string): void;
  edit(mid: string): void;
  menu(message: MessageFrame, button: HTMLButtonElement): void;
  discard(mid: string): void;
  /** Something is to be said to the reader. */
  tell(words: string): void;
  /** The reader wants the messages of a gap loaded. */
  loadGap(gap: Gap): void;
  /** What the reader does in the blocks of runs. */
  readonly runs: RunActions;
}

/** Everything that the log shows. */
export interface LogContent {
  readonly rows: readonly Row[];
  /** Whether the server has messages before these. */
  readonly more: boolean;
  readonly loading: boolean;
  /** Whether there are newer messages than those in `rows`. */
  readonly detached: boolean;
  /** Number of messages that arrived while the reader was not at the end. */
  readonly unseen: number;
  /** The state of each stop request, by run id. */
  readonly stops: ReadonlyMap<string, StopState>;
  /** Who reads it. */
  readonly user: string;
  /** Whether this user may write in the thread, and whether the user may manage it. */
  readonly may: { readonly write: boolean; readonly manage: boolean };
  /** Returns what has become of this user's message at an offset. */
  fateOf(offset: number): Fate;
}

/** The log of nobody. */
export const NO_CONTENT: LogContent = {
  rows: [],
  more: false,
  loading: true,
  detached: false,
  unseen: 0,
  stops: new Map(),
  user: '',
  may: { write: false, manage: false },
  fateOf: () => ({ state: 'stored' })
};

const NOT_STOPPED: StopState = { type: 'idle' };

interface ShownRow {
  readonly row: string;
  readonly node: HTMLElement;
  /** Updates a run in place; null for other rows, and for a run that could not be drawn. */
  readonly view: RunView | null;
}

/** Draws the log. A row keeps its element until the row changes. */
export class LogView {
  readonly #events: LogViewEvents;
  readonly #actions: RowActions;
  readonly #scroll = byId('log-scroll', HTMLDivElement);
  readonly #rows = byId('log', HTMLDivElement);
  readonly #older = byId('older', HTMLDivElement);
  readonly #empty = byId('empty', HTMLDivElement);
  readonly #jump = byId('jump', HTMLButtonElement);
  readonly #shown = new Map<string, ShownRow>();
  /** The row key of each element. */
  readonly #keys = new WeakMap<Element, string>();
  /** The message that a link has opened. */
  #marked: HTMLElement | null = null;
  /** The one menu button that Tab reaches. */
  #stop: HTMLElement | null = null;
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
      edit: (mid) => {
        events.edit(mid);
      },
      menu: (message, button) => {
        events.menu(message, button);
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
    leadThroughButtons(this.#rows);
    copyCodeOnClick(this.#rows, (words) => {
      events.tell(words);
    });
    // The log shrinks when the composer grows, the banner appears or a phone's keyboard opens: stay at the end.
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

  /** Draws new content. A reader who is not following keeps the same message in the same place. */
  show(content: LogContent): void {
    const hold = this.#following ? null : this.#hold();
    this.#content = content;
    this.#rows.setAttribute('aria-busy', String(content.loading));
    // The button is hidden once there is no older page; move the keyboard focus to the log.
    if (!content.more && this.#older.contains(document.activeElement)) {
      this.#scroll.focus({ preventScroll: true });
    }
    this.#older.hidden = !content.more;
    this.#empty.hidden = content.rows.length > 0 || content.loading;
    this.#reconcile(content.rows);
    this.#showFates(content);
    this.#letTabStop();
    if (this.#following && !content.detached) this.toEnd();
    else hold?.();
    this.#scrolledTo = this.#scroll.scrollTop;
    this.#showJump();
  }

  /** Marks a message and scrolls it into view. False when it is not shown. */
  reveal(key: string): boolean {
    const node = this.#shown.get(key)?.node;
    if (node === undefined) return false;
    this.#marked?.classList.remove('marked');
    this.#marked = node;
    node.classList.add('marked');
    node.tabIndex = -1;
    this.#following = false;
    node.scrollIntoView({ block: 'center' });
    node.focus({ preventScroll: true });
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    this.#scrolledTo = scrollTop;
    this.#following = scrollHeight - scrollTop - clientHeight < END_PX;
    this.#events.followed();
    this.#showJump();
    return true;
  }

  /** Redraws only these runs. A reader who is not following keeps the same message in the same place. */
  stream(rows: readonly RunRow[]): void {
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
    // Scrolling up even a little stops following, so that a growing answer does not pull the reader down.
    if (left < END_PX) this.#following = true;
    else if (moved !== 0) this.#following = moved > 0 && left < NEAR_PX;
    this.#scrolledTo = scrollTop;
    if (this.#following !== wasFollowing) this.#events.followed();
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
   * Remembers where the first visible message or run is, and returns a function that scrolls it back there. A message
   * is found by its key and aligned by its lower edge: a message inserted above may join it to a group, which gives it
   * a new element without a heading. A run is aligned by its first visible step or paragraph, because it grows below.
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

  /** Shows each state (stored, delivered, read) at the newest of one's own messages that is in it. */
  #showFates(content: LogContent): void {
    const told = new Set<Fate['state']>();
    for (const row of content.rows.toReversed()) {
      const node = this.#shown.get(row.key)?.node;
      if (row.type !== 'message' || !row.own || node === undefined) continue;
      const fate = content.fateOf(row.message.offset);
      showFate(node, row.message, fate, !told.has(fate.state));
      told.add(fate.state);
    }
  }

  /** Makes Tab reach the menu button of the newest message, unless the reader has moved to another one. */
  #letTabStop(): void {
    if (this.#stop?.isConnected === true && this.#stop === document.activeElement) return;
    const last = this.#rows.querySelectorAll('.more');
    const stop = last.item(last.length - 1);
    if (this.#stop !== null) this.#stop.tabIndex = -1;
    this.#stop = stop instanceof HTMLElement ? stop : null;
    if (this.#stop !== null) this.#stop.tabIndex = 0;
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

  /** Redraws a run that has changed. When that fails, shows its plain text from then on. */
  #goOn(row: RunRow, { node, view }: ShownRow): void {
    try {
      if (view === null) node.replaceChildren(...drawPlainText(row).childNodes);
      else view.show(this.#runContent(row));
    } catch (error) {
      reportError(error);
      node.replaceChildren(...drawPlainText(row).childNodes);
      this.#shown.set(row.key, { row: signatureOf(row), node, view: null });
    }
  }

  #runContent(row: RunRow): Parameters<RunView['show']>[0] {
    const { stops, user, may } = this.#content ?? NO_CONTENT;
    const asker = row.question?.from.user ?? null;
    return {
      ...row,
      asker,
      stop: stops.get(row.run.run) ?? NOT_STOPPED,
      // Where it is not known, the server decides.
      isMine: may.manage || (may.write && (asker === null || asker === user)),
      mayRepeat: may.write && row.question !== null
    };
  }

  /** Makes the element of a row. A row that cannot be drawn is shown as plain text, so that the rest of the log works. */
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
    const view = new RunView(timeElement, this.#events.runs);
    view.show(this.#runContent(row));
    return { node: view.node, view };
  }
}
