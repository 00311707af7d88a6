/**
 * Makes table rows of messages and facts. Every message and fact becomes a row that every engine accepts: a refused row
 * would block all rows after it.
 */
import type { DeliveryFact, StepFact, TransitionFact } from '../facts/fact.js';
import type { FeedBatch, FeedEntry, FeedFact } from '../log/analytics-feed.js';
import { frameBody, parseMessageFrame } from '../../protocol/message-frame.js';
import type { Row } from './store.js';

/** `kind` of a row whose frame cannot be read; its `body` is the frame as found. */
export const UNREADABLE = 'unreadable';

/** Rows of one table. */
export interface TableRows {
  readonly table: 'messages' | 'deliveries' | 'transitions' | 'steps';
  readonly columns: readonly [string, ...string[]];
  readonly rows: readonly Row[];
}

const UINT32_MAX = 4_294_967_295;

/** Makes the rows of a batch, table by table. `node` is this node's id, stored with transitions. */
export function rowsOf(batch: FeedBatch, node: string): readonly TableRows[] {
  const deliveries: Row[] = [];
  const transitions: Row[] = [];
  const steps: Row[] = [];
  for (const { id, epoch, fact } of batch.facts) {
    if (fact.kind === 'delivery') deliveries.push(deliveryRow({ id, epoch, fact }));
    else if (fact.kind === 'step') steps.push(stepRow({ id, epoch, fact }));
    else transitions.push(transitionRow({ id, epoch, fact }, node));
  }
  return [
    {
      table: 'messages',
      columns: ['thread', 'epoch', 'offset', 'mid', 'user', 'kind', 'body', 'text', 'at'],
      rows: batch.entries.map(messageRow)
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
    }
  ];
}

function messageRow({ thread, epoch, offset, frame }: FeedEntry): Row {
  const message = parseMessageFrame(frame);
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

/** Replaces half surrogate pairs by U+FFFD; engines refuse them. */
function sound(text: string): string {
  return text.toWellFormed();
}

/** Milliseconds rounded to the microsecond. A clock that was set back gives negative ones, which count as 0. */
function duration(ms: number): number {
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms * 1_000) / 1_000) : 0;
}

/**
 * Makes a whole number that an unsigned column accepts. A clock that was set back gives negative ones, which count as
 * 0.
 */
function whole(value: number, max = Number.MAX_SAFE_INTEGER): number {
  return Number.isFinite(value) ? Math.min(max, Math.max(0, Math.trunc(value))) : 0;
}
