import type { Client, MessageFrame, Run, Thread } from '../sdk/client.js';
import { systemClock, type ClientClock } from '../sdk/clock.js';
import { RollcallError, clientError } from '../sdk/rollcall-error.js';
import { erasedBy } from '../sdk/thread/erased.js';
import { runOf } from '../sdk/thread/runs/run.js';
import { viewThread } from '../sdk/thread/thread-view.js';

/** Wait before a question that the server has refused for now is asked again, in milliseconds, when it names none. */
export const ASK_AGAIN_MS = 1_000;

/** Messages per page of history. */
const PAGE = 100;

/** Most pages that are read to find the beginning of a run: one has at most 1,000 steps. */
const PAGES_MAX = 15;

/** What is told of a thread that is held. */
export interface HeldEvents {
  /** An entry of a run. */
  entry(message: MessageFrame): void;
  /** A run after a change, also each piece of its text. */
  run(run: Run): void;
  /** The replay after a reconnect is complete. */
  caughtUp(): void;
  /** Nothing more will come. */
  over(error: RollcallError): void;
}

/** A thread that stays joined while a stream needs it, over reconnects, with the entries of runs that came since. */
export class HeldThread {
  readonly thread: Thread;
  readonly #client: Client;
  readonly #clock: ClientClock;
  #entries: MessageFrame[] = [];
  readonly #listeners = new Set<HeldEvents>();
  readonly #ends: readonly (() => void)[];
  /** First offset of the entries that come by themselves; null until the server has answered. */
  #from: number | null;

  /** @throws {RollcallError} why the client is closed, or the thread may not be read */
  constructor(client: Client, id: string, clock: ClientClock = systemClock) {
    if (client.state.name === 'closed') throw client.state.error;
    const view = viewThread(client, id);
    const release = view.subscribe(() => undefined);
    const { thread } = view;
    if (thread === null || thread.state === 'over' || thread.forbidden !== null) {
      release();
      throw thread?.forbidden ?? clientError('left', 'the thread has been left');
    }
    this.#client = client;
    this.#clock = clock;
    this.thread = thread;
    this.#from = afterPosition(thread);
    this.#ends = [
      thread.on('subscribed', () => {
        this.#from ??= afterPosition(thread);
      }),
      thread.on('message', (message) => {
        if (runOf(message) === null) return;
        this.#entries = this.#entries.map((entry) => erasedBy(entry, message));
        this.#entries.push(message);
        for (const listener of [...this.#listeners]) listener.entry(message);
      }),
      thread.on('run', (run) => {
        for (const listener of [...this.#listeners]) listener.run(run);
      }),
      thread.on('caughtUp', () => {
        for (const listener of [...this.#listeners]) listener.caughtUp();
      }),
      thread.on('refused', (error) => {
        for (const listener of [...this.#listeners]) listener.over(error);
      }),
      client.on('state', (state) => {
        if (state.name !== 'closed') return;
        for (const listener of [...this.#listeners]) listener.over(state.error);
      }),
      release
    ];
  }

  /** Entries of runs that have come since the thread is held, in the order of the log. */
  get entries(): readonly MessageFrame[] {
    return this.#entries;
  }

  /** Calls the listener from now on; the returned function removes it. */
  listen(listener: HeldEvents): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves once the thread is joined and what was missed has come.
   * @throws {RollcallError} (as rejection) when that will never be
   */
  joined(): Promise<void> {
    if (this.thread.joined) return Promise.resolve();
    const { state } = this.#client;
    if (state.name === 'closed') return Promise.reject(state.error);
    return new Promise((resolve, reject) => {
      const end = this.listen({
        entry: () => undefined,
        run: () => undefined,
        caughtUp: () => {
          end();
          resolve();
        },
        over: (error) => {
          end();
          reject(error);
        }
      });
    });
  }

  /**
   * Resolves with the messages before those that come by themselves, oldest first.
   * @param isEnough whether a page is the last that is needed
   * @throws {RollcallError} (as rejection) the server's refusal
   */
  async older(
    isEnough: (messages: readonly MessageFrame[]) => boolean
  ): Promise<readonly MessageFrame[]> {
    await this.joined();
    const pages: (readonly MessageFrame[])[] = [];
    let before = this.#from ?? 1;
    while (pages.length < PAGES_MAX && before > 1) {
      const at = before;
      const { messages, more } = await this.again(() =>
        this.thread.history({ before: at, limit: PAGE })
      );
      pages.unshift(messages);
      before = messages[0]?.offset ?? 1;
      if (!more || isEnough(messages)) break;
    }
    return pages.flat();
  }

  /**
   * Asks the server, and again after a lost connection and when it has no time.
   * @throws {RollcallError} (as rejection) the server's refusal
   */
  async again<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof RollcallError)) throw error;
        const isUnanswered = error.code === 'disconnected' || error.code === 'timeout';
        if (!isUnanswered && !error.retry) throw error;
        if (!isUnanswered) await this.#pause(error.afterMs ?? ASK_AGAIN_MS);
        await this.joined();
      }
    }
  }

  /** Whether every entry behind this offset is among {@link entries}. */
  covers(offset: number): boolean {
    return this.#from !== null && this.#from <= offset + 1;
  }

  /** Lets go of the thread. */
  release(): void {
    this.#listeners.clear();
    for (const end of this.#ends) end();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(ms, resolve);
    });
  }
}

function afterPosition({ position }: Thread): number | null {
  return position === null ? null : position.offset + 1;
}
