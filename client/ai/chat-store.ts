/** A chat as a store for a user interface: what is shown, and what can be done. */
import type { AgentFields, Client, Thread, ThreadView, ThreadViewOptions } from '../sdk/client.js';
import { clientError, RollcallError } from '../sdk/rollcall-error.js';
import { viewThread } from '../sdk/thread/thread-view.js';
import { bodyOfMessage } from '../../protocol/ai/ui-message.js';
import {
  chatSnapshot,
  EMPTY_CHAT,
  type MadeChat,
  type RollcallChatSnapshot
} from './chat-snapshot.js';
import { MadeMessages, type ChatView } from './messages/chat-messages.js';

/** A message to send: a text, or parts as of the AI SDK. */
export type NewMessage =
  | { readonly text: string; readonly messageId?: string }
  | { readonly parts: readonly object[]; readonly messageId?: string };

/** Who answers a message, and what becomes of it while an agent is at work. */
export type ChatFields = Pick<AgentFields, 'agent' | 'whileRunning'>;

/**
 * What can be done in a chat; the functions are the same from render to render. A promise says when it is done and is never
 * rejected: `error` of the snapshot says what has failed.
 */
export interface RollcallChatActions {
  /** Sends a message; with `messageId` it replaces that message, whose answer is then another version. */
  sendMessage(message: NewMessage, fields?: ChatFields): Promise<void>;
  /** Makes an answer anew, by default the last one. @param messageId of the answer or of its question */
  regenerate(options?: { readonly messageId?: string } & ChatFields): Promise<void>;
  /** Shows another version of an answer, counted from 0; versions that come later are shown by themselves. */
  showVersion(messageId: string, index: number): void;
  /** Stops a run, by default all that are at work in the thread, whoever began them. */
  stop(run?: string): Promise<void>;
  /** Takes a run out of the queue. */
  withdraw(run: string): Promise<void>;
  /** Answers the question of a run that waits. */
  answer(run: string, value: unknown): Promise<void>;
  /** Sends a message again that has failed. */
  retry(mid: string): Promise<void>;
  /** Removes a message that has failed. */
  discard(mid: string): void;
  loadOlder(): Promise<void>;
  typing(on: boolean): void;
  clearError(): void;
}

/** The chat of one thread, made by {@link chatStore}. */
export class ChatStore {
  readonly #client: Client;
  readonly #view: ThreadView;
  readonly #made = new MadeMessages();
  readonly #listeners = new Set<() => void>();
  /** The version to show of an answer that is not its last, by the root, and how many there were. */
  readonly #chosen = new Map<string, { readonly run: string; readonly count: number }>();
  #error: RollcallError | null = null;
  #last: MadeChat | null = null;
  /** The thread's snapshot that the last one was made from. */
  #from: unknown = null;

  constructor(client: Client, id: string, options: ThreadViewOptions = {}) {
    this.#client = client;
    this.#view = viewThread(client, id, options);
  }

  /** The current snapshot; the same object until something changes. */
  readonly snapshot = (): RollcallChatSnapshot => {
    const thread = this.#view.snapshot();
    if (this.#last === null || this.#from !== thread) {
      this.#from = thread;
      this.#last = chatSnapshot(thread, this.#shown(), this.#made, this.#error);
      // A version that has come meanwhile is shown.
      if (this.#forget(this.#last.view)) {
        this.#last = chatSnapshot(thread, this.#shown(), this.#made, this.#error);
      }
    }
    return this.#last.snapshot;
  };

  /** Calls `listener` after changes; the thread is joined as long as there is one. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    const end = this.#view.subscribe(listener);
    return () => {
      this.#listeners.delete(listener);
      end();
    };
  };

  /** What can be done. @param fields for messages that name none */
  actions(fields: ChatFields = {}): RollcallChatActions {
    const withThread = <T>(work: (thread: Thread) => Promise<T>): Promise<void> =>
      this.#do(() => {
        const { thread } = this.#view;
        if (thread === null) throw clientError('left', 'no component shows the thread');
        return work(thread);
      });
    return {
      sendMessage: (message, own = {}) => {
        const parts = 'parts' in message ? message.parts : [{ type: 'text', text: message.text }];
        const { messageId } = message;
        const edits = messageId === undefined ? {} : { edits: messageId };
        return this.#publish(bodyOfMessage({ parts }), { ...fields, ...own, ...edits });
      },
      regenerate: ({ messageId, ...own } = {}) => {
        const question = this.#questionOf(messageId);
        if (question === null) return this.#fail('not_found', 'there is no answer to make anew');
        const { mid, body } = question;
        return this.#publish(body, { ...fields, ...own, regenerates: mid });
      },
      showVersion: (messageId, index) => {
        const branch = this.#branchOf(messageId);
        const run = branch?.runs[index];
        if (branch === undefined || run === undefined) return;
        this.#chosen.set(branch.root, { run: run.run, count: branch.runs.length });
        this.#changed();
      },
      stop: (run) =>
        withThread(async (thread) => {
          const atWork = thread.runs.filter(
            ({ state }) => state === 'streaming' || state === 'waiting'
          );
          const runs = run === undefined ? atWork.map((one) => one.run) : [run];
          await Promise.all(runs.map((one) => thread.cancel({ run: one })));
        }),
      withdraw: (run) => withThread((thread) => thread.withdraw(run)),
      answer: (run, value) =>
        withThread((thread) => {
          const open = this.snapshot().asks.find((ask) => ask.run === run);
          if (open === undefined) throw new RollcallError('not_found', 'the run asks nothing');
          return thread.answer(run, open.ask, value);
        }),
      retry: (mid) => withThread((thread) => thread.retry(mid)),
      discard: (mid) => {
        this.#view.thread?.discard(mid);
      },
      loadOlder: () => this.#view.loadOlder(),
      typing: (on) => {
        this.#view.thread?.typing(on);
      },
      clearError: () => {
        this.#error = null;
        this.#changed();
      }
    };
  }

  #publish(body: unknown, fields: AgentFields): Promise<void> {
    return this.#do(() => this.#client.publish(this.#view.id, body, fields));
  }

  async #do(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      this.#error = error;
      this.#changed();
    }
  }

  #fail(code: 'not_found', words: string): Promise<void> {
    return this.#do(() => Promise.reject(new RollcallError(code, words)));
  }

  /** The entry whose answer a message is, or that it is itself. */
  #questionOf(messageId: string | undefined): { mid: string; body: unknown } | null {
    this.snapshot();
    const { branches = [] } = this.#last?.view ?? {};
    const id = messageId ?? branches.at(-1)?.shown.run;
    const branch = branches.find(
      ({ shown, runs }) => shown.run === id || runs.some(({ inReplyTo }) => inReplyTo === id)
    );
    const mid = branch === undefined ? null : branch.shown.inReplyTo;
    for (const item of this.#view.snapshot().items) {
      if (item.type === 'message' && item.message.mid === mid) return item.message;
    }
    return null;
  }

  #branchOf(messageId: string): ChatView['branches'][number] | undefined {
    this.snapshot();
    return this.#last?.view.branches.find(
      ({ root, runs }) => root === messageId || runs.some(({ run }) => run === messageId)
    );
  }

  #shown(): ReadonlyMap<string, string> {
    return new Map([...this.#chosen].map(([root, { run }]) => [root, run]));
  }

  /** Forgets choices of answers that have got a further version; tells whether there was one. */
  #forget({ branches }: ChatView): boolean {
    let isChanged = false;
    for (const { root, runs } of branches) {
      const choice = this.#chosen.get(root);
      if (choice === undefined || choice.count === runs.length) continue;
      this.#chosen.delete(root);
      isChanged = true;
    }
    return isChanged;
  }

  #changed(): void {
    this.#last = null;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Snapshot for rendering on a server. */
export const emptyChat = (): RollcallChatSnapshot => EMPTY_CHAT;
