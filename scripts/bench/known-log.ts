/**
 * Makes the log of a server that has known many threads for long. The log's own code writes the first threads; their rows
 * are then copied for all others, straight into the store, since a million appends would take a quarter of an hour.
 */
import { join } from 'node:path';
import { systemClock } from '../../actors/clock.js';
import { newEpoch } from '../../actors/log/epoch.js';
import type { LogKey, LogRow } from '../../actors/log/lmdb/log-keys.js';
import { createLmdbProvider } from '../../actors/log/lmdb/lmdb-provider.js';
import { openStore, type LogStore, type LogWrite } from '../../actors/log/lmdb/log-store.js';
import { LOG_FOLDER } from '../../server/config/config.js';

/** Rows of one commit. */
const COMMIT_ROWS = 8_192;

/** One thread in so many is of the user with the most threads. */
const LISTED_EVERY = 10;

/** Users who share the other threads. */
const OTHER_USERS = 1_000;

/** The user who owns the most threads. */
export const LISTED_USER = 'user-of-many';

/** Bounds of all rows that belong to threads; those of the log itself begin with `x`. */
const ALL_THREADS = { from: ['a'], to: ['x'] } satisfies { from: LogKey; to: LogKey };

/** What is different from thread to thread. */
interface KnownThread {
  readonly thread: string;
  readonly mid: string;
  readonly user: string;
  readonly at: number;
}

/** The name of a thread; names sort like their numbers, so that rows are appended to the store. */
export function knownThread(index: number): string {
  return `known-${String(index).padStart(7, '0')}`;
}

/** Puts a log with so many threads, each with one message, into a data directory that has none. */
export async function makeKnownLog(
  dataDir: string,
  threads: number,
  bodyBytes: number
): Promise<void> {
  const startMs = Date.now() - threads;
  const of = (index: number): KnownThread => ({
    thread: knownThread(index),
    mid: `mid-${String(index).padStart(7, '0')}`,
    user: index % LISTED_EVERY === 0 ? LISTED_USER : `user-${String(index % OTHER_USERS)}`,
    at: startMs + index
  });
  const first = of(0);
  await append(dataDir, first, bodyBytes);
  const store = openStore({ dir: join(dataDir, LOG_FOLDER), use: 'process' });
  try {
    for (const row of [...store.range(ALL_THREADS)]) await copy(store, row, first, of, threads);
    await store.sync();
  } finally {
    await store.close();
  }
}

/** Copies a row of the first thread for every other. */
async function copy(
  store: LogStore,
  row: LogRow,
  first: KnownThread,
  of: (index: number) => KnownThread,
  threads: number
): Promise<void> {
  let writes: LogWrite[] = [];
  for (let index = 1; index < threads; index++) {
    writes.push(copyOf(row, first, of(index)));
    if (writes.length < COMMIT_ROWS && index < threads - 1) continue;
    await store.commit(writes);
    writes = [];
  }
}

function copyOf(
  { key: [tag, ...parts], value }: LogRow,
  from: KnownThread,
  to: KnownThread
): LogWrite {
  const changed = new Map<string | number, string | number>([
    [from.thread, to.thread],
    [from.mid, to.mid],
    [from.user, to.user],
    [from.at, to.at]
  ]);
  const text = [...changed].reduce(
    (all, [old, now]) => all.replaceAll(String(old), String(now)),
    value
  );
  return { key: [tag, ...parts.map((part) => changed.get(part) ?? part)], value: text };
}

async function append(dataDir: string, first: KnownThread, bodyBytes: number): Promise<void> {
  const provided = await createLmdbProvider({
    dataDir,
    folder: LOG_FOLDER,
    durability: 'process',
    clock: systemClock,
    retention: { messages: null, days: null },
    isFeedRead: false,
    onListenerFault: () => undefined,
    newEpoch
  }).open();
  const { thread, ...who } = first;
  const bodyJson = JSON.stringify({ text: 'x'.repeat(bodyBytes - '{"text":""}'.length) });
  try {
    await new Promise<void>((resolve, reject) => {
      provided.log.append(thread, { ...who, kind: 'user_message', bodyJson }, (result) => {
        if (result.ok) resolve();
        else reject(new Error(result.reason));
      });
    });
  } finally {
    await provided.close();
  }
}
