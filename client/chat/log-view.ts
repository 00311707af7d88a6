import type { Gap } from '../client.js';
import { initials, tint } from './avatar.js';
import { byId, element } from '../page/element.js';
import { messageText, textPieces } from './message-text.js';
import type { Row } from './transcript.js';

/** Distance from an end of the log, in pixels, that counts as being there. */
const NEAR_PX = 60;

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
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const DAY_AND_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });

/** The messages on the page. Rows keep their elements for as long as they do not change. */
export class LogView {
  readonly #events: LogViewEvents;
  readonly #scroll = byId('log-scroll', HTMLDivElement);
  readonly #rows = byId('log', HTMLDivElement);
  readonly #older = byId('older', HTMLDivElement);
  readonly #empty = byId('empty', HTMLDivElement);
  readonly #jump = byId('jump', HTMLButtonElement);
  readonly #shown = new Map<string, { readonly row: string; readonly node: HTMLElement }>();
  #following = true;
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
  }

  /** Shows this, keeping what the reader looks at where it is. */
  show(content: LogContent): void {
    const anchor = this.#following ? null : this.#anchor();
    this.#content = content;
    this.#rows.setAttribute('aria-busy', String(content.loading));
    this.#older.hidden = !content.more;
    this.#empty.hidden = content.rows.length > 0 || content.loading;
    this.#reconcile(content.rows);
    if (this.#following && !content.detached) this.toEnd();
    else if (anchor !== null) {
      const node = this.#shown.get(anchor.key)?.node;
      if (node !== undefined) {
        this.#scroll.scrollTop += node.getBoundingClientRect().bottom - anchor.bottom;
      }
    }
    this.#showJump();
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    const wasFollowing = this.#following;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR_PX;
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
   * The first message in sight, to be held still while rows come above it. By key and lower edge, because what comes
   * may take it into its group: then it gets a new element, without the head.
   */
  #anchor(): { key: string; bottom: number } | null {
    const edge = this.#scroll.getBoundingClientRect().top;
    for (const { key, type } of this.#content?.rows ?? []) {
      if (type !== 'message') continue;
      const bottom = this.#shown.get(key)?.node.getBoundingClientRect().bottom ?? 0;
      if (bottom > edge) return { key, bottom };
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
      if (shown?.row === signature) {
        if (shown.node === next) next = next.nextElementSibling;
        else this.#rows.insertBefore(shown.node, next);
        continue;
      }
      const node = this.#make(row);
      if (shown === undefined) this.#rows.insertBefore(node, next);
      else {
        if (shown.node === next) next = next.nextElementSibling;
        shown.node.replaceWith(node);
        this.#rows.insertBefore(node, next);
      }
      this.#shown.set(row.key, { row: signature, node });
    }
  }

  #make(row: Row): HTMLElement {
    if (row.type === 'day') {
      const label = dayWords(row.at, Date.now());
      return element(
        'div',
        { class: 'day', role: 'separator', 'aria-label': label },
        element('span', {}, label)
      );
    }
    if (row.type === 'gap') {
      return element('div', { class: 'gap', role: 'note' }, element('span', {}, gapWords(row.gap)));
    }
    if (row.type === 'draft') return this.#makeDraft(row);
    const { message, own, first } = row;
    const user = message.from.user;
    const time = element(
      'time',
      { datetime: new Date(message.at).toISOString(), title: MOMENT.format(message.at) },
      TIME.format(message.at)
    );
    const { text, json } = messageText(message);
    const bubble = json
      ? element('pre', { class: 'bubble code', tabindex: '0' }, text)
      : element('p', { class: 'bubble' }, ...linked(text));
    const tag =
      message.kind === 'user_message' ? [] : [element('span', { class: 'kind' }, message.kind)];
    return element(
      'article',
      {
        class: `message${own ? ' own' : ''}${first ? ' first' : ''}`,
        'aria-label': `${user}, ${TIME.format(message.at)}`
      },
      ...(first && !own ? [avatar(user)] : []),
      ...(first
        ? [element('div', { class: 'head' }, element('b', {}, own ? 'You' : user), ...tag, time)]
        : tag),
      bubble
    );
  }

  #makeDraft({ draft, first }: Extract<Row, { type: 'draft' }>): HTMLElement {
    const words = { sending: 'Sending…', sent: 'Sent', failed: `Not sent: ${draft.problem}` };
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
        class: `message own draft ${draft.state}${first ? ' first' : ''}`,
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
      element('p', { class: 'bubble' }, ...linked(draft.text)),
      state
    );
  }
}

function avatar(user: string): HTMLElement {
  const name = `avatar tint-${String(tint(user))}`;
  return element('span', { class: name, 'aria-hidden': 'true' }, initials(user));
}

function linked(text: string): (Node | string)[] {
  return textPieces(text).map((piece) =>
    piece.href === null
      ? piece.text
      : element(
          'a',
          { href: piece.href, target: '_blank', rel: 'noopener noreferrer nofollow' },
          piece.text
        )
  );
}

/** What of a row can change while its key stays: that it is a draft still, and whether it heads its group. */
function signatureOf(row: Row): string {
  if (row.type === 'message') return `message ${String(row.first)}`;
  if (row.type === 'draft') return `${row.draft.state} ${String(row.first)} ${row.draft.problem}`;
  return row.type;
}

/** Names a day as people do, seen from `now`; both in Unix milliseconds. */
function dayWords(at: number, now: number): string {
  const day = new Date(at);
  const today = new Date(now);
  if (day.toDateString() === today.toDateString()) return 'Today';
  today.setDate(today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return 'Yesterday';
  return (day.getFullYear() === today.getFullYear() ? DAY : DAY_AND_YEAR).format(day);
}

function gapWords({ from, to, reason }: Gap): string {
  const count = to - from + 1;
  const what = `${String(count)} ${count === 1 ? 'message' : 'messages'}`;
  if (reason === 'trimmed') return `${what} missing here: the server keeps them no longer`;
  if (reason === 'epoch') return 'This thread was started anew on the server';
  return `${what} missing here`;
}
