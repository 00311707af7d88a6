/** The lists of connections, users and threads, with what an operator may do to each. */
import { duration } from '../../shared/duration.js';
import { Fields } from '../../shared/fields.js';
import { label, write } from '../../shared/live-text.js';
import { element } from '../../shared/element.js';
import { readRows } from '../asking/list-page.js';
import type { Operator } from '../asking/operator.js';
import {
  closedText,
  hasRevoked,
  lagWord,
  membersText,
  revokedText,
  threadsText
} from '../words/admin-words.js';
import type { Order } from './confirm.js';
import { ListPanel, type Column } from './list-panel.js';

/** What the panels use of the page. */
export interface PanelPorts {
  readonly operator: Operator;
  /** Asks before something is done that cannot be taken back. */
  readonly confirm: (order: Order) => void;
  /** Asks the server for the lists now. */
  readonly changed: () => void;
}

/** Returns a column that shows a text. */
export function textColumn(title: string, text: (row: Fields) => string): Column {
  return {
    title,
    fill: (cell, row) => {
      write(cell, text(row));
    }
  };
}

const since = textColumn('Since', (row) => {
  const at = row.numberOrNull('openedAt');
  return at === null ? 'not connected' : duration(Date.now() - at);
});

function listPath(name: string): (search: string, after: string | null) => string {
  return (search, after) => {
    const query = new URLSearchParams({ limit: '20', search });
    if (after !== null) query.set('after', after);
    return `/api/admin/${name}?${query.toString()}`;
  };
}

const AGAIN = 'Clients do not come back by themselves, but whoever it is may sign in again.';

/** Makes the list of connections. */
export function connectionsPanel({ operator, confirm, changed }: PanelPorts): ListPanel {
  const who = (row: Fields): string => row.textOrNull('user') ?? 'not signed in';
  return new ListPanel({
    title: 'Connections',
    noun: 'connection',
    empty: 'Nobody is connected to this node.',
    search: 'Search by user, address or id',
    columns: [
      textColumn('User', who),
      textColumn('Address', (row) => row.text('address')),
      since,
      textColumn('Threads', threadsText),
      {
        title: 'Reading',
        fill: (cell, row) => {
          const pill =
            cell.querySelector<HTMLElement>('.pill') ?? element('span', { class: 'pill' });
          if (!pill.isConnected) cell.append(pill);
          label(pill, lagWord(row, Date.now()));
        }
      }
    ],
    actions: [
      {
        text: 'Close',
        act: (row) => {
          const id = row.text('connection');
          confirm({
            title: `Close this connection of ${who(row)}?`,
            text: `Connection ${id} from ${row.text('address')} is closed with 3503 (kicked). ${AGAIN}`,
            action: 'Close it',
            run: () =>
              operator.ask(`/api/admin/connections/${encodeURIComponent(id)}/kick`, 'POST'),
            done: (body) => closedText(new Fields(body).count('closed'), who(row))
          });
        }
      }
    ],
    path: listPath('connections'),
    read: readRows,
    key: (row) => row.text('connection'),
    changed
  });
}

/** Makes the list of users. */
export function usersPanel({ operator, confirm, changed }: PanelPorts): ListPanel {
  const at = (row: Fields, what: string): string =>
    `/api/${what === 'kick' ? 'admin/' : ''}users/${encodeURIComponent(row.text('user'))}/${what}`;
  return new ListPanel({
    title: 'Users',
    noun: 'user',
    empty: 'Nobody is signed in on this node. A user who is away is found by the whole name.',
    search: 'Search users by name',
    columns: [
      textColumn('User', (row) => row.text('user')),
      textColumn('Connections', (row) => String(row.count('connections'))),
      textColumn('Threads', (row) => String(row.count('subscriptions'))),
      since,
      textColumn('Revoked', revokedText)
    ],
    actions: [
      {
        text: 'Close connections',
        when: (row) => row.count('connections') > 0,
        act: (row) => {
          const user = row.text('user');
          confirm({
            title: `Close all connections of ${user}?`,
            text: `They are closed with 3503 (kicked) on every node, event streams too. ${AGAIN} Revoke the tokens as well to prevent that.`,
            action: 'Close them',
            run: () => operator.ask(at(row, 'kick'), 'POST'),
            done: (body) => closedText(new Fields(body).count('closed'), user)
          });
        }
      },
      {
        text: 'Revoke tokens',
        act: (row) => {
          const user = row.text('user');
          confirm({
            title: `Revoke the tokens of ${user}?`,
            text: `All tokens of ${user} that were issued up to now are refused from now on, after a restart too, and their connections are closed. A token that is issued later is accepted.`,
            action: 'Revoke them',
            run: () => operator.ask(at(row, 'revoke'), 'POST'),
            done: () => `The tokens of ${user} are revoked.`
          });
        }
      },
      {
        text: 'Accept again',
        when: hasRevoked,
        act: (row) => {
          const user = row.text('user');
          confirm({
            title: `Accept the tokens of ${user} again?`,
            text: `Every token of ${user} that was revoked and has not ended works again, also one that somebody else has.`,
            action: 'Accept them',
            run: () => operator.ask(at(row, 'revoke'), 'DELETE'),
            done: () => `The tokens of ${user} are accepted again.`
          });
        }
      }
    ],
    path: listPath('users'),
    read: readRows,
    key: (row) => row.text('user'),
    changed
  });
}

/** Makes the list of threads. */
export function threadsPanel({ operator, confirm, changed }: PanelPorts): ListPanel {
  return new ListPanel({
    title: 'Threads',
    noun: 'thread',
    empty: 'No thread is in use on this node. One that is only stored is found by its whole id.',
    search: 'Search threads by id',
    columns: [
      textColumn('Thread', (row) => row.text('thread')),
      textColumn('State', (row) => row.text('state')),
      textColumn('Owner', (row) => row.textOrNull('owner') ?? 'none'),
      textColumn('Members', membersText),
      textColumn('Subscribers', (row) => String(row.count('subscribers'))),
      textColumn('Last message', (row) => String(row.count('offset')))
    ],
    actions: [
      {
        text: 'Erase a message',
        when: (row) => row.count('offset') > 0,
        act: (row) => {
          const thread = row.text('thread');
          const at = `/api/threads/${encodeURIComponent(thread)}/messages/`;
          confirm({
            title: `Erase a message of ${thread}?`,
            text: 'Its text is removed from the log, from search and from ClickHouse, and cannot be brought back. The message keeps its place, its author and its time. Backups keep the text.',
            action: 'Erase it',
            field: 'Offset or mid of the message',
            run: (named) => operator.ask(at + encodeURIComponent(named), 'DELETE'),
            done: (body) =>
              new Fields(body).flag('duplicate')
                ? 'That message was erased before.'
                : `Message ${String(new Fields(body).count('target'))} of ${thread} is erased.`
          });
        }
      }
    ],
    path: listPath('threads'),
    read: readRows,
    key: (row) => row.text('thread'),
    changed
  });
}
