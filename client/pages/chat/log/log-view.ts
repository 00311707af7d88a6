import type { Gap } from '../../../sdk/client.js';
import { initials, tint } from '../avatar.js';
import { byId, element } from '../../shared/element.js';
import { dayWords } from '../words/day-words.js';
import { messageText } from '../words/message-text.js';
import { RichText } from '../rich-text/rich-text-view.js';
import { RunView, type StopState } from './run-view.js';
import { agentName } from '../words/run-words.js';
import { safeName } from '../../../sdk/safe-name.js';
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

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** The messages on the page. Rows keep their elements for as long as they do not change. */
export class LogView {
  readonly #events: LogViewEvents;
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
      if (view === null) node.replaceChildren(...undrawn(row).childNodes);
      else view.show(this.#runContent(row));
    } catch (error) {
      reportError(error);
      node.replaceChildren(...undrawn(row).childNodes);
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
      return { node: undrawn(row), view: null };
    }
  }

  #draw(row: Row): Omit<ShownRow, 'row'> {
    if (row.type !== 'run') return { node: this.#makePlain(row), view: null };
    const view = new RunView(timeOf, (run) => {
      this.#events.stop(run);
    });
    view.show(this.#runContent(row));
    return { node: view.node, view };
  }

  #makePlain(row: Exclude<Row, { type: 'run' }>): HTMLElement {
    if (row.type === 'day') {
      const label = dayWords(row.at, Date.now());
      return element(
        'div',
        { class: 'day', role: 'separator', 'aria-label': label },
        element('span', {}, label)
      );
    }
    if (row.type === 'gap') {
      return this.#makeGap(row.gap);
    }
    if (row.type === 'draft') return this.#makeDraft(row);
    const { message, own, first } = row;
    const user = message.from.user;
    const name = safeName(user);
    const time = timeOf(message.at);
    const { text, json } = messageText(message);
    const bubble = json
      ? element('pre', { class: 'bubble code', tabindex: '0' }, text)
      : new RichText('bubble', text).node;
    const tag =
      message.kind === 'user_message'
        ? []
        : [element('span', { class: 'kind' }, safeName(message.kind))];
    return element(
      'article',
      {
        class: `message${own ? ' own' : ''}${first ? ' first' : ''}`,
        'aria-label': `${name}, ${TIME.format(message.at)}`
      },
      ...(first && !own ? [avatar(user)] : []),
      ...(first
        ? [element('div', { class: 'head' }, element('b', {}, own ? 'You' : name), ...tag, time)]
        : tag),
      bubble
    );
  }

  #makeGap(gap: Gap): HTMLElement {
    const words = element('span', {}, gapWords(gap));
    if (gap.reason === 'missing' || gap.reason === 'overflow') {
      const load = element('button', { class: 'quiet', type: 'button' }, 'Load them');
      load.addEventListener('click', () => {
        // The button goes with the hole; the keyboard stays in the log.
        this.#scroll.focus({ preventScroll: true });
        this.#events.loadGap(gap);
      });
      words.append(' ', load);
    }
    return element('div', { class: 'gap', role: 'note' }, words);
  }

  #makeDraft({ draft, first }: Extract<Row, { type: 'draft' }>): HTMLElement {
    const words = {
      pending: 'Sending…',
      sent: 'Sent',
      failed: `Not sent: ${draft.error?.message ?? 'the server refused it'}`
    };
    const state = element('div', { class: 'state' }, words[draft.state]);
    if (draft.state === 'failed') {
      const retry = element('button', { class: 'quiet', type: 'button' }, 'Retry');
      retry.addEventListener('click', () => {
        this.#events.retry(draft.mid);
      });
      const discard = element('button', { class: 'quiet', type: 'button' }, 'Discard');
      discard.addEventListener('click', () => {
        this.#events.discard(draft.mid);
      });
      state.append(' ', retry, ' ', discard);
    }
    return element(
      'article',
      {
        class: `message own draft ${draft.state === 'pending' ? 'sending' : draft.state}${first ? ' first' : ''}`,
        'aria-label': `You, ${words[draft.state]}`
      },
      ...(first
        ? [
            element(
              'div',
              { class: 'head' },
              element('b', {}, 'You'),
              element('time', {}, TIME.format(draft.at))
            )
          ]
        : []),
      new RichText('bubble', messageText(draft).text).node,
      state
    );
  }
}

function undrawn(row: Row): HTMLElement {
  const [who, text] = whoAndText(row);
  return element(
    'article',
    { class: 'message first' },
    element('div', { class: 'head' }, who),
    element('pre', { class: 'bubble' }, text)
  );
}

function whoAndText(row: Row): [who: string, text: string] {
  if (row.type === 'run') return [agentName(row.run), row.run.text];
  if (row.type === 'message') {
    return [safeName(row.message.from.user), messageText(row.message).text];
  }
  if (row.type === 'draft') return ['You', messageText(row.draft).text];
  return ['', ''];
}

function avatar(user: string): HTMLElement {
  const name = `avatar tint-${String(tint(user))}`;
  return element('span', { class: name, 'aria-hidden': 'true' }, initials(user));
}

function timeOf(at: number): HTMLTimeElement {
  return element(
    'time',
    { datetime: new Date(at).toISOString(), title: MOMENT.format(at) },
    TIME.format(at)
  );
}

/** What of a row can change while its key stays: that it is a draft still, and whether it heads its group. */
function signatureOf(row: Row): string {
  if (row.type === 'message') return `message ${String(row.first)}`;
  if (row.type === 'draft')
    return `${row.draft.state} ${String(row.first)} ${row.draft.error?.message ?? ''}`;
  return row.type;
}

function gapWords({ from, to, reason }: Gap): string {
  const count = to - from + 1;
  const what = `${String(count)} ${count === 1 ? 'message' : 'messages'}`;
  if (reason === 'trimmed') return `${what} missing here: the server keeps them no longer`;
  if (reason === 'epoch') return 'This thread was started anew on the server';
  return `${what} missing here`;
}
