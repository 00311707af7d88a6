/**
 * The spans of a message's way. Their facts are those of the messaging conventions of OpenTelemetry.
 * @see docs/traces.md
 */
import type { DeliveryOutcome } from '../../machines/delivery/delivery-outcome.js';
import { frameHeader } from '../../protocol/message-frame.js';
import type { FeedEntry } from '../log/analytics-feed.js';
import type { LogReader } from '../log/log-reader.js';
import type { NewEntry } from '../log/log-writer.js';
import type { ThreadRecords } from '../log/thread-records.js';
import { keptTrace, traceIn } from './kept-trace.js';
import type { ThreadTemplates } from './thread-template.js';
import type { OpenSpan, SpanFacts, Traces } from './traces.js';

/** Most links of one span: what the SDK keeps. A batch with more messages has further spans. */
export const LINKS_MAX = 128;

/** Most held messages of an author whose delivery is traced when somebody comes. */
const HELD_MAX = 256;
const HELD_CHARS_MAX = 262_144;

/** What an operation of messaging is. */
type Operation = 'publish' | 'commit' | 'deliver' | 'sink' | 'run';

/** The message that a span is about. */
export interface TracedMessage {
  readonly thread: string;
  readonly mid: string;
}

const TYPES: Partial<Record<Operation, string>> = {
  publish: 'send',
  deliver: 'process',
  sink: 'process',
  run: 'process'
};

/** Returns the facts of a span about one message. */
export function messageFacts(operation: Operation, { thread, mid }: TracedMessage): SpanFacts {
  return {
    ...operationFacts(operation),
    'messaging.destination.name': thread,
    'messaging.message.id': mid
  };
}

function operationFacts(operation: Operation): Record<string, string> {
  const type = TYPES[operation];
  return {
    'messaging.system': 'rollcall',
    'messaging.operation.name': operation,
    ...(type === undefined ? {} : { 'messaging.operation.type': type })
  };
}

/** Begins the span of a publish. */
export function publishSpan(
  traces: Traces,
  templates: ThreadTemplates,
  message: TracedMessage,
  bytes: number,
  parent: string | undefined
): OpenSpan | null {
  const template = templates.of(message.thread);
  return traces.begin({
    name: `publish ${template}`,
    role: 'producer',
    parent: parent ?? null,
    facts: {
      ...messageFacts('publish', message),
      'messaging.destination.template': template,
      'messaging.message.body.size': bytes
    }
  });
}

/** Begins the span of a message's way into the log; null when its trace is not recorded. */
export function commitSpan(traces: Traces, thread: string, entry: NewEntry): OpenSpan | null {
  const parent = traceIn(entry);
  if (parent === null) return null;
  const facts = messageFacts('commit', { thread, mid: entry.mid });
  return traces.begin({ name: 'log commit', role: 'internal', parent, facts });
}

/** Begins the span of a delivery to whoever is there; null when the trace of the message is not recorded. */
export function deliverSpan(traces: Traces, thread: string, entry: NewEntry): OpenSpan | null {
  const link = traceIn(entry);
  return link === null ? null : delivery(traces, { thread, mid: entry.mid }, link);
}

function delivery(traces: Traces, message: TracedMessage, link: string): OpenSpan | null {
  const facts = messageFacts('deliver', message);
  return traces.begin({ name: 'deliver', role: 'consumer', links: [link], facts });
}

/** Facts of the end of a delivery. */
export function deliveryFacts(outcome: DeliveryOutcome, subscribers: number): SpanFacts {
  return { 'rollcall.outcome': outcome, 'rollcall.subscribers': subscribers };
}

/** The held messages of one author. */
export interface HeldRange {
  /** Offset of the first of them. */
  readonly from: number;
  /** Offset of the newest known one. */
  readonly newest: number;
  readonly messages: number;
}

/** Traces the delivery of messages that were held until somebody came. */
export function traceHeld(
  traces: Traces,
  log: Pick<LogReader, 'read'> & Pick<ThreadRecords, 'record'>,
  { id: thread, subscribers }: { readonly id: string; readonly subscribers: number },
  { from, newest, messages }: HeldRange
): void {
  // After a restart only the number of messages is known.
  const limit = Math.min(HELD_MAX, Math.max(newest - from + 1, messages));
  for (const { frame } of readable(() => log.read(thread, from - 1, limit, HELD_CHARS_MAX))) {
    const mid = frameHeader(frame)?.mid;
    const link = mid === undefined ? null : keptTrace(log, thread, mid);
    if (mid === undefined || link === null) continue;
    delivery(traces, { thread, mid }, link)?.end(null, deliveryFacts('delivered', subscribers));
  }
}

function readable<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** Begins the spans of a batch on its way to ClickHouse: one for each {@link LINKS_MAX} of the links. */
export function sinkSpans(traces: Traces, links: readonly string[]): OpenSpan[] {
  const spans: OpenSpan[] = [];
  for (let from = 0; from < links.length; from += LINKS_MAX) {
    const some = links.slice(from, from + LINKS_MAX);
    const facts = { ...operationFacts('sink'), 'messaging.batch.message_count': some.length };
    const span = traces.begin({ name: 'sink', role: 'consumer', links: some, facts });
    if (span !== null) spans.push(span);
  }
  return spans;
}

/** Returns the `traceparent`s of the entries of a batch. */
export function tracesOf(
  log: Pick<ThreadRecords, 'record'>,
  entries: readonly FeedEntry[]
): string[] {
  const found: string[] = [];
  for (const { thread, frame } of entries) {
    const mid = frameHeader(frame)?.mid;
    const kept = mid === undefined ? null : keptTrace(log, thread, mid);
    if (kept !== null) found.push(kept);
  }
  return found;
}
