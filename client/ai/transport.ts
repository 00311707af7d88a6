/**
 * `useChat` of the AI SDK over the connection of the SDK, exported as `rollcall/ai/transport` and by `rollcall/ai`:
 *
 * ```ts
 * const transport = new RollcallChatTransport({ client, agent: 'echo' });
 * const { messages, sendMessage } = useChat({ id: 'agent-1', transport, resume: true });
 * ```
 */
import type { AiChunks, AiVersion } from '../../protocol/ai/ai-chunk.js';
import { answersIn, bodyOfMessage, type AiMessage } from '../../protocol/ai/ui-message.js';
import { WHILE_RUNNING, type WhileRunning } from '../../protocol/agent-kinds.js';
import type { AgentFields, Client, MessageFrame } from '../sdk/client.js';
import { systemClock, type ClientClock } from '../sdk/clock.js';
import { isRecord } from '../sdk/json.js';
import { newMid } from '../sdk/outbox/mid.js';
import { RollcallError } from '../sdk/rollcall-error.js';
import { isOpen } from '../sdk/thread/runs/run.js';
import { chatMessages } from './messages/chat-messages.js';
import type { RollcallUiMessage } from './messages/ui-message.js';
import { shownText } from './messages/message-reader.js';
import { HeldThread } from './held-thread.js';
import { beforeAbort, isStartOf, openRun } from './open-run.js';
import { RunFollower } from './run-follower.js';

export { ASK_TOOL } from '../../protocol/ai/run-chunks.js';
export type {
  AiAskInput,
  AiChunk5,
  AiChunk6,
  AiChunk7,
  AiChunks,
  AiRunMetadata,
  AiVersion
} from '../../protocol/ai/ai-chunk.js';
export type { AiMessage } from '../../protocol/ai/ui-message.js';
export type { RollcallMetadata, RollcallPart, RollcallUiMessage } from './messages/ui-message.js';

/** Options of {@link RollcallChatTransport}. */
export interface RollcallChatTransportOptions<V extends AiVersion = 5> {
  /** The connection of this user; the transport does not close it. */
  readonly client: Client;
  /** Major version of the package `ai`; by default 5, which the later ones read too, without what they added. */
  readonly ai?: V;
  /** Agent that answers; by default the one that the thread has. `body: { agent }` of a message takes precedence. */
  readonly agent?: string;
  /** What becomes of a message that is sent while an agent is at work in the thread; by default `enqueue`. */
  readonly whileRunning?: WhileRunning;
  /** What an abort of a stream does: `cancel` (default) stops the run, `leave` lets it go on. */
  readonly onAbort?: 'cancel' | 'leave';
  readonly clock?: ClientClock;
}

/** What `useChat` gives with a message. */
export interface SendMessagesOptions {
  readonly trigger: 'submit-message' | 'regenerate-message';
  /** Id of the thread. */
  readonly chatId: string;
  readonly messageId: string | undefined;
  readonly messages: readonly AiMessage[];
  readonly abortSignal: AbortSignal | undefined;
  /** May have `agent` and `whileRunning`. */
  readonly body?: object | undefined;
  readonly headers?: unknown;
  readonly metadata?: unknown;
}

/** What `useChat` gives when it resumes. */
export interface ReconnectOptions {
  readonly chatId: string;
  readonly abortSignal?: AbortSignal | undefined;
  readonly body?: object | undefined;
  readonly headers?: unknown;
  readonly metadata?: unknown;
}

/**
 * A `ChatTransport` of `ai` 5, 6 and 7. A chat is a thread, a message's id is its `mid`, and its history is the log. Each stream
 * stays open over reconnects and restarts of the server.
 */
export class RollcallChatTransport<V extends AiVersion = 5> {
  /** For `ai` 7: a resumed stream has the whole answer. */
  readonly resumeStreamIsReplay = true;
  readonly #options: RollcallChatTransportOptions<V>;
  readonly #version: V | 5;
  /** Number of times that each chat has been resumed. */
  readonly #resumes = new Map<string, number>();

  constructor(options: RollcallChatTransportOptions<V>) {
    this.#options = options;
    this.#version = options.ai ?? 5;
  }

  /**
   * Sends the last message, or the answers to questions that it holds, and returns the answer's stream.
   * @throws {RollcallError} (as rejection) why the client is closed or the thread cannot be read
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- a failure must be a rejection
  async sendMessages(options: SendMessagesOptions): Promise<ReadableStream<AiChunks[V]>> {
    const { trigger, messageId, messages, abortSignal } = options;
    abortSignal?.throwIfAborted();
    const named = messages.find(({ id, role }) => id === messageId && role === 'assistant');
    const last = named ?? messages.at(-1);
    if (last === undefined) throw new RollcallError('bad_frame', 'there is no message to send');
    if (trigger === 'submit-message' && last.role === 'assistant') return this.#goOn(options, last);
    const question = messages.findLast(({ role }) => role === 'user');
    if (question === undefined) throw new RollcallError('bad_frame', 'there is no message to send');
    return this.#ask(options, question);
  }

  /** Returns the stream of the answer that is at work in the thread, from its beginning; null when there is none. */
  async reconnectToStream({
    chatId,
    abortSignal
  }: ReconnectOptions): Promise<ReadableStream<AiChunks[V]> | null> {
    const turn = (this.#resumes.get(chatId) ?? 0) + 1;
    this.#resumes.set(chatId, turn);
    const held = this.#hold(chatId);
    const found = await beforeAbort(this.#atWork(held), abortSignal).catch((error: unknown) => {
      held.release();
      throw error;
    });
    if (found === null) {
      held.release();
      return null;
    }
    // `useChat` aborts a stream that it resumes again; only what it has not begun anew is stopped.
    const isStopped = (): boolean => this.#resumes.get(chatId) === turn;
    return this.#stream(held, abortSignal, null, isStopped, (follower) => {
      follower.follow(found.run, { older: found.older });
    });
  }

  /**
   * Resolves with the newest messages of a thread, oldest first, for `messages` of `useChat`. An answer that is at work is left
   * out: `resume` brings it.
   * @throws {RollcallError} (as rejection) why the thread cannot be read
   */
  async loadMessages(
    chatId: string,
    { limit = 100 }: { readonly limit?: number } = {}
  ): Promise<RollcallUiMessage[]> {
    const held = this.#hold(chatId);
    try {
      let count = 0;
      const older = await held.older((page) => (count += page.length) >= limit);
      const entries = [...older, ...held.entries];
      const { runs } = held.thread;
      const open = new Set(runs.filter(isOpen).map(({ run }) => run));
      return chatMessages(this.#version, entries, runs).filter(
        ({ metadata }) => metadata.run === undefined || !open.has(metadata.run)
      );
    } finally {
      held.release();
    }
  }

  /** Publishes a message, and streams the run that answers it. */
  #ask(options: SendMessagesOptions, message: AiMessage): ReadableStream<AiChunks[V]> {
    const { chatId, trigger, messageId, abortSignal, body } = options;
    const { client, clock = systemClock } = this.#options;
    const isNew = trigger === 'submit-message' && messageId === undefined;
    const mid = isNew ? message.id : newMid(clock.now());
    const replaces = isNew
      ? {}
      : trigger === 'regenerate-message'
        ? { regenerates: message.id }
        : { edits: message.id };
    const fields: AgentFields = { ...this.#fields(body), ...replaces };
    const held = this.#hold(chatId);
    return this.#stream(
      held,
      abortSignal,
      mid,
      () => true,
      async (follower) => {
        const ack = await client.publish(chatId, bodyOfMessage(message), { ...fields, mid });
        const { offset } = ack;
        await held.joined();
        const older = held.covers(offset)
          ? []
          : await held.older((page) => (page[0]?.offset ?? 0) <= offset);
        follower.answer(mid, older);
        const isAnswered = follower.run !== null || fields.agent !== undefined;
        if (!isAnswered && held.thread.agent === null) follower.end();
      }
    );
  }

  /** Gives the answers to questions that a message holds, and streams how its run goes on. */
  #goOn(options: SendMessagesOptions, message: AiMessage): ReadableStream<AiChunks[V]> {
    const { chatId, abortSignal } = options;
    const run = message.id;
    const held = this.#hold(chatId);
    const { thread } = held;
    return this.#stream(
      held,
      abortSignal,
      null,
      () => true,
      async (follower) => {
        const older = await held.older((page) => page.some(isStartOf(run)));
        const answers = answersIn(message);
        const last = answers.at(-1);
        if (last === undefined) {
          follower.end();
          return;
        }
        const after = { ask: last.ask, text: shownText(message) };
        const open = thread.runs.find((one) => one.run === run)?.ask ?? null;
        const given = answers.find(({ ask }) => ask === open?.ask);
        follower.follow(run, { older, after });
        if (given === undefined) return;
        await held
          .again(() => thread.answer(run, given.ask, given.value))
          .catch((error: unknown) => {
            // Somebody else was first, or the time is over: the stream says how it goes on.
            const code = error instanceof RollcallError ? error.code : null;
            if (code !== 'conflict' && code !== 'not_found') throw error;
          });
      }
    );
  }

  #stream(
    held: HeldThread,
    signal: AbortSignal | undefined,
    mid: string | null,
    isStopped: () => boolean,
    begin: (follower: RunFollower<V>) => Promise<void> | void
  ): ReadableStream<AiChunks[V]> {
    let follower: RunFollower<V> | null = null;
    return new ReadableStream({
      start: (controller) => {
        let isReleased = false;
        const aborted = (): void => {
          isReleased = true;
          made.end();
          void this.#aborted(held, made.run, mid, isStopped).finally(() => {
            held.release();
          });
        };
        const made = new RunFollower<V>(this.#version, held, controller, () => {
          signal?.removeEventListener('abort', aborted);
          if (!isReleased) held.release();
        });
        follower = made;
        signal?.addEventListener('abort', aborted);
        Promise.resolve(begin(made)).catch((error: unknown) => {
          made.fail(error);
        });
      },
      cancel: () => {
        follower?.left();
      }
    });
  }

  async #aborted(
    held: HeldThread,
    run: string | null,
    mid: string | null,
    isStopped: () => boolean
  ): Promise<void> {
    if (this.#options.onAbort === 'leave') return;
    // One turn later, so that a stream that is resumed instead is known.
    await Promise.resolve();
    const target = run !== null ? { run } : mid !== null ? { mid } : null;
    if (target === null || !isStopped()) return;
    // It may have ended meanwhile, or not be the user's own.
    await held.again(() => held.thread.cancel(target)).catch(() => undefined);
  }

  /** The run that is at work, and the entries of the log since before its beginning. */
  async #atWork(held: HeldThread): Promise<{ run: string; older: readonly MessageFrame[] } | null> {
    await held.joined();
    const open = openRun(held.thread.runs);
    if (open === null) return null;
    const { run } = open;
    return { run, older: await held.older((page) => page.some(isStartOf(run))) };
  }

  #hold(chatId: string): HeldThread {
    const { client, clock } = this.#options;
    return new HeldThread(client, chatId, clock);
  }

  #fields(body: object | undefined): AgentFields {
    const { agent, whileRunning } = this.#options;
    const given = isRecord(body) ? body : {};
    const named = typeof given['agent'] === 'string' ? given['agent'] : agent;
    const how = WHILE_RUNNING.find((one) => one === given['whileRunning']) ?? whileRunning;
    return {
      ...(named === undefined ? {} : { agent: named }),
      ...(how === undefined ? {} : { whileRunning: how })
    };
  }
}
