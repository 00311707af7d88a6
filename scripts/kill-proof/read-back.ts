/** What a server has in the end: as its HTTP API answers it, and as it is in its files. */
import { exportLog } from '../../actors/log/lmdb/check/log-export.js';
import type { Stored } from './verdict.js';

/** Messages in one page of the API. */
const PAGE = 500;

/** Reads a whole thread by the API. @throws when it answers anything else */
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

/** Reads threads from the files of a stopped server; others, as those of its own probes, are passed over. */
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
