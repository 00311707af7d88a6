import { counted } from '../../../shared/counted.js';
import { duration } from '../../../shared/duration.js';
import type { Tone } from '../../../shared/tone.js';
import { clockTime } from '../clock-time.js';
import type { Inspection, Reel } from '../../recording/inspection.js';
import type { ExportState } from '../../link/export.js';
import type { LinkState } from '../../link/link.js';

/** A notice at the top of the page, shown until its cause ends or the reader dismisses it. */
export interface Notice {
  readonly key: string;
  readonly tone: Tone;
  readonly text: string;
  /** Buttons of the notice. */
  readonly actions: readonly { readonly words: string; readonly do: () => void }[];
}

/** What the buttons of notices do. */
export interface NoticeOrders {
  /** Exports a recording. */
  readonly save: (reel: Reel) => void;
  /** Drops the recording of the process before. */
  readonly forget: () => void;
  /** Closes an opened recording. */
  readonly live: () => void;
  /** Removes the notice about a file that was refused. */
  readonly dismiss: () => void;
  /** Loads what the server has recorded and still keeps. */
  readonly reload: () => void;
  /** Removes the notice about the last export. */
  readonly putAway: () => void;
}

/** What the notices depend on. */
export interface NoticeCase {
  readonly inspection: Inspection;
  readonly link: LinkState;
  /** Why there is no connection; null when it is unknown or there is one. */
  readonly why: string | null;
  /** Why the last file was not opened; null when it was. */
  readonly refused: string | null;
  /** The newest export; null when there is none. */
  readonly exported: ExportState | null;
}

/** Decides which notices the page shows, in their order. */
export function noticesOf(
  { inspection, link, why, refused, exported }: NoticeCase,
  orders: NoticeOrders
): Notice[] {
  const { file, before, dropped, isCut, live } = inspection;
  const notices: Notice[] = [];
  if (refused !== null) {
    notices.push({
      key: 'refused',
      tone: 'bad',
      text: refused,
      actions: [{ words: 'Put away', do: orders.dismiss }]
    });
  }
  if (exported !== null) notices.push(exportNotice(exported, orders));
  if (file !== null) {
    const written = new Date(file.at).toLocaleString('en', { dateStyle: 'medium' });
    notices.push({
      key: 'file',
      tone: 'busy',
      text: `A recording of ${file.node}, Rollcall ${file.rollcall} (${file.environment}), written on ${written} at ${clockTime(file.at).slice(0, 8)}. What the server does now is not shown.`,
      actions: link === 'live' ? [{ words: 'Back to live', do: orders.live }] : []
    });
  } else if (link === 'waiting' || (isConnecting(link) && live.timeline.length > 0)) {
    const shown = live.timeline.length === 0 ? '' : ' Below is what was recorded until then.';
    notices.push({
      key: 'away',
      tone: 'bad',
      text: `There is no connection to the server${why === null ? '' : `: ${why}`}. It is tried again.${shown}`,
      actions: []
    });
  } else if (link === 'off') {
    notices.push({
      key: 'off',
      tone: 'warn',
      text: `There is nothing to see: ${why ?? 'the inspector is switched off'}.`,
      actions: []
    });
  }
  if (before !== null) notices.push(beforeNotice(before, orders));
  if (isCut) {
    notices.push({
      key: 'cut',
      tone: 'warn',
      text: 'While this page was away the server recorded more than it keeps: the recording begins anew after that.',
      actions: []
    });
  }
  if (dropped > 0) {
    notices.push({
      key: 'dropped',
      tone: 'warn',
      text: `${counted(dropped, 'message')} ${dropped === 1 ? 'was' : 'were'} not given to this page, since it did not take them fast enough: nothing waits for a viewer.`,
      actions: [{ words: 'Load what the server has kept', do: orders.reload }]
    });
  }
  return notices;
}

/** While it is tried again nothing is new, and a notice that came and went with each attempt could not be read. */
function isConnecting(link: LinkState): boolean {
  return link === 'connecting' || link === 'loading';
}

function exportNotice(state: ExportState, orders: NoticeOrders): Notice {
  const putAway = [{ words: 'Put away', do: orders.putAway }];
  switch (state.kind) {
    case 'charts': {
      const charts =
        state.of === 0 ? '' : `: ${String(state.count)} of ${counted(state.of, 'chart')}`;
      return { key: 'export', tone: 'busy', text: `Exporting${charts}…`, actions: [] };
    }
    case 'writing': {
      const text = `Exporting: ${counted(state.messages, 'message')} are written…`;
      return { key: 'export', tone: 'busy', text, actions: [] };
    }
    case 'done': {
      const holds = `${counted(state.messages, 'message')}, ${counted(state.charts, 'chart')}`;
      const text = `Exported as ${state.name}: ${sizeWords(state.bytes)}, ${holds}.`;
      return { key: 'export', tone: 'good', text, actions: putAway };
    }
    case 'failed':
      return {
        key: 'export',
        tone: 'bad',
        text: `The recording was not exported: ${state.why}.`,
        actions: putAway
      };
  }
}

function sizeWords(bytes: number): string {
  return bytes < 1_000_000
    ? `${String(Math.ceil(bytes / 1_000))} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function beforeNotice(before: Reel, orders: NoticeOrders): Notice {
  const { timeline, node } = before;
  const [first, last] = [timeline.message(0), timeline.message(timeline.length - 1)];
  const lasted =
    first === undefined || last === undefined ? '' : ` over ${duration(last.at - first.at)}`;
  return {
    key: 'before',
    tone: 'busy',
    text: `The server was started anew. What was recorded of the process before, ${node}, is kept until the next start: ${counted(timeline.length, 'message')}${lasted}.`,
    actions: [
      {
        words: 'Export it',
        do: () => {
          orders.save(before);
        }
      },
      { words: 'Let it go', do: orders.forget }
    ]
  };
}
