/** The events of webhooks: their types, how they wait in the outbox, and how they are sent. */
import { createHash } from 'node:crypto';
import type { OutboxRow } from '../log/outbox.js';

/** Types of events, in the order of docs/webhooks.md. */
export const WEBHOOK_TYPES = [
  'message.stored',
  'message.undelivered',
  'thread.created',
  'member.changed',
  'run.ended',
  'incident.opened',
  'incident.closed',
  'notify'
] as const;

/** One of {@link WEBHOOK_TYPES}. */
export type WebhookType = (typeof WEBHOOK_TYPES)[number];

/** Thread under which events of the server itself wait. No thread can have this id. */
export const SERVER_LANE = '!server';

/** An event that waits with its own text, because no entry of the log has it. */
export interface WebhookNote {
  readonly type: WebhookType;
  /** When it happened, Unix milliseconds. */
  readonly at: number;
  /** Its data; absent when it is made of the entry at its offset. */
  readonly data?: unknown;
  /** Since when it is tried, when it was given up before. */
  readonly since?: number;
  /** Its id, when it had one before. */
  readonly id?: string;
}

/** An event as it is sent. */
export interface WebhookEvent {
  readonly id: string;
  readonly type: WebhookType;
  /** ISO 8601; null for a message that the log no longer has. */
  readonly at: string | null;
  /** Null for events of the server itself. */
  readonly thread: string | null;
  readonly epoch: string | null;
  /** Offset of the message that it is about; of the newest one before it for events that are about none. */
  readonly offset: number | null;
  readonly data: unknown;
}

/** An event that was given up, as it is kept. */
export interface DeadLetter {
  readonly id: string;
  readonly type: WebhookType;
  readonly thread: string;
  readonly offset: number;
  /** When it happened, and when it was given up: Unix milliseconds. */
  readonly at: number;
  readonly givenUpAt: number;
  readonly reason: string;
  /** Absent when it is made of the entry. */
  readonly data?: unknown;
}

/** Returns the id of an event: the same however often it is sent. */
export function eventId(epoch: string | null, row: OutboxRow, type: WebhookType): string {
  const { thread, offset, n } = row;
  const parts = JSON.stringify([epoch, thread, offset, n, type]);
  return `evt_${createHash('sha256').update(parts).digest('hex').slice(0, 32)}`;
}

/** Returns the note of a row's text; null when the row is about an entry, or cannot be read. */
export function readNote(text: string): WebhookNote | null {
  const value = parsed(text);
  if (!isObject(value) || !('type' in value) || !('at' in value)) return null;
  const type = WEBHOOK_TYPES.find((known) => known === value.type);
  if (type === undefined || typeof value.at !== 'number') return null;
  return {
    type,
    at: value.at,
    ...('data' in value ? { data: value.data } : {}),
    ...('since' in value && typeof value.since === 'number' ? { since: value.since } : {}),
    ...('id' in value && typeof value.id === 'string' ? { id: value.id } : {})
  };
}

/** Returns the letter of a text; null when it cannot be read. */
export function readLetter(text: string): DeadLetter | null {
  const value = parsed(text);
  const note = readNote(text);
  if (note?.id === undefined || !isObject(value)) return null;
  if (!('thread' in value) || typeof value.thread !== 'string') return null;
  if (!('offset' in value) || typeof value.offset !== 'number') return null;
  if (!('givenUpAt' in value) || typeof value.givenUpAt !== 'number') return null;
  if (!('reason' in value) || typeof value.reason !== 'string') return null;
  const { thread, offset, givenUpAt, reason } = value;
  const { type, at, id } = note;
  const data = 'data' in note ? { data: note.data } : {};
  return { id, type, thread, offset, at, givenUpAt, reason, ...data };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
