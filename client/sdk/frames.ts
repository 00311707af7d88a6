/**
 * Parses what a server sent. The checks are written by hand after `SERVER_FRAMES`, so that no schema library is
 * bundled for the browser; `spec/client/sdk/frames.spec.ts` compares the two.
 */
import type { ServerFrame, ServerFrameType } from '../../protocol/frames.js';
import { keepBodyTexts } from './thread/body-text.js';
import { isRecord, parsedJson } from './json.js';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
// `1e999` is valid JSON but becomes Infinity, which is useless as a time or a count.
const number: Check = (value) => Number.isFinite(value);
const integer: Check = (value) => Number.isSafeInteger(value);
const flag: Check = (value) => typeof value === 'boolean';
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const fields = (checks: Readonly<Record<string, Check>>): Check => {
  const entries = Object.entries(checks);
  return (value) => isRecord(value) && entries.every(([name, check]) => check(value[name]));
};

const message = fields({
  thread: text,
  offset: integer,
  mid: text,
  from: fields({ user: text }),
  at: number,
  kind: text,
  replay: optional(flag),
  fallback: optional(flag)
});

const CHECKS: Readonly<Record<ServerFrameType, Check>> = {
  connected: fields({
    connection: text,
    user: text,
    node: text,
    time: number,
    ping: number,
    limits: fields({ frameBytes: number, subscriptions: number, publishPerSecond: number }),
    reconnect: fields({ firstJitterMs: number, minMs: number, maxMs: number }),
    expiresAt: optional(number),
    agents: optional(list(fields({ name: text, description: text })))
  }),
  refreshed: fields({ expiresAt: optional(number) }),
  subscribed: fields({
    thread: text,
    epoch: text,
    offset: integer,
    recovered: flag,
    replay: integer,
    gap: nullable(fields({ from: integer, to: integer, reason: text })),
    runs: list(
      fields({
        run: text,
        state: text,
        mid: text,
        text,
        at: number,
        agent: optional(text),
        attempt: optional(integer),
        ask: optional(fields({ ask: text, prompt: text, expiresAt: number }))
      })
    ),
    agent: optional(text),
    present: list(text),
    presentCount: optional(integer),
    marks: optional(list(fields({ user: text, read: integer }))),
    may: optional(list(text))
  }),
  caught_up: fields({ thread: text, offset: integer }),
  unsubscribed: fields({ thread: text, code: optional(text) }),
  ack: fields({
    thread: text,
    mid: text,
    offset: integer,
    epoch: text,
    at: number,
    duplicate: flag,
    durable: text
  }),
  message,
  history: fields({ thread: text, epoch: text, messages: list(message), more: flag }),
  threads: fields({
    more: flag,
    next: optional(fields({ before: number, beforeThread: text })),
    threads: list(
      fields({
        thread: text,
        epoch: text,
        offset: integer,
        read: integer,
        at: number,
        last: nullable(message)
      })
    )
  }),
  typing: fields({ thread: text, user: text, on: flag, forMs: number }),
  presence: fields({
    thread: text,
    join: optional(list(text)),
    leave: optional(list(text)),
    count: optional(integer)
  }),
  mark: fields({ thread: text, user: text, read: integer }),
  members: fields({
    thread: text,
    owner: nullable(text),
    members: list(fields({ user: text, role: text })),
    may: optional(list(text))
  }),
  member: fields({ thread: text, user: text, role: nullable(text), by: nullable(text) }),
  owner: fields({ thread: text, owner: text, by: nullable(text) }),
  agent: fields({ thread: text, agent: nullable(text), by: nullable(text) }),
  rights: fields({ thread: text, may: list(text) }),
  chunk: fields({ thread: text, run: text, at: integer, text, attempt: optional(integer) }),
  cancelling: fields({ run: optional(text) }),
  answered: fields({ run: text, ask: text }),
  withdrawn: fields({ run: text }),
  ping: fields({}),
  pong: fields({ time: number }),
  error: fields({ code: text, message: text, retry: flag, afterMs: optional(number) }),
  disconnect: fields({
    code: number,
    reason: text,
    reconnect: flag,
    afterMs: optional(number),
    resume: optional(list(fields({ thread: text, offset: integer, epoch: text })))
  })
};

function isKnown(type: unknown): type is ServerFrameType {
  return typeof type === 'string' && Object.hasOwn(CHECKS, type);
}

/** Whether a value is a frame of a known type with all the fields that the SDK uses. */
export function isServerFrame(value: unknown): value is ServerFrame {
  return isRecord(value) && isKnown(value['type']) && CHECKS[value['type']](value);
}

/** Content of one WebSocket message. Frames of unknown types are left out, so that newer servers can add types. */
export interface ReadFrames {
  readonly frames: readonly ServerFrame[];
  /** Lines that are not JSON, or that lack fields of their type. */
  readonly bad: readonly string[];
}

/** Parses a WebSocket message: one frame, or several separated by line feeds. */
export function readFrames(data: string): ReadFrames {
  const frames: ServerFrame[] = [];
  const bad: string[] = [];
  for (const line of data.split('\n')) {
    if (line.trim() === '') continue;
    const value = parsedJson(line);
    if (isServerFrame(value)) {
      keepBodyTexts(value, line);
      frames.push(value);
    } else if (!isRecord(value) || typeof value['type'] !== 'string' || isKnown(value['type'])) {
      bad.push(line);
    }
  }
  return { frames, bad };
}
