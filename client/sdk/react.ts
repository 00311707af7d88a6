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
import { clientError, type RollcallError } from './rollcall-error.js';
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

function left(): RollcallError {
  return clientError('left', 'the thread is not joined: no component shows it');
}
