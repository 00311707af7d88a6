/** Reads what a server has stored: over its HTTP API, and from its files. */
import { exportLog } from '../../actors/log/lmdb/check/log-export.js';
import type { Stored } from './verdict.js';

/** Messages per page of the API. */
const PAGE = 500;

/** Reads all messages of a thread over HTTP. @throws when an answer is no page of messages */
export async function history(url: string, thread: string): Promise<Stored[]> {
  const entries: Stored[] = [];
  for (;;) {
    const after = String(entries.at(-1)?.offset ?? 0);
    const path = `/api/threads/${thread}/messages?after=${after}&limit=${String(PAGE)}`;
    const page: unknown = await (await fetch(url + path)).json();
    if (!isPage(page)) throw new Error(`the API answered ${JSON.stringify(page)}`);
    entries.push(...page.messages.map(storedOf));
    if (!page.more || page.messages.length === 0) return entries;
  }
}

interface Message {
  readonly thread: string;
  readonly offset: number;
  readonly mid: string;
  readonly body: { readonly text: string };
}

interface Page {
  readonly more: boolean;
  readonly messages: readonly Message[];
}

function isPage(value: unknown): value is Page {
  return (
    typeof value === 'object' &&
    value !== null &&
    'messages' in value &&
    Array.isArray(value.messages)
  );
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'thread' in value && 'body' in value;
}

function storedOf({ offset, mid, body }: Message): Stored {
  return { offset, mid, text: body.text };
}

/**
 * Reads the messages of these threads from the files of a stopped server. Other threads, such as those of the loopback
 * probe, are skipped.
 * @throws when a line of the export is no message
 */
export async function exported(
  dir: string,
  ids: readonly string[]
): Promise<Map<string, Stored[]>> {
  const threads = new Map<string, Stored[]>(ids.map((thread) => [thread, []]));
  await exportLog(dir, (line) => {
    const message: unknown = JSON.parse(line);
    if (!isMessage(message)) throw new Error(`exported what is no message: ${line}`);
    threads.get(message.thread)?.push(storedOf(message));
  });
  return threads;
}
