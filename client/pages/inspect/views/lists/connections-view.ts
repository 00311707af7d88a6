import {
  INSPECT_PAGE_MAX,
  type ConnectionRow,
  type InspectRequests,
  type RowsPage
} from '../../../../../protocol/inspection.js';
import { byId, element } from '../../../shared/element.js';
import { safeName } from '../../../../sdk/safe-name.js';
import { counted, number } from '../../../shared/counted.js';
import { duration } from '../../../shared/duration.js';
import { KeyedRows } from '../../../shared/keyed-rows.js';
import { label, write } from '../../../shared/live-text.js';
import type { Word } from '../../../shared/tone.js';
import type { Moment } from '../../recording/moment.js';
import { PagedRows } from './paged-rows.js';

/** Asks the server for connections. */
export type AskConnections = (
  asked: InspectRequests['inspect.connections']
) => Promise<RowsPage<ConnectionRow>>;

/** Lists connections, which the server searches and pages. A recording has none. */
export class ConnectionsView {
  readonly #text = byId('connections-text', HTMLInputElement);
  readonly #pages: PagedRows<ConnectionRow>;
  readonly #rows: KeyedRows<ConnectionRow>;
  #now = 0;

  /** `pick` is given a connection whose threads are to be shown, and how it is called. */
  constructor(
    ask: AskConnections,
    pick: (connection: string, words: string) => void,
    changed: () => void
  ) {
    this.#pages = new PagedRows({
      name: 'connections',
      noun: 'connection',
      changed,
      ask: (after) => ask({ search: this.#text.value.trim(), after, limit: INSPECT_PAGE_MAX })
    });
    this.#text.addEventListener('input', changed);
    this.#rows = new KeyedRows<ConnectionRow>({
      into: byId('connections-rows', HTMLUListElement),
      key: ({ connection }) => connection,
      make: () => {
        const name = element('span', { class: 'row-name' });
        const state = element('span', { class: 'pill' });
        const note = element('span', { class: 'note' });
        const button = element('button', { type: 'button' }, name, state, note);
        const root = element('li', {}, button);
        let shown: ConnectionRow | null = null;
        button.addEventListener('click', () => {
          if (shown !== null) pick(shown.connection, nameWords(shown));
        });
        return {
          root,
          fill: (row) => {
            shown = row;
            write(name, nameWords(row));
            label(state, stateWord(row));
            write(note, noteWords(row, this.#now));
            button.title = `Show its threads; ${row.connection}`;
          }
        };
      }
    });
  }

  /** Connections that match; null while it is not known. */
  get total(): number | null {
    return this.#pages.total;
  }

  /** Shows the connections of a moment. */
  show({ isLive, now }: Moment): void {
    this.#now = now;
    const query = JSON.stringify([this.#text.value.trim(), isLive]);
    if (isLive) this.#pages.keep(query, now);
    else this.#pages.take([], query, INSPECT_PAGE_MAX);
    this.#rows.show(this.#pages.rows);
    this.#pages.showPager();
    if (isLive) return;
    write(
      byId('connections-nothing', HTMLParagraphElement),
      'Connections are not recorded: they are shown while you look live.'
    );
  }
}

function nameWords({ user, connection }: ConnectionRow): string {
  return user === null ? `not yet named (${connection})` : safeName(user);
}

function stateWord({ isLeaving, laggingSince }: ConnectionRow): Word {
  if (isLeaving) return { tone: 'warn', text: 'leaving' };
  return laggingSince === null ? { tone: 'good', text: 'open' } : { tone: 'warn', text: 'lagging' };
}

function noteWords(
  { address, openedAt, subscriptions, bufferedBytes, laggingSince }: ConnectionRow,
  now: number
): string {
  return [
    counted(subscriptions, 'thread'),
    `for ${duration(now - openedAt)}`,
    bufferedBytes === 0 ? '' : `${number(bufferedBytes)} bytes waiting`,
    laggingSince === null ? '' : `behind for ${duration(now - laggingSince)}`,
    address
  ]
    .filter(Boolean)
    .join(' · ');
}
