/**
 * Messages and facts of the log as rows of the tables. Whatever a log holds becomes rows that every engine takes: a row
 * that it refuses would hold up all that come after it.
 */
import type { DeliveryFact, StepFact, TransitionFact } from '../facts/fact.js';
import type { FeedBatch, FeedEntry, FeedFact } from '../log/log-feed.js';
import { parseMessageFrame } from '../../protocol/message-frame.js';
import type { Row } from './store.js';

/** `kind` of the row of a message whose frame cannot be read; its `body` is the frame as it was found. */
export const UNREADABLE = 'unreadable';

/** What goes into one table. */
export interface TableRows {
  readonly table: 'messages' | 'deliveries' | 'transitions' | 'steps';
  readonly columns: readonly [string, ...string[]];
  readonly rows: readonly Row[];
}

const UINT32_MAX = 4_294_967_295;

/** Makes the rows of a batch, for every table in turn; `node` is written beside transitions. */
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
    // Text in JSON is escaped where it is not well-formed, so this is sound by itself.
    body: JSON.stringify(message.body),
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

/** What search looks at: the text of a body, if it has one. */
function searched(body: unknown): string {
  if (typeof body === 'string') return body;
  if (typeof body !== 'object' || body === null || !('text' in body)) return '';
  return typeof body.text === 'string' ? body.text : '';
}

/** Text that an engine takes: half a surrogate pair is not, and becomes U+FFFD. */
function sound(text: string): string {
  return text.toWellFormed();
}

/** Milliseconds, to the microsecond; a clock that was set back makes negative ones, which count as none. */
function duration(ms: number): number {
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms * 1_000) / 1_000) : 0;
}

/** A number that an unsigned column takes: a clock that was set back makes negative durations, which count as none. */
function whole(value: number, max = Number.MAX_SAFE_INTEGER): number {
  return Number.isFinite(value) ? Math.min(max, Math.max(0, Math.trunc(value))) : 0;
}
