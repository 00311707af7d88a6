import type { ClientState } from '../connection/client-state.js';
import { isErasure } from './erased.js';
import type { ThreadItem } from './message-stream.js';
import { MessageWindow } from './message-window.js';
import type { Outgoing } from '../outbox/outgoing.js';
import { RollcallError } from '../rollcall-error.js';
import type { Run } from './runs/run.js';
import type { Thread } from './thread.js';
import type { Right } from './thread-events.js';

/** The part of a client that a view uses. */
export interface ThreadSource {
  readonly state: ClientState;
  thread(id: string): Thread;
  on(event: 'state', listener: () => void): () => void;
}

/** Bounds of a view; the options of its first user apply. */
export interface ThreadViewOptions {
  /** Most messages and gaps in memory, by default 1,000. */
  readonly limit?: number;
  /** Messages per page of history, by default 50. */
  readonly page?: number;
}

/** What to show of a thread; each change makes a new object. */
export interface ThreadSnapshot {
  /** Messages and gaps in offset order, each offset once. Entries that tell of an erasure are left out. */
  readonly items: readonly ThreadItem[];
  /** The user's messages that have not come back yet, to be shown after `items`. */
  readonly outgoing: readonly Outgoing[];
  readonly present: readonly string[];
  /** How many are present; more than `present` names when there are too many to name. */
  readonly presentCount: number;
  readonly typists: readonly string[];
  /** What the user may do here; null until the server has said it. */
  readonly may: readonly Right[] | null;
  /** Name of the agent that answers here; null when none does. */
  readonly agent: string | null;
  /** Runs of agents, oldest first; their entries are among `items` too. */
  readonly runs: readonly Run[];
  /** Whether the server has older messages; `loadOlder` loads them. */
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  /** Whether loading older messages has dropped the newest; `toLatest` loads them again. */
  readonly isDetached: boolean;
  /** Whether live messages are received on the current connection. */
  readonly isLive: boolean;
  /** Why the thread cannot be read, `forbidden` for example; null when it can. */
  readonly refused: RollcallError | null;
}

/** Snapshot of a view that nobody has subscribed to yet. */
export const EMPTY_THREAD: ThreadSnapshot = {
  items: [],
  outgoing: [],
  present: [],
  presentCount: 0,
  typists: [],
  may: null,
  agent: null,
  runs: [],
  hasMore: false,
  isLoading: true,
  isDetached: false,
  isLive: false,
  refused: null
};

/** A thread as a bounded store for a user interface, filled from history and live messages; made by {@link viewThread}. */
export interface ThreadView {
  /** Id of the thread. */
  readonly id: string;
  /** The current snapshot; the same object until something changes. */
  snapshot(): ThreadSnapshot;
  /** Calls `listener` once per batch of changes. The first subscriber joins the thread; when the last one ends, it is left. */
  subscribe(listener: () => void): () => void;
  /** The joined thread, to send to; null while nobody has subscribed. */
  readonly thread: Thread | null;
  /** Loads the page before the oldest item; does nothing while a load is running or when there is none. */
  loadOlder(): Promise<void>;
  /** Returns to the newest messages after older ones have displaced them. */
  toLatest(): Promise<void>;
  /** Asks again to read a forbidden thread; does nothing in any other state. */
  askAgain(): void;
}

/** Most views of one client; above it the unused ones are removed. */
const VIEWS_MAX = 1_000;

const VIEWS = new WeakMap<ThreadSource, Map<string, View>>();

/** Returns the view of a thread; all callers share one, with the options of the first. */
export function viewThread(
  client: ThreadSource,
  id: string,
  options: ThreadViewOptions = {}
): ThreadView {
  const views = VIEWS.get(client) ?? new Map<string, View>();
  VIEWS.set(client, views);
  const known = views.get(id);
  if (known !== undefined) return known;
  const view = new View(client, id, options, views);
  for (const [other, { thread }] of views) {
    if (views.size < VIEWS_MAX) break;
    if (thread === null) views.delete(other);
  }
  views.set(id, view);
  return view;
}

class View implements ThreadView {
  readonly id: string;
  readonly #client: ThreadSource;
  readonly #siblings: Map<string, View>;
  readonly #page: number;
  readonly #window: MessageWindow;
  readonly #listeners = new Set<() => void>();
  #thread: Thread | null = null;
  #ends: (() => void)[] = [];
  #snapshot: ThreadSnapshot = EMPTY_THREAD;
  #isFresh = true;
  #isTold = true;
  #isFilled = false;
  #isLoading = false;
  #hasMore = false;
  #refused: RollcallError | null = null;

  constructor(
    client: ThreadSource,
    id: string,
    options: ThreadViewOptions,
    siblings: Map<string, View>
  ) {
    this.id = id;
    this.#client = client;
    this.#siblings = siblings;
    this.#page = options.page ?? 50;
    this.#window = new MessageWindow(options.limit ?? 1_000);
  }

  get thread(): Thread | null {
    return this.#thread;
  }

  snapshot(): ThreadSnapshot {
    if (!this.#isFresh) this.#snapshot = this.#take();
    this.#isFresh = true;
    return this.#snapshot;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#thread === null) this.#join();
    return () => {
      this.#listeners.delete(listener);
      // A re-render unsubscribes and subscribes at once: the delay keeps the thread joined.
      queueMicrotask(() => {
        if (this.#listeners.size === 0) this.#leave();
      });
    };
  }

  async loadOlder(): Promise<void> {
    const before = this.#window.oldest;
    if (this.#isLoading || !this.#moreBefore() || before === null) return;
    await this.#load(before);
  }

  async toLatest(): Promise<void> {
    if (!this.#window.detached || this.#isLoading) return;
    this.#window.clear();
    await this.#fill();
  }

  askAgain(): void {
    if (this.#thread?.state !== 'forbidden') return;
    this.#refused = null;
    this.#thread.askAgain();
    this.#changed();
  }

  #join(): void {
    if (this.#client.state.name === 'closed') {
      this.#refused = this.#client.state.error;
      this.#changed();
      return;
    }
    this.#siblings.set(this.id, this);
    const thread = this.#client.thread(this.id);
    this.#thread = thread;
    const changed = (): void => {
      this.#changed();
    };
    this.#ends = [
      thread.on('subscribed', () => {
        changed();
        if (!this.#isFilled && !this.#isLoading) void this.#fill();
      }),
      thread.on('message', (message) => {
        this.#window.append(message);
        changed();
      }),
      thread.on('gap', (gap) => {
        this.#window.mark(gap);
        if (gap.reason === 'epoch') this.#hasMore = false;
        changed();
      }),
      thread.on('refused', (error) => {
        this.#refused = error;
        changed();
      }),
      thread.on('presence', changed),
      thread.on('typing', changed),
      thread.on('rights', changed),
      thread.on('agent', changed),
      thread.on('outgoing', changed),
      thread.on('run', changed),
      this.#client.on('state', () => {
        const { state } = this.#client;
        if (state.name === 'closed') this.#refused ??= state.error;
        changed();
      })
    ];
    changed();
    if (thread.joined) void this.#fill();
  }

  #leave(): void {
    if (this.#thread === null) return;
    for (const end of this.#ends.splice(0)) end();
    this.#thread.leave();
    this.#thread = null;
    this.#window.clear();
    this.#isFilled = false;
    this.#isLoading = false;
    this.#hasMore = false;
    this.#refused = null;
    this.#changed();
  }

  #moreBefore(): boolean {
    return this.#hasMore || this.#window.trimmed;
  }

  async #fill(): Promise<void> {
    // Ends where the live messages begin: no overlap and no hole.
    const before = this.#window.oldest ?? (this.#thread?.position?.offset ?? 0) + 1;
    this.#isFilled = await this.#load(before);
    this.#changed();
  }

  /** Resolves with whether the page was loaded. */
  async #load(before: number): Promise<boolean> {
    const thread = this.#thread;
    if (thread === null) return false;
    this.#isLoading = true;
    this.#changed();
    try {
      const page = await thread.history({ before, limit: this.#page });
      if (thread !== this.#thread) return false;
      this.#window.prepend(page.messages);
      this.#hasMore = page.more;
      return true;
    } catch (error) {
      // The thread works without its history; scrolling or the next connection requests it again.
      if (error instanceof RollcallError) return false;
      throw error;
    } finally {
      if (thread === this.#thread) {
        this.#isLoading = false;
        this.#changed();
      }
    }
  }

  #take(): ThreadSnapshot {
    const thread = this.#thread;
    if (thread === null) return { ...EMPTY_THREAD, refused: this.#refused };
    return {
      items: this.#window.items.filter((item) => item.type === 'gap' || !isErasure(item.message)),
      outgoing: this.#window.detached ? [] : thread.outgoing,
      present: thread.present,
      presentCount: thread.presentCount,
      typists: thread.typists,
      may: thread.may,
      agent: thread.agent,
      runs: thread.runs,
      hasMore: this.#moreBefore(),
      isLoading: this.#refused === null && (this.#isLoading || !this.#isFilled),
      isDetached: this.#window.detached,
      isLive: thread.joined,
      refused: this.#refused
    };
  }

  #changed(): void {
    this.#isFresh = false;
    if (!this.#isTold) return;
    this.#isTold = false;
    queueMicrotask(() => {
      this.#isTold = true;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
