/** A chat in a terminal from beginning to end: one connection, one thread at a time, one screen. */
import { elapsedOf } from '../../client/sdk/clock.js';
import { RollcallError, type Client, type ClientClock } from '../../client/sdk/client.js';
import { newMid } from '../../client/sdk/outbox/mid.js';
import type { SendOptions } from '../../client/sdk/outbox/outbox.js';
import { CHAT_COMMANDS, isForAgents, readEntry, type ChatEntry } from './chat-entry.js';
import { ChatRoom } from './chat-room.js';
import { EXIT } from '../cli-outside.js';
import { downWords, upWords, type ConnectionNews } from './connection-watch.js';
import { refusalWords } from './member-words.js';
import { OutgoingMessages } from './outgoing.js';
import { safeLine } from '../terminal/safe-text.js';
import type { PassingLine, Screen } from '../terminal/screen.js';

/** How long quitting waits until the last messages are stored, in milliseconds. */
export const QUIT_WAIT_MS = 2_000; // longer than an ack takes, short enough for somebody who wants to leave

/** A message that appears in the chat sooner than this, in milliseconds, is not shown as on its way. */
export const QUIET_MS = 300;

/** How often the countdown to the next attempt is rewritten, in milliseconds. */
const TICK_MS = 1_000;

/** Options of {@link ChatSession}. */
export interface ChatSessionOptions {
  readonly client: Client;
  readonly clock: ClientClock;
  readonly screen: Screen;
  /** First thread. */
  readonly thread: string;
  /** The agent that the user wants in the first thread; null for whichever answers. */
  readonly agent: string | null;
  /** Lets no agent answer in a thread from now on. */
  readonly silence: (thread: string) => Promise<void>;
}

/** How a chat ended. */
export interface ChatEnd {
  readonly code: number;
  /** Lines to print after the screen is closed. */
  readonly words: readonly string[];
}

/** A running chat. */
export class ChatSession {
  /** Resolves when the user has quit or nothing more can come. */
  readonly ended: Promise<ChatEnd>;
  readonly #options: ChatSessionOptions;
  readonly #outgoing = new OutgoingMessages();
  #room: ChatRoom | null;
  #end: (end: ChatEnd) => void = () => undefined;
  #isQuitting = false;
  #isEnded = false;
  #cancelTick: (() => void) | null = null;
  /** When the client tries again, a moment of the clock's `elapsed()`. */
  #retryDueAt = 0;

  constructor(options: ChatSessionOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const { client, screen } = options;
    client.on('error', (error) => screen.note('red', safeLine(error.message)));
    client.on('state', (state) => {
      if (state.name === 'waiting') this.#retryDueAt = elapsedOf(options.clock) + state.retryMs;
      this.#refresh();
    });
    this.#room = this.#enter(options.thread, options.agent);
  }

  /** Shows news of the connection. */
  news(news: ConnectionNews): void {
    const { screen } = this.#options;
    if (this.#isEnded) return;
    switch (news.type) {
      case 'up':
        screen.note('green', upWords(news));
        break;
      case 'down':
        screen.note('yellow', downWords(news.words));
        break;
      case 'over':
        this.#finish(EXIT.failed, news.words);
    }
  }

  /** Handles an entered message or command. */
  entered(text: string): void {
    const { client } = this.#options;
    const entry = readEntry(text);
    // Enter on an empty line: reconnect now instead of waiting.
    if (entry.type === 'nothing') client.reconnectNow();
    else this.#do(entry);
  }

  /** Notes that the typed text has changed. */
  edited(text: string): void {
    const isMessage = text.trim() !== '' && !text.startsWith('/');
    this.#room?.typing(isMessage);
  }

  /** Quits: at once when all is stored, when there is no connection, or at the second call. */
  quit(): void {
    const { client, clock } = this.#options;
    const isHopeless = client.state.name !== 'connected' || this.#outgoing.unsent === 0;
    if (this.#isQuitting || isHopeless) {
      this.#finish(EXIT.good);
      return;
    }
    this.#isQuitting = true;
    clock.after(QUIT_WAIT_MS, () => {
      this.#finish(EXIT.good);
    });
  }

  #do(entry: Exclude<ChatEntry, { type: 'nothing' }>): void {
    const { screen } = this.#options;
    switch (entry.type) {
      case 'message':
        this.#send(entry.text, this.#room?.runs.fields);
        break;
      case 'help': {
        const width = Math.max(...Object.keys(CHAT_COMMANDS).map(({ length }) => length));
        for (const [usage, does] of Object.entries(CHAT_COMMANDS)) {
          if (usage.startsWith('/member ') && this.#room?.mayManage !== true) continue;
          if (isForAgents(usage) && this.#room?.runs.hasAgents !== true) continue;
          screen.note('dim', `  ${usage.padEnd(width)}  ${does}`);
        }
        screen.note(
          'dim',
          '  Enter alone tries to connect at once; // sends a text that begins with /'
        );
        break;
      }
      case 'who':
        this.#room?.who();
        break;
      case 'members':
        void this.#room?.members();
        break;
      case 'member':
        void this.#room?.setMember(entry.user, entry.role);
        break;
      case 'stop':
        void this.#room?.runs.stop();
        break;
      case 'answer':
        void this.#room?.runs.answer(entry.text);
        break;
      case 'withdraw':
        void this.#room?.runs.withdraw(entry.number);
        break;
      case 'again':
        this.#room?.runs.again();
        break;
      case 'agent':
        void this.#room?.runs.agent(entry.name);
        break;
      case 'queue':
        this.#room?.runs.queue();
        break;
      case 'history':
        void this.#room?.older(entry.count);
        break;
      case 'thread':
        this.#switch(entry.thread);
        break;
      case 'quit':
        this.quit();
        break;
      case 'fault':
        screen.note('red', safeLine(entry.words));
    }
  }

  #enter(id: string, agent: string | null = null): ChatRoom {
    const { client, clock, screen, silence } = this.#options;
    screen.name(id);
    return new ChatRoom(id, {
      client,
      clock,
      screen,
      outgoing: this.#outgoing,
      agent,
      silence,
      send: (text, options) => this.#send(text, options),
      changed: () => this.#refresh(),
      refused: (words) => {
        this.#room = null;
        if (id === this.#options.thread) this.#finish(EXIT.failed, words);
        else screen.note('red', `${words}; /thread <id> goes to another thread`);
      }
    });
  }

  #switch(id: string | null): void {
    const { screen } = this.#options;
    if (id === null || id === this.#room?.id) {
      screen.note('dim', this.#room === null ? 'in no thread' : `this is ${this.#room.id}`);
      return;
    }
    this.#room?.leave();
    screen.note('bold', `── ${id} ──`);
    this.#room = this.#enter(id);
    this.#refresh();
  }

  #send(text: string, options: SendOptions = {}): void {
    const { client, clock, screen } = this.#options;
    const thread = this.#room?.id;
    if (thread === undefined) {
      screen.note('red', 'not sent: there is no thread; /thread <id> goes to one');
      return;
    }
    this.#room?.typing(false);
    const mid = newMid(clock.now());
    this.#outgoing.add({ mid, thread, text, at: elapsedOf(clock) });
    client.publish(thread, { text }, { ...options, mid }).then(
      (ack) => {
        const stored = this.#outgoing.stored(ack);
        if (stored !== undefined && thread === this.#room?.id) this.#room.settle();
        else if (stored !== undefined) {
          this.#outgoing.take(mid);
          screen.note('green', `✓ ${thread}: ${safeLine(text)}`);
        }
        this.#settled();
      },
      (error: unknown) => {
        // Counted as unsent when the chat ends.
        if (error instanceof RollcallError && error.code === 'closed') return;
        this.#outgoing.take(mid);
        screen.note('red', `✗ not sent: ${safeLine(text)} (${reasonFor(thread, error)})`);
        this.#settled();
      }
    );
    if (client.state.name !== 'connected') this.#refresh();
    else {
      clock.after(QUIET_MS, () => {
        this.#refresh();
      });
    }
  }

  #settled(): void {
    this.#refresh();
    if (this.#isQuitting && this.#outgoing.unsent === 0) this.#finish(EXIT.good);
  }

  /** Rewrites the lines above the prompt, and again every second while there is a countdown. */
  #refresh(): void {
    if (this.#isEnded) return;
    const { client, clock, screen } = this.#options;
    const { state } = client;
    const until = state.name === 'connected' ? elapsedOf(clock) - QUIET_MS : Infinity;
    screen.show([
      ...this.#outgoing.lines(this.#room?.id ?? '', until),
      ...(this.#room?.passing() ?? []),
      ...this.#connection()
    ]);
    this.#cancelTick?.();
    this.#cancelTick = null;
    if (state.name !== 'waiting' || !screen.isLive) return;
    this.#cancelTick = clock.after(TICK_MS, () => {
      this.#refresh();
    });
  }

  #connection(): PassingLine[] {
    const { client, clock } = this.#options;
    const { state } = client;
    const { unsent } = this.#outgoing;
    const waiting = unsent === 0 ? '' : ` · ${String(unsent)} to be sent`;
    if (state.name === 'connecting') return [{ style: 'yellow', text: `connecting …${waiting}` }];
    if (state.name !== 'waiting') return [];
    const seconds = Math.max(0, Math.ceil((this.#retryDueAt - elapsedOf(clock)) / 1_000));
    return [{ style: 'yellow', text: `reconnecting in ${String(seconds)} s${waiting}` }];
  }

  #finish(code: number, ...words: string[]): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelTick?.();
    this.#room?.leave();
    const { client, screen } = this.#options;
    const { unsent } = this.#outgoing;
    client.close();
    screen.close();
    if (unsent > 0) words.push(unsentWords(unsent));
    this.#end({ code: unsent > 0 ? EXIT.failed : code, words });
  }
}

/** Returns the sentence that says how many messages may not be stored. */
export function unsentWords(count: number): string {
  return count === 1
    ? '1 message was not sent: the server has not said that it is stored'
    : `${String(count)} messages were not sent: the server has not said that they are stored`;
}

function reasonFor(thread: string, error: unknown): string {
  return error instanceof RollcallError ? refusalWords(thread, error) : 'it failed';
}
