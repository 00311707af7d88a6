/** Finds the entries of agents that tell what they did about a message. They come after it in its thread. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { reasonOf } from '../../machines/reason.js';
import { AGENT_KINDS, isAgentKind } from '../../protocol/agent-kinds.js';
import type { MessageFrame } from '../../protocol/frames.js';
import { parseMessageFrame } from '../../protocol/message-frame.js';
import { ownEntry } from '../agents/history/own-entry.js';
import { sqlString, type AnalyticsStore, type Row } from '../clickhouse/store.js';
import type { LogReader } from '../log/log-reader.js';
import type { JourneyMessage, OpenRun } from './journey.js';
import { NO_TRAIL, runAnswering, tellTrail, type RunTrail } from './run-trail.js';

/** Most entries after a message that are looked through for what agents did about it. */
export const TRAIL_ENTRIES_MAX = 2_000;

/** Entries and characters read between two turns of the event loop: a few milliseconds of work. */
const PAGE_ENTRIES = 200;
const PAGE_CHARS = 1_000_000;

/** Longest time that the engine may search, in seconds: somebody waits in front of a page. */
const QUERY_SECONDS_MAX = 10;

const KINDS_SQL = AGENT_KINDS.map(sqlString).join(', ');

/** Places where entries are searched. */
export interface TrailPlaces {
  readonly log: Pick<LogReader, 'read' | 'withMid'>;
  readonly runs: {
    /** Returns the open run that answers a message; null when there is none. */
    openRun(thread: string, mid: string): OpenRun | null;
  };
  /** The store while it is connected; else anything else. It is asked only about messages that the log has trimmed. */
  readonly store: Pick<AnalyticsStore, 'query'> | string | null;
}

/** A trail, and why it may not be whole. */
export interface FoundTrail extends RunTrail {
  readonly gaps: readonly string[];
}

/**
 * Finds what agents did about a message.
 * @throws {LogUnavailableError} while the log cannot be read
 */
export async function findTrail(
  { log, runs, store }: TrailPlaces,
  message: JourneyMessage,
  mid: string
): Promise<FoundTrail> {
  if (isAgentKind(message.kind)) return { ...NO_TRAIL, gaps: [] };
  const { at, thread, isKept } = message;
  // Before the entries: a run that ends meanwhile is then told by the entry of its end.
  const open = runs.openRun(thread, mid);
  if (isKept) {
    const entries = await readLog(log, message, mid, open);
    return { ...tellTrail({ mid, at, entries, source: 'log', open }), gaps: [] };
  }
  if (store === null || typeof store === 'string') return { ...NO_TRAIL, gaps: [] };
  try {
    const entries = await readStore(store, message);
    return { ...tellTrail({ mid, at, entries, source: 'clickhouse', open }), gaps: [] };
  } catch (error) {
    const gap = `ClickHouse did not answer (${reasonOf(error)}): what agents did is missing here`;
    return { ...NO_TRAIL, gaps: [gap] };
  }
}

async function readLog(
  log: TrailPlaces['log'],
  { thread, offset }: JourneyMessage,
  mid: string,
  open: OpenRun | null
): Promise<MessageFrame[]> {
  const found: MessageFrame[] = [];
  let after = offset;
  for (let seen = 0; seen < TRAIL_ENTRIES_MAX;) {
    const page = log.read(thread, after, PAGE_ENTRIES, PAGE_CHARS);
    for (const { frame } of page) {
      // Most entries are of people: to search for the kind costs a fraction of parsing.
      const parsed = /"kind":"(?:agent|tool)_/.test(frame) ? parseMessageFrame(frame) : null;
      if (parsed !== null && isAgentKind(parsed.kind)) found.push(parsed);
    }
    seen += page.length;
    after = page.at(-1)?.offset ?? after;
    if (page.length === 0) return found;
    await nextTurn();
  }
  // The end of a run that goes on for longer has a name of its own.
  const run = open?.run ?? runAnswering(mid, found);
  const end = run === null ? null : ownEntry(log, thread, run, 'end');
  const last = end === null ? null : parseMessageFrame(end.frame);
  return last === null || last.offset <= after ? found : [...found, last];
}

async function readStore(
  store: Pick<AnalyticsStore, 'query'>,
  { thread, epoch, offset }: JourneyMessage
): Promise<MessageFrame[]> {
  const rows = await store.query(
    `SELECT \`offset\`, mid, user, kind, body, at FROM messages WHERE thread = ${sqlString(thread)} AND epoch = ${sqlString(epoch)} AND \`offset\` > ${String(offset)} AND \`offset\` <= ${String(offset + TRAIL_ENTRIES_MAX)} AND kind IN (${KINDS_SQL}) ORDER BY \`offset\` LIMIT 1 BY \`offset\` LIMIT ${String(TRAIL_ENTRIES_MAX)} SETTINGS max_execution_time = ${String(QUERY_SECONDS_MAX)}`
  );
  return rows.flatMap((row) => entryOf(thread, row) ?? []);
}

function entryOf(thread: string, row: Row): MessageFrame | null {
  let body: unknown;
  try {
    body = JSON.parse(String(row['body']));
  } catch {
    return null;
  }
  return {
    type: 'message',
    thread,
    offset: Number(row['offset']),
    mid: String(row['mid']),
    from: { user: String(row['user']) },
    at: Number(row['at']),
    kind: String(row['kind']),
    body
  };
}
