/**
 * React binding, exported as `rollcall/react`: components render the current state of a client and its threads.
 *
 * ```tsx
 * const { items, outgoing, typists, send } = useThread(client, 't42');
 * ```
 */
import { useMemo, useSyncExternalStore } from 'react';
import type { Client, ClientState } from './client.js';
import type { Ack, SendOptions } from './outbox/outbox.js';
import { clientError, RollcallError } from './rollcall-error.js';
import type { Run } from './thread/runs/run.js';
import type { Thread } from './thread/thread.js';
import { EMPTY_MEMBERS, MemberList, type MembersSnapshot } from './thread/member-list.js';
import type {
  Answered,
  Cancelling,
  CancelTarget,
  Role,
  Withdrawn
} from './thread/thread-events.js';
import {
  EMPTY_THREAD,
  viewThread,
  type ThreadSnapshot,
  type ThreadView,
  type ThreadViewOptions
} from './thread/thread-view.js';

/** Returns the connection state of a client and renders again when it changes. */
export function useConnection(client: Client): ClientState {
  const subscribe = useMemo(() => (listener: () => void) => client.on('state', listener), [client]);
  const state = (): ClientState => client.state;
  return useSyncExternalStore(subscribe, state, state);
}

/** Actions on a thread; the functions are the same from render to render. */
export interface ThreadActions {
  /**
   * Sends a message; `outgoing` shows it at once.
   * @throws {RollcallError} (as rejection) the server's refusal, or `overflow`, `too_large`, `closed`
   */
  send(body: unknown, options?: SendOptions): Promise<Ack>;
  /**
   * Sends a message that failed again.
   * @throws {RollcallError} (as rejection) as `send`; `not_found` when no message with this id has failed
   */
  retry(mid: string): Promise<Ack>;
  discard(mid: string): void;
  /**
   * Asks for a run of an agent to be stopped.
   * @throws {RollcallError} (as rejection) the server's refusal, or `timeout`, `left`, `closed`
   */
  cancel(target: CancelTarget): Promise<Cancelling>;
  /**
   * Answers what a run has asked (`run.ask`).
   * @throws {RollcallError} (as rejection) the server's refusal (`conflict` when it has been answered), or `timeout`, `left`,
   * `closed`
   */
  answer(run: string, ask: string, value: unknown): Promise<Answered>;
  /**
   * Takes a run out of the queue before it begins.
   * @throws {RollcallError} (as rejection) the server's refusal (`conflict` when it has begun), or `timeout`, `left`, `closed`
   */
  withdraw(run: string): Promise<Withdrawn>;
  typing(on: boolean): void;
  markRead(offset: number): void;
  loadOlder(): Promise<void>;
  toLatest(): Promise<void>;
  /** Asks again to read a thread whose `refused` is `forbidden`. */
  askAgain(): void;
}

/**
 * Joins a thread while the component is mounted, returns its snapshot and actions, and renders
 * again when the snapshot changes. Components share the thread by id; it is left when the last of them unmounts.
 */
export function useThread(
  client: Client,
  id: string,
  options: ThreadViewOptions = {}
): ThreadSnapshot & ThreadActions {
  const { limit, page } = options;
  const [view, subscribe, actions] = useMemo(() => {
    const made = viewThread(client, id, {
      ...(limit === undefined ? {} : { limit }),
      ...(page === undefined ? {} : { page })
    });
    return [made, (listener: () => void) => made.subscribe(listener), actionsOf(client, made)];
  }, [client, id, limit, page]);
  const snapshot = useSyncExternalStore(
    subscribe,
    () => view.snapshot(),
    () => EMPTY_THREAD
  );
  return useMemo(() => ({ ...snapshot, ...actions }), [snapshot, actions]);
}

function actionsOf(client: Client, view: ThreadView): ThreadActions {
  const joined = (): Thread | null => view.thread;
  return {
    send: (body, options = {}) => client.publish(view.id, body, options),
    retry: (mid) => joined()?.retry(mid) ?? Promise.reject(left()),
    cancel: (target) => joined()?.cancel(target) ?? Promise.reject(left()),
    answer: (run, ask, value) => joined()?.answer(run, ask, value) ?? Promise.reject(left()),
    withdraw: (run) => joined()?.withdraw(run) ?? Promise.reject(left()),
    discard: (mid) => joined()?.discard(mid),
    typing: (on) => joined()?.typing(on),
    markRead: (offset) => joined()?.markRead(offset),
    loadOlder: () => view.loadOlder(),
    toLatest: () => view.toLatest(),
    askAgain: () => {
      view.askAgain();
    }
  };
}

/**
 * Returns the runs of agents in a thread, oldest first, and renders again only when one of them changes: a list of answers
 * needs no render for who types. The thread is joined while the component is mounted, as by {@link useThread}.
 */
export function useRuns(client: Client, id: string): readonly Run[] {
  const [view, subscribe] = useView(client, id);
  return useSyncExternalStore(subscribe, () => view.thread?.runs ?? NO_RUNS, noRuns);
}

/** One run as a component shows it, and what can be done with it; the functions are the same from render to render. */
export interface RunView {
  /** Null while no such run is known. */
  readonly run: Run | null;
  /**
   * Asks for the run to be stopped, also before it has begun when it is named by its message.
   * @throws {RollcallError} (as rejection) the server's refusal, or `timeout`, `left`, `closed`
   */
  readonly cancel: () => Promise<Cancelling>;
  /**
   * Answers what the run asks now.
   * @throws {RollcallError} (as rejection) `not_found` when it asks nothing; the server's refusal (`conflict` when it has
   * been answered), or `timeout`, `left`, `closed`
   */
  readonly answer: (value: unknown) => Promise<Answered>;
  /**
   * Takes the run out of the queue before it begins.
   * @throws {RollcallError} (as rejection) `not_found` when it is not known; the server's refusal (`conflict` when it has
   * begun), or `timeout`, `left`, `closed`
   */
  readonly withdraw: () => Promise<Withdrawn>;
}

/**
 * Returns one run, by its id or by the `mid` of the message that it answers, and renders again only when that run changes.
 * The thread is joined while the component is mounted, as by {@link useThread}.
 */
export function useRun(client: Client, id: string, target: CancelTarget): RunView {
  const [view, subscribe] = useView(client, id);
  const isRun = 'run' in target;
  const name = isRun ? target.run : target.mid;
  const [found, actions] = useMemo(() => {
    const find = (): Run | null =>
      view.thread?.runs.findLast((run) => (isRun ? run.run : run.inReplyTo) === name) ?? null;
    const made: Omit<RunView, 'run'> = {
      cancel: () =>
        view.thread?.cancel(isRun ? { run: name } : { mid: name }) ?? Promise.reject(left()),
      answer: (value) => {
        const run = find();
        const ask = run?.ask ?? null;
        return run === null || ask === null
          ? Promise.reject(notFound('the run asks nothing'))
          : (view.thread?.answer(run.run, ask.ask, value) ?? Promise.reject(left()));
      },
      withdraw: () => {
        const run = find();
        return run === null
          ? Promise.reject(notFound('there is no such run'))
          : (view.thread?.withdraw(run.run) ?? Promise.reject(left()));
      }
    };
    return [find, made];
  }, [view, isRun, name]);
  const run = useSyncExternalStore(subscribe, found, noRun);
  return useMemo(() => ({ run, ...actions }), [run, actions]);
}

const NO_RUNS: readonly Run[] = [];
const noRuns = (): readonly Run[] => NO_RUNS;
const noRun = (): null => null;

function useView(client: Client, id: string): [ThreadView, ThreadView['subscribe']] {
  return useMemo(() => {
    const view = viewThread(client, id);
    return [view, (listener) => view.subscribe(listener)];
  }, [client, id]);
}

/** Actions on the members of a thread; the functions are the same from render to render. */
export interface MemberActions {
  /**
   * Gives a user a role, or with null takes it away.
   * @throws {RollcallError} (as rejection) the server's refusal (`forbidden`), or `timeout`, `left`, `closed`
   */
  setMember(user: string, role: Role | null): Promise<void>;
  /** Loads the list again, for example after a failure. */
  reload(): void;
}

/**
 * Returns the owner and the members of a thread, and renders again when they change. The thread is joined
 * while the component is mounted, as by {@link useThread}.
 */
export function useMembers(client: Client, id: string): MembersSnapshot & MemberActions {
  const [store, actions] = useMemo(() => {
    const made = new MembersStore(client, viewThread(client, id));
    const found: MemberActions = {
      setMember: (user, role) => made.list?.set(user, role) ?? Promise.reject(left()),
      reload: () => void made.list?.load()
    };
    return [made, found];
  }, [client, id]);
  const snapshot = useSyncExternalStore(
    store.subscribe,
    () => store.snapshot,
    () => EMPTY_MEMBERS
  );
  return useMemo(() => ({ ...snapshot, ...actions }), [snapshot, actions]);
}

/** The members of a thread for as long as a component looks at them. */
class MembersStore {
  readonly #client: Client;
  readonly #view: ThreadView;
  #list: MemberList | null = null;
  #snapshot = EMPTY_MEMBERS;

  constructor(client: Client, view: ThreadView) {
    this.#client = client;
    this.#view = view;
  }

  /** The list while it is looked at. */
  get list(): MemberList | null {
    return this.#list;
  }

  get snapshot(): MembersSnapshot {
    return this.#snapshot;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const leave = this.#view.subscribe(() => undefined);
    const { thread } = this.#view;
    const { state } = this.#client;
    if (thread === null) {
      const problem = state.name === 'closed' ? state.error : left();
      this.#snapshot = { ...EMPTY_MEMBERS, isLoading: false, problem };
      queueMicrotask(listener);
      return leave;
    }
    const list = new MemberList(thread, () => {
      this.#snapshot = list.snapshot;
      listener();
    });
    this.#list = list;
    void list.load();
    return () => {
      list.end();
      if (this.#list === list) this.#list = null;
      leave();
    };
  };
}

function notFound(words: string): RollcallError {
  return new RollcallError('not_found', words);
}

function left(): RollcallError {
  return clientError('left', 'the thread is not joined: no component shows it');
}
