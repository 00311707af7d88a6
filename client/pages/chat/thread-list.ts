import {
  isErasure,
  runOf,
  type Client,
  type MessageFrame,
  type ThreadsPage
} from '../../sdk/client.js';
import type { Remembered } from './remembered.js';
import { threadOfHash } from './route.js';
import type { ListedThread, Sidebar } from './sidebar.js';

/** Threads that are requested and listed at most. */
const LIST_MAX = 50;

/** Threads requested in a check for news: those with new messages come first, and there are rarely more than a few. */
const NEWS_MAX = 10;

/** The threads in the sidebar: the user's own, as the server told them, with what has come since, and those visited. */
export class ThreadList {
  readonly #sidebar: Sidebar;
  readonly #remembered: Remembered;
  readonly #client: () => Client | null;
  #listed: ThreadsPage['threads'] = [];

  /** @param client returns the client of the user who is signed in; null when nobody is */
  constructor(sidebar: Sidebar, remembered: Remembered, client: () => Client | null) {
    this.#sidebar = sidebar;
    this.#remembered = remembered;
    this.#client = client;
  }

  /** Forgets the threads of the last user. */
  forget(): void {
    this.#listed = [];
  }

  /** Asks the server for the whole list. */
  refresh(): void {
    const client = this.#client();
    if (client?.state.name !== 'connected') return;
    client.threads({ limit: LIST_MAX }).then(
      ({ threads }) => {
        if (client !== this.#client()) return;
        this.#listed = threads;
        this.show();
      },
      // The list stays as it was and is requested again later.
      () => undefined
    );
  }

  /** Asks for the first few threads only; when none of them is as it was, there may be news behind them. */
  lookForNews(): void {
    const client = this.#client();
    if (client?.state.name !== 'connected') return;
    client.threads({ limit: NEWS_MAX }).then(
      ({ threads }) => {
        if (client !== this.#client()) return;
        const known = new Map(this.#listed.map((one) => [one.thread, one.offset]));
        const old = threads.filter(({ thread, offset }) => known.get(thread) === offset);
        if (old.length === 0 && threads.length === NEWS_MAX) {
          this.refresh();
          return;
        }
        const told = new Set(threads.map(({ thread }) => thread));
        const others = this.#listed.filter(({ thread }) => !told.has(thread));
        this.#listed = [...threads, ...others].slice(0, LIST_MAX);
        this.show();
      },
      () => undefined
    );
  }

  /** Brings the list up to date with a message that has come, and was read as it came or not. */
  came(last: MessageFrame, isRead: boolean): void {
    const { thread, offset, at } = last;
    const known = this.#listed.find((one) => one.thread === thread);
    const others = this.#listed.filter((one) => one !== known);
    const read = isRead ? offset : (known?.read ?? offset - 1);
    const listed = { epoch: known?.epoch ?? '', thread, offset, read, at, last };
    this.#listed = [listed, ...others].slice(0, LIST_MAX);
    this.show();
  }

  /** Draws the list. */
  show(): void {
    const current = threadOfHash(location.hash);
    const listed: ListedThread[] = this.#listed.map(({ thread, last, offset, read }) => ({
      thread,
      last,
      unread: Math.max(0, offset - read)
    }));
    const known = new Set(listed.map(({ thread }) => thread));
    for (const thread of [current, ...this.#remembered.recent]) {
      if (known.has(thread)) continue;
      known.add(thread);
      listed.push({ thread, last: null, unread: 0 });
    }
    this.#sidebar.show(listed.slice(0, LIST_MAX), current);
  }
}

/** Whether a message counts as new in the list. Of a run only its end does, not its begin or its steps. */
export function isNews(message: MessageFrame): boolean {
  if (runOf(message) === null) return !isErasure(message);
  return /^agent_(?:completed|failed|cancelled)$/.test(message.kind);
}
