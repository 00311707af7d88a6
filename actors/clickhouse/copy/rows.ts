/**
 * Makes table rows of messages and facts. Every message and fact becomes a row that every engine accepts: a refused row
 * would block all rows after it.
 */
import type { DeliveryFact, StepFact, TransitionFact } from '../../facts/fact.js';
import { factsOf, type FeedFact } from '../../facts/fact-row.js';
import type { FeedEntry } from '../../log/analytics-feed.js';
import type { MessageFrame } from '../../../protocol/frames.js';
import { frameBody, parseMessageFrame } from '../../../protocol/message-frame.js';
import type { CopiedBatch, CopiedTable } from './row-copy.js';
import { RUN_COLUMNS, runRow } from './run-rows.js';
import { duration, sound, UINT32_MAX, whole } from './sound-values.js';
import type { Row } from '../store.js';

/** `kind` of a row whose frame cannot be read; its `body` is the frame as found. */
export const UNREADABLE = 'unreadable';

/** Rows of one table. */
export interface TableRows {
  readonly table: CopiedTable;
  readonly columns: readonly [string, ...string[]];
  readonly rows: readonly Row[];
}

/** Makes the rows of a batch, table by table. `node` is this node's id, stored with transitions. */
export function rowsOf(batch: CopiedBatch, node: string): readonly TableRows[] {
  const deliveries: Row[] = [];
  const transitions: Row[] = [];
  const steps: Row[] = [];
  const messages: Row[] = [];
  const runs: Row[] = [];
  for (const entry of batch.entries) {
    const message = parseMessageFrame(entry.frame);
    messages.push(messageRow(entry, message));
    const run = message === null ? null : runRow(entry, message);
    if (run !== null) runs.push(run);
  }
  for (const { id, epoch, fact } of factsOf(batch.facts)) {
    if (fact.kind === 'delivery') deliveries.push(deliveryRow({ id, epoch, fact }));
    else if (fact.kind === 'step') steps.push(stepRow({ id, epoch, fact }));
    else transitions.push(transitionRow({ id, epoch, fact }, node));
  }
  return [
    {
      table: 'messages',
      columns: ['thread', 'epoch', 'offset', 'mid', 'user', 'kind', 'body', 'text', 'at'],
      rows: messages
    },
    {
      table: 'deliveries',
      columns: [
        'epoch',
        'id',
        'thread',
        'offset',
        'messages',
        'outcome',
        'subscribers',
        'at',
        'tookMs',
        'appendedMs'
      ],
      rows: deliveries
    },
    {
      table: 'transitions',
      columns: ['epoch', 'id', 'node', 'chart', 'actor', 'from', 'to', 'event', 'at', 'spentMs'],
      rows: transitions
    },
    {
      table: 'steps',
      columns: [
        'epoch',
        'id',
        'thread',
        'step',
        'user',
        'connection',
        'from',
        'upTo',
        'since',
        'at'
      ],
      rows: steps
    },
    { table: 'runs', columns: RUN_COLUMNS, rows: runs }
  ];
}

function messageRow(
  { thread, epoch, offset, frame }: FeedEntry,
  message: MessageFrame | null
): Row {
  const place = { thread: sound(thread), epoch: sound(epoch), offset: whole(offset) };
  if (message === null) {
    return { ...place, mid: '', user: '', kind: UNREADABLE, body: sound(frame), text: '', at: 0 };
  }
  return {
    ...place,
    mid: sound(message.mid),
    user: sound(message.from.user),
    kind: sound(message.kind),
    body: sound(frameBody(frame) ?? JSON.stringify(message.body)),
    text: sound(searched(message.body)),
    at: whole(message.at)
  };
}

type Told<T> = FeedFact & { readonly fact: T };

function deliveryRow({ id, epoch, fact }: Told<DeliveryFact>): Row {
  return {
    epoch: sound(epoch),
    id: whole(id),
    thread: sound(fact.thread),
    offset: whole(fact.offset),
    messages: whole(fact.messages, UINT32_MAX),
    outcome: sound(fact.outcome),
    subscribers: whole(fact.subscribers, UINT32_MAX),
    at: whole(fact.at),
    tookMs: duration(fact.tookMs),
    appendedMs: fact.appendedMs === undefined ? null : duration(fact.appendedMs)
  };
}

function stepRow({ id, epoch, fact }: Told<StepFact>): Row {
  return {
    epoch: sound(epoch),
    id: whole(id),
    thread: sound(fact.thread),
    step: sound(fact.step),
    user: sound(fact.user),
    connection: sound(fact.connection),
    from: whole(fact.from),
    upTo: whole(fact.upTo),
    since: whole(fact.since),
    at: whole(fact.at)
  };
}

function transitionRow({ id, epoch, fact }: Told<TransitionFact>, node: string): Row {
  return {
    epoch: sound(epoch),
    id: whole(id),
    node: sound(node),
    chart: sound(fact.chart),
    actor: sound(fact.actor),
    from: sound(fact.from),
    to: sound(fact.to),
    event: sound(fact.event),
    at: whole(fact.at),
    spentMs: whole(fact.spentMs)
  };
}

/**
 * Returns the text that search looks at: the `text` of the body, empty when it has none. It is normalized to NFC, because
 * the same word can be written with composed characters or with combining marks. `body` stays as it was written.
 */
function searched(body: unknown): string {
  if (typeof body === 'string') return body.normalize('NFC');
  if (typeof body !== 'object' || body === null || !('text' in body)) return '';
  return typeof body.text === 'string' ? body.text.normalize('NFC') : '';
}
