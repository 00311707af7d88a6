import { byId, element } from '../../../shared/element.js';
import { safeName } from '../../../../sdk/safe-name.js';
import { KeyedRows } from '../../../shared/keyed-rows.js';
import { label, write } from '../../../shared/live-text.js';
import { concerns } from '../../states/actor-key.js';
import { clockTime } from '../clock-time.js';
import { eventText, newestEntries, type ListedEvent } from '../../recording/event-list.js';
import { prettyJson } from './json-lines.js';
import type { Moment } from '../../recording/moment.js';
import { stateWords, toneOf } from '../../states/state-tone.js';

/** Entries that are shown at first, that one more press shows, and at most. */
const PAGE = 100;
const ENTRIES_MAX = 1_000;

/** Lists the events of an actor, newest first, with what each led to. */
export class EventsView {
  readonly #text = byId('events-text', HTMLInputElement);
  readonly #scope = byId('events-scope', HTMLSelectElement);
  readonly #nothing = byId('events-nothing', HTMLParagraphElement);
  readonly #more = byId('events-more', HTMLButtonElement);
  readonly #goTo: (seq: number) => void;
  readonly #rows = new KeyedRows<ListedEvent>({
    into: byId('events', HTMLOListElement),
    key: ({ seq }) => String(seq),
    make: () => this.#makeRow()
  });
  #moment: Moment | null = null;
  #max = PAGE;
  #shown = '';

  constructor(goTo: (seq: number) => void, changed: () => void) {
    this.#goTo = goTo;
    this.#text.addEventListener('input', changed);
    this.#scope.addEventListener('change', changed);
    this.#more.addEventListener('click', () => {
      this.#max = Math.min(ENTRIES_MAX, this.#max + PAGE);
      changed();
    });
  }

  /** Shows the log of a moment's subject. */
  show(moment: Moment): void {
    const { timeline, position, subject, nameOf } = moment;
    this.#moment = moment;
    const wanted = this.#text.value.trim().toLowerCase();
    const isAll = this.#scope.value === 'all';
    const last = timeline.message(position - 1)?.seq ?? 0;
    const text = [last, timeline.length, wanted, isAll, this.#max, JSON.stringify(subject)].join(
      ' '
    );
    if (text === this.#shown) return;
    this.#shown = text;
    const source = { message: (index: number) => timeline.message(index), position };
    const { entries, isMore } = newestEntries(
      source,
      (one) =>
        ((isAll && one.type !== 'inspect.left') || concerns(one, subject, nameOf)) &&
        (wanted === '' ||
          one.type !== '@xstate.event' ||
          [one.event.type, one.name, nameOf(one.sourceId ?? '')].some((text) =>
            text.toLowerCase().includes(wanted)
          )),
      this.#max
    );
    this.#rows.show(entries);
    this.#nothing.hidden = entries.length > 0;
    this.#more.hidden = !isMore || this.#max >= ENTRIES_MAX;
  }

  #makeRow() {
    const time = element('button', { type: 'button', class: 'event-time' });
    const type = element('span', { class: 'event-type' });
    const between = element('span', { class: 'event-between' });
    const after = element('span', { class: 'pill' });
    const summary = element('summary', {}, type, after, between);
    const taken = element('p', { class: 'note' });
    const link = element('a', { class: 'event-journey', hidden: true }, 'Journey of this message');
    const payload = element('pre', { tabindex: '0' });
    const details = element('details', {}, summary, taken, link, payload);
    const root = element('li', {}, time, details);
    let entry: ListedEvent | null = null;
    time.addEventListener('click', () => {
      if (entry !== null) this.#goTo(entry.seq);
    });
    // Write a payload only when the reader opens it: most are never opened.
    details.addEventListener('toggle', () => {
      if (details.open && entry?.kind === 'event') write(payload, prettyJson(entry.event));
    });
    const fill = (next: ListedEvent): void => {
      entry = next;
      write(time, clockTime(next.at));
      time.title = 'Show this moment';
      root.classList.toggle('is-hole', next.kind === 'hole');
      if (next.kind === 'hole') {
        write(type, holeWords(next.from));
        after.hidden = true;
        return;
      }
      const { event, from, sessionId, transitions } = next;
      const nameOf = (id: string) => safeName(this.#moment?.nameOf(id) ?? id);
      write(type, safeName(event.type));
      const isAll = this.#scope.value === 'all';
      const isOwn = from === sessionId;
      const sender = from === null ? 'from outside' : isOwn ? 'by itself' : `from ${nameOf(from)}`;
      write(between, isAll ? `${sender} to ${nameOf(sessionId)}` : sender);
      const outcome = eventText(event, 'outcome');
      after.hidden = next.after === null && outcome === '';
      if (next.after !== null) {
        const { after: snapshot } = next;
        label(after, { tone: toneOf({ snapshot, chart: null }), text: stateWords({ snapshot }) });
      } else if (outcome !== '') label(after, { tone: 'none', text: outcome });
      write(taken, takenWords(transitions, next.after !== null));
      const mid = event.type === 'message' ? eventText(event, 'mid') : '';
      link.hidden = mid === '';
      if (mid !== '') link.href = `/journey.html?mid=${encodeURIComponent(mid)}`;
    };
    return { root, fill };
  }
}

function holeWords(from: number | null): string {
  return from === null
    ? 'Not watched from here on: what it did then is not recorded.'
    : `Nobody watched from ${clockTime(from)} on: nothing is recorded of that time.`;
}

function takenWords(transitions: readonly string[], hasSnapshot: boolean): string {
  if (transitions.length > 0) {
    const words = transitions.map((id) => {
      const [source = '', event = '', index = ''] = id.split('|');
      return `${source === '' ? 'the root' : source} on ${event === '' ? 'nothing' : event} (${index})`;
    });
    return `Transitions: ${words.join(', ')}`;
  }
  return hasSnapshot ? 'No transition was taken.' : 'No chart was told of it.';
}
