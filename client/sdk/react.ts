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
import type { Cancelling, CancelTarget } from './thread/thread-events.js';
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
  typing(on: boolean): void;
  markRead(offset: number): void;
  loadOlder(): Promise<void>;
  toLatest(): Promise<void>;
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
    discard: (mid) => joined()?.discard(mid),
    typing: (on) => joined()?.typing(on),
    markRead: (offset) => joined()?.markRead(offset),
    loadOlder: () => view.loadOlder(),
    toLatest: () => view.toLatest()
  };
}

function left(): RollcallError {
  return clientError('left', 'the thread is not joined: no component shows it');
}
