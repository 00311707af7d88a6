import {
  INSPECT_PAGE_MAX,
  type InspectRequests,
  type RowsPage,
  type ThreadRow
} from '../../../../../protocol/inspection.js';
import { byId, element } from '../../../shared/element.js';
import { safeName } from '../../../../sdk/safe-name.js';
import { counted, number } from '../../../shared/counted.js';
import { KeyedRows } from '../../../shared/keyed-rows.js';
import { tint, write } from '../../../shared/live-text.js';
import type { Subject } from '../../states/actor-key.js';
import type { ActorState, ActorStates } from '../../states/actor-state.js';
import { flash } from '../../../shared/flash.js';
import type { Moment } from '../../recording/moment.js';
import { PagedRows } from './paged-rows.js';
import { recordedThreads } from '../../recording/recorded-threads.js';
import { stateWords, toneOf } from '../../states/state-tone.js';

/** A thread in the list: as the server describes it, or only its actor's state from a recording. */
interface ShownThread {
  readonly thread: string;
  readonly actor: ActorState | null;
  readonly row: ThreadRow | null;
  readonly isWatched: boolean;
  readonly isSelected: boolean;
}

/** Asks the server for threads. */
export type AskThreads = (
  asked: InspectRequests['inspect.threads']
) => Promise<RowsPage<ThreadRow>>;

/** States by which the list can be filtered. */
const STATES: readonly ThreadRow['state'][] = [
  'idle',
  'delivering',
  'waiting',
  'flushing',
  'undelivered',
  'passive'
];

/** Lists threads. The server searches and pages them, or this view does for a recording. */
export class ThreadsView {
  readonly #text = byId('threads-text', HTMLInputElement);
  readonly #state = byId('threads-state', HTMLSelectElement);
  readonly #of = byId('of-connection', HTMLParagraphElement);
  readonly #ofWords = byId('of-connection-words', HTMLSpanElement);
  readonly #pages: PagedRows<ThreadRow | ActorState>;
  readonly #pick: (subject: Subject) => void;
  readonly #changed: () => void;
  readonly #rows = new KeyedRows<ShownThread>({
    into: byId('threads-rows', HTMLUListElement),
    key: ({ thread }) => thread,
    make: () => this.#makeRow()
  });
  #connection: { readonly id: string; readonly words: string } | null = null;

  constructor(ask: AskThreads, pick: (subject: Subject) => void, changed: () => void) {
    this.#pick = pick;
    this.#changed = changed;
    this.#pages = new PagedRows({
      name: 'threads',
      noun: 'thread',
      changed,
      ask: (after) =>
        ask({
          search: this.#text.value.trim(),
          state: STATES.find((state) => state === this.#state.value) ?? null,
          connection: this.#connection?.id ?? null,
          after,
          limit: INSPECT_PAGE_MAX
        })
    });
    this.#text.addEventListener('input', changed);
    this.#state.addEventListener('change', changed);
    byId('of-connection-clear', HTMLButtonElement).addEventListener('click', () => {
      this.#connection = null;
      changed();
    });
  }

  /** Threads that match; null while it is not known. */
  get total(): number | null {
    return this.#pages.total;
  }

  /** Threads of the page that is shown. */
  get shown(): string[] {
    return this.#pages.rows.map(({ thread }) => thread ?? '').filter(Boolean);
  }

  /** Shows only the threads of a connection. */
  filter(connection: string, words: string): void {
    this.#connection = { id: connection, words };
    this.#changed();
  }

  /** Shows the threads of a moment. */
  show({ states, timeline, position, subject, isLive, now }: Moment): void {
    const [search, state, of] = [this.#text.value.trim(), this.#state.value, this.#connection];
    const query = JSON.stringify([search, state, of?.id ?? null, isLive]);
    if (isLive) this.#pages.keep(query, now);
    else {
      const recorded = recordedThreads(timeline, position);
      this.#pages.take(threadsIn(recorded, search, state), query, INSPECT_PAGE_MAX);
    }
    this.#of.hidden = of === null || !isLive;
    write(this.#ofWords, of === null ? '' : `Threads of ${of.words}`);
    const actors = byThread(states);
    this.#rows.show(
      this.#pages.rows.map((one): ShownThread => {
        const thread = one.thread ?? '';
        return {
          thread,
          actor: actors.get(thread) ?? ('subscribers' in one ? null : one),
          row: 'subscribers' in one ? one : null,
          isWatched: actors.has(thread),
          isSelected: subject.kind === 'thread' && subject.thread === thread
        };
      })
    );
    this.#pages.showPager();
  }

  #makeRow() {
    const name = element('span', { class: 'row-name' });
    const state = element('span', { class: 'pill' });
    const note = element('span', { class: 'note' });
    const button = element('button', { type: 'button' }, name, state, note);
    const root = element('li', {}, button);
    let shown: ShownThread | null = null;
    let seen = '';
    button.addEventListener('click', () => {
      if (shown !== null) this.#pick({ kind: 'thread', thread: shown.thread });
    });
    const fill = (next: ShownThread): void => {
      shown = next;
      const { thread, actor, row, isWatched, isSelected } = next;
      write(name, safeName(thread));
      name.title = thread;
      // A watched actor is newer than the row, which is requested only from time to time.
      const isNewer = actor !== null && (row === null || row.sessionId === actor.sessionId);
      const words = isNewer ? stateWords(actor) : (row?.state ?? '');
      write(state, words);
      tint(state, isNewer ? toneOf(actor) : rowTone(row?.state ?? 'passive'));
      const unwatched = isWatched ? '' : 'not watched at this moment';
      write(note, row === null ? unwatched : rowWords(row));
      button.setAttribute('aria-current', String(isSelected));
      if (seen !== '' && seen !== words) flash(root);
      seen = words;
    };
    return { root, fill };
  }
}

function rowTone(state: ThreadRow['state']) {
  if (state === 'undelivered') return 'bad';
  if (state === 'waiting' || state === 'flushing') return 'warn';
  return state === 'delivering' ? 'good' : 'none';
}

function rowWords({ subscribers, held, offset, isTest }: ThreadRow): string {
  return [
    counted(subscribers, 'subscriber'),
    held === 0 ? '' : `${number(held)} held`,
    `offset ${number(offset)}`,
    isTest ? 'test' : ''
  ]
    .filter(Boolean)
    .join(' · ');
}

function byThread(states: ActorStates): Map<string, ActorState> {
  const actors = new Map<string, ActorState>();
  for (const state of states.values()) if (state.thread !== null) actors.set(state.thread, state);
  return actors;
}

function threadsIn(
  threads: ReadonlyMap<string, ActorState>,
  search: string,
  state: string
): ActorState[] {
  return [...threads.values()]
    .filter(
      (actor) =>
        (actor.thread ?? '').includes(search) && (state === '' || stateWords(actor) === state)
    )
    .sort((one, other) => ((one.thread ?? '') < (other.thread ?? '') ? -1 : 1));
}
