/** Draws the rows of the log, except runs, which change in place. */
import { isErased, type Gap, type MessageFrame } from '../../../sdk/client.js';
import { safeName } from '../../../sdk/safe-name.js';
import { element } from '../../shared/element.js';
import { initials, tint } from '../avatar.js';
import { shownText } from '../rich-text/drawn.js';
import { RichText } from '../rich-text/rich-text-view.js';
import { dayWords } from '../words/day-words.js';
import { fateSign, fateWords } from '../words/fate-words.js';
import { messageText } from '../words/message-text.js';
import { agentName } from '../words/run-words.js';
import type { Fate } from '../words/fates.js';
import type { Row } from './rows.js';

/** Any row but a run. */
export type PlainRow = Exclude<Row, { type: 'run' }>;

/** What the buttons in rows do. */
export interface RowActions {
  retry(mid: string): void;
  discard(mid: string): void;
  /** Takes a failed message back into the field. */
  edit(mid: string): void;
  loadGap(gap: Gap): void;
  /** Opens the menu of a message at its button. */
  menu(message: MessageFrame, button: HTMLButtonElement): void;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** Draws a day separator, a gap, a message or a draft. */
export function drawRow(row: PlainRow, actions: RowActions): HTMLElement {
  if (row.type === 'day') {
    const label = dayWords(row.at, Date.now());
    return element(
      'div',
      { class: 'day', role: 'separator', 'aria-label': label },
      element('span', {}, label)
    );
  }
  if (row.type === 'gap') {
    return drawGap(row.gap, actions);
  }
  if (row.type === 'draft') return drawDraft(row, actions);
  const { message, own, first } = row;
  const user = message.from.user;
  const name = safeName(user);
  const time = timeElement(message.at);
  const { text, json } = messageText(message);
  const bubble = json
    ? element('pre', { class: 'bubble code', tabindex: '0' }, shownText(text))
    : new RichText(isErased(message) ? 'bubble erased' : 'bubble', text).node;
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
    bubble,
    moreButton(message, actions),
    ...(own ? [element('div', { class: 'fate', 'aria-hidden': 'true' })] : [])
  );
}

function moreButton(message: MessageFrame, actions: RowActions): HTMLButtonElement {
  const whose = `${safeName(message.from.user)}, ${TIME.format(message.at)}`;
  const more = element(
    'button',
    {
      class: 'more',
      type: 'button',
      tabindex: '-1',
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
      'aria-label': `Menu of the message: ${whose}`
    },
    '⋯'
  );
  more.addEventListener('click', () => {
    actions.menu(message, more);
  });
  return more;
}

/**
 * Shows what has become of one's own message: always to screen readers, on the screen if `isShown`. Does nothing when it
 * is shown already.
 */
export function showFate(
  node: HTMLElement,
  message: MessageFrame,
  fate: Fate,
  isShown: boolean
): void {
  const words = fateWords(fate);
  const label = `${safeName(message.from.user)}, ${TIME.format(message.at)}, ${words}`;
  if (node.getAttribute('aria-label') !== label) node.setAttribute('aria-label', label);
  const line = node.querySelector('.fate');
  const text = isShown ? `${fateSign(fate)} ${words}` : '';
  if (line !== null && line.textContent !== text) line.textContent = text;
}

function drawGap(gap: Gap, actions: RowActions): HTMLElement {
  const words = element('span', {}, gapWords(gap));
  if (gap.reason === 'missing' || gap.reason === 'overflow') {
    const load = element('button', { class: 'quiet', type: 'button' }, 'Load them');
    load.addEventListener('click', () => {
      actions.loadGap(gap);
    });
    words.append(' ', load);
  }
  return element('div', { class: 'gap', role: 'note' }, words);
}

function drawDraft(
  { draft, first }: Extract<Row, { type: 'draft' }>,
  actions: RowActions
): HTMLElement {
  const words = {
    pending: 'Sending…',
    sent: 'Sent',
    failed: `Not sent: ${draft.error?.message ?? 'the server refused it'}`
  };
  const { text, json } = messageText(draft);
  const state = element('div', { class: 'state' }, words[draft.state]);
  if (draft.state === 'failed') {
    // A message that is too long would be refused again, so there is no Retry.
    if (draft.error?.code !== 'too_large') {
      state.append(
        ' ',
        button('Retry', () => {
          actions.retry(draft.mid);
        })
      );
    }
    if (!json)
      state.append(
        ' ',
        button('Edit', () => {
          actions.edit(draft.mid);
        })
      );
    state.append(
      ' ',
      button('Discard', () => {
        actions.discard(draft.mid);
      })
    );
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
    new RichText('bubble', text).node,
    state
  );
}

function button(name: string, act: () => void): HTMLButtonElement {
  const made = element('button', { class: 'quiet', type: 'button' }, name);
  made.addEventListener('click', act);
  return made;
}

/** Draws a row as plain text, for a row that cannot be drawn otherwise. */
export function drawPlainText(row: Row): HTMLElement {
  const [who, text] = whoAndText(row);
  return element(
    'article',
    { class: 'message first' },
    element('div', { class: 'head' }, who),
    element('pre', { class: 'bubble' }, shownText(text))
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

/** Makes the element with the time of a message. */
export function timeElement(at: number): HTMLTimeElement {
  return element(
    'time',
    { datetime: new Date(at).toISOString(), title: MOMENT.format(at) },
    TIME.format(at)
  );
}

/** Returns a text that changes when a row must be redrawn: the draft's state, or whether the row heads its group. */
export function signatureOf(row: Row): string {
  if (row.type === 'message')
    return `message ${String(row.first)} ${String(isErased(row.message))}`;
  if (row.type === 'draft')
    return `${row.draft.state} ${String(row.first)} ${row.draft.error?.message ?? ''}`;
  return row.type;
}

function gapWords({ from, to, reason }: Gap): string {
  const count = to - from + 1;
  const what = `${String(count)} ${count === 1 ? 'message' : 'messages'}`;
  if (reason === 'trimmed') return `${what} missing here: the server keeps them no longer`;
  if (reason === 'damaged') return `${what} missing here: damaged on the server’s disk`;
  if (reason === 'epoch') return 'This thread was started anew on the server';
  return `${what} missing here`;
}
