/** The lists about the server: limits, warnings, webhooks, nodes and the audit log. */
import { duration } from '../../shared/duration.js';
import { type Fields } from '../../shared/fields.js';
import { element } from '../../shared/element.js';
import { write, writeTime } from '../../shared/live-text.js';
import { readAudit, readLimits, readList } from '../asking/list-page.js';
import { actorText, auditText } from '../words/admin-words.js';
import { ListPanel, type Column } from './list-panel.js';
import { textColumn, type PanelPorts } from './people-panels.js';

function timeColumn(title: string, at: (row: Fields) => number | null): Column {
  return {
    title,
    fill: (cell, row) => {
      const time = cell.querySelector('time') ?? element('time');
      if (!time.isConnected) cell.append(time);
      writeTime(time, at(row));
    }
  };
}

/** Makes the list of limits that have refused something. */
export function limitsPanel({ changed }: PanelPorts): ListPanel {
  return new ListPanel({
    title: 'Limits hit',
    noun: 'limit',
    empty: 'No limit has refused anything since the start.',
    columns: [
      textColumn('Limit', (row) => row.text('limit')),
      textColumn('Refused since the start', (row) => String(row.count('times')))
    ],
    path: () => '/status',
    read: readLimits,
    key: (row) => row.text('limit'),
    changed
  });
}

/** Makes the list of warnings and errors of the log. */
export function incidentsPanel({ changed }: PanelPorts): ListPanel {
  return new ListPanel({
    title: 'Incidents',
    noun: 'line',
    empty: 'The log has no warnings and no errors.',
    columns: [
      {
        title: 'What',
        fill: (cell, row) => {
          const runbook = row.text('runbook');
          if (runbook === '') write(cell, row.text('message'));
          else if (cell.firstElementChild?.textContent !== row.text('message')) {
            const href = `/runbook.html#${encodeURIComponent(runbook)}`;
            cell.replaceChildren(element('a', { href }, row.text('message')));
          }
        }
      },
      textColumn('Level', (row) => row.text('level')),
      timeColumn('When', (row) => row.time('time'))
    ],
    path: () => '/api/incidents',
    read: (body) => {
      const page = readList(body, 'lines');
      return { ...page, rows: [...page.rows].reverse().slice(0, 20) };
    },
    key: (row) => `${row.text('time')} ${row.text('message')}`,
    changed
  });
}

/** Makes the list of webhooks that were given up. */
export function webhooksPanel({ operator, confirm, changed }: PanelPorts): ListPanel {
  const change = (row: Fields, what: string) =>
    operator.ask(`/api/webhooks/letters/${what}`, 'POST', { letters: [row.count('seq')] });
  return new ListPanel({
    title: 'Webhooks given up',
    noun: 'webhook',
    empty: 'None was given up.',
    missing: 'This server sends no webhooks.',
    columns: [
      textColumn('What', (row) => row.text('type')),
      textColumn('Thread', (row) => row.text('thread')),
      textColumn('Why', (row) => row.text('reason')),
      timeColumn('Given up', (row) => row.time('givenUpAt'))
    ],
    actions: [
      {
        text: 'Send again',
        act: (row) => {
          confirm({
            title: 'Send this webhook again?',
            text: `The receiver gets ${row.text('type')} of ${row.text('thread')} once more. It may have got it before.`,
            action: 'Send it',
            run: () => change(row, 'send'),
            done: () => 'The webhook is sent again.'
          });
        }
      },
      {
        text: 'Drop',
        act: (row) => {
          confirm({
            title: 'Drop this webhook?',
            text: `The receiver never gets ${row.text('type')} of ${row.text('thread')}. This cannot be taken back.`,
            action: 'Drop it',
            run: () => change(row, 'drop'),
            done: () => 'The webhook is dropped.'
          });
        }
      }
    ],
    path: () => '/api/webhooks/letters',
    read: (body) => readList(body, 'letters'),
    key: (row) => String(row.count('seq')),
    changed
  });
}

/** Makes the list of nodes. */
export function nodesPanel({ changed }: PanelPorts): ListPanel {
  return new ListPanel({
    title: 'Nodes',
    noun: 'node',
    empty: 'No node is known.',
    columns: [
      textColumn('Node', (row) => row.text('node')),
      textColumn('Address', (row) => row.text('url')),
      textColumn('Status', (row) => row.textOrNull('status') ?? 'not heard yet'),
      textColumn('Version', (row) => row.text('version')),
      textColumn('Connections', (row) => String(row.count('connections'))),
      textColumn('Threads', (row) => String(row.count('threads'))),
      textColumn('Behind', (row) => {
        const lag = row.numberOrNull('lagMs');
        return lag === null ? 'unknown' : duration(lag);
      })
    ],
    path: () => '/api/cluster',
    read: (body) => readList(body, 'nodes'),
    key: (row) => row.text('node'),
    changed
  });
}

/** Makes the audit log. */
export function auditPanel({ changed }: PanelPorts): ListPanel {
  return new ListPanel({
    title: 'Audit log',
    noun: 'entry',
    empty: 'Nothing has been done yet.',
    columns: [
      textColumn('What', auditText),
      textColumn('Who', actorText),
      timeColumn('When', (row) => row.numberOrNull('at'))
    ],
    path: (_, before) => `/api/audit?limit=10${before === null ? '' : `&before=${before}`}`,
    read: readAudit,
    key: (row) => String(row.count('seq')),
    changed
  });
}
