/**
 * Rollcall for the AI SDK (`ai`), exported as `rollcall/ai`: a transport for its `useChat`, and `useRollcallChat`, which shows
 * the whole thread. What needs no React is `rollcall/ai/transport` too.
 *
 * ```tsx
 * const { messages, queue, asks, sendMessage, stop } = useRollcallChat(client, 't42', { agent: 'echo' });
 * ```
 */
import { useMemo, useSyncExternalStore } from 'react';
import type { Client, ThreadViewOptions } from '../sdk/client.js';
import { ChatStore, emptyChat, type ChatFields, type RollcallChatActions } from './chat-store.js';
import type { RollcallChatSnapshot } from './chat-snapshot.js';

export * from './transport.js';
export type { ChatFields, NewMessage, RollcallChatActions } from './chat-store.js';
export type {
  ChatStatus,
  ChatUsage,
  OpenAsk,
  QueuedRun,
  RollcallChatSnapshot
} from './chat-snapshot.js';

/** Options of {@link useRollcallChat}: who answers, and the bounds of what is kept. */
export type UseRollcallChatOptions = ChatFields & ThreadViewOptions;

/**
 * Shows a thread as a chat of the AI SDK: what everybody writes in every tab, the answers with their versions, runs that wait,
 * and questions of agents. Joins the thread while the component is mounted, as `useThread` does.
 */
export function useRollcallChat(
  client: Client,
  id: string,
  { agent, whileRunning, limit, page }: UseRollcallChatOptions = {}
): RollcallChatSnapshot & RollcallChatActions {
  const store = useMemo(
    () =>
      new ChatStore(client, id, {
        ...(limit === undefined ? {} : { limit }),
        ...(page === undefined ? {} : { page })
      }),
    [client, id, limit, page]
  );
  const actions = useMemo(
    () =>
      store.actions({
        ...(agent === undefined ? {} : { agent }),
        ...(whileRunning === undefined ? {} : { whileRunning })
      }),
    [store, agent, whileRunning]
  );
  const snapshot = useSyncExternalStore(store.subscribe, store.snapshot, emptyChat);
  return useMemo(() => ({ ...snapshot, ...actions }), [snapshot, actions]);
}
