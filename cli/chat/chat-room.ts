/** One thread on a screen: older messages, new messages, who is present and who types. */
import {
  RollcallError,
  type Client,
  type ClientClock,
  type Gap,
  type MessageFrame,
  type Right,
  type Thread
} from '../../client/sdk/client.js';
import { erasedBy } from '../../client/sdk/thread/erased.js';
import { reasonOf } from '../../machines/reason.js';
import { HISTORY_DEFAULT } from './chat-entry.js';
import {
  changeWords,
  memberLines,
  refusalWords,
  refusedWords,
  rightsWords,
  type EnteredRole
} from './member-words.js';
import { gapWords, MessageLines } from './message-lines.js';
import type { OutgoingMessages } from './outgoing.js';
import { Roster } from './roster.js';
import { RunDesk } from './runs/run-desk.js';
import { safeLine, safeName } from '../terminal/safe-text.js';
import type { PassingLine, Screen } from '../terminal/screen.js';
import type { SendOptions } from '../../client/sdk/outbox/outbox.js';

/** Most names listed when somebody enters; more are counted. */
const NAMED_MAX = 20; // `/who` lists all

/** Time between two read marks, in milliseconds: reading along costs at most one frame a second. */
const MARK_MS = 1_000;

/** Most messages held while older ones load; beyond it they are shown without the older ones. */
const HELD_MAX = 500;

/** Options of {@link ChatRoom}. */
export interface ChatRoomOptions {
  readonly client: Client;
  readonly clock: ClientClock;
  readonly screen: Screen;
  readonly outgoing: OutgoingMessages;
  /** The agent that the user wants in this thread; null for whichever answers. */
  readonly agent: string | null;
  /** Sends a message of the user to the thread. */
  readonly send: (text: string, options: SendOptions) => void;
  /** Lets no agent answer in a thread from now on. */
  readonly silence: (thread: string) => Promise<void>;
  /** Called when passing lines have changed. */
  readonly changed: () => void;
  /** Called when the server refuses the user. */
  readonly refused: (words: string) => void;
}

/** An open thread. */
export class ChatRoom {
  /** Thread id. */
  readonly id: string;
  /** The agents of the thread, and what they do. */
  readonly runs: RunDesk;
  readonly #options: ChatRoomOptions;
  readonly #thread: Thread;
  readonly #lines: MessageLines;
  readonly #roster: Roster;
  /** Messages that came while older ones load; null when none are held. */
  #held: (MessageFrame | Gap)[] | null = [];
  #isAsked = false;
  /** Offset of the oldest message on the screen; null when there is none. */
  #oldest: number | null = null;
  #read = 0;
  #cancelMark: (() => void) | null = null;
  #isLeft = false;
  /** What the user may do, as it was last told. */
  #may: readonly Right[] | null = null;

  constructor(id: string, options: ChatRoomOptions) {
    const { client, clock, screen } = options;
    this.id = id;
    this.#options = options;
    this.#lines = new MessageLines({
      paint: screen.paint,
      columns: () => screen.columns,
      stamp: 'clock'
    });
    this.#roster = new Roster(clock, {
      here: (users) => screen.note('dim', hereWords(users)),
      joined: (user) => screen.note('dim', `→ ${safeName(user)} is here`),
      left: (user) => screen.note('dim', `← ${safeName(user)} has left`)
    });
    const thread = client.thread(id);
    this.#thread = thread;
    this.runs = new RunDesk({
      client,
      thread,
      screen,
      agent: options.agent,
      user: () => this.#user(),
      send: options.send,
      silence: () => options.silence(id),
      why: (error) => this.#why(error),
      changed: options.changed
    });
    thread.on('subscribed', () => {
      if (!this.#isAsked) void this.#fill();
    });
    thread.on('message', (message) => {
      this.#came(message);
    });
    thread.on('gap', (gap) => {
      this.#came(gap);
    });
    thread.on('presence', ({ present, count }) => {
      // When there are too many people to name, joins and leaves are not shown.
      if (thread.joined && count === present.length) this.#roster.present(present);
      else this.#roster.unknown();
    });
    thread.on('typing', ({ user }) => {
      if (user !== this.#user()) options.changed();
    });
    thread.on('member', (change) => screen.note('dim', changeWords(change)));
    thread.on('owner', ({ owner }) => screen.note('dim', `${safeName(owner)} owns ${id} now`));
    thread.on('rights', (may) => {
      // Usual rights are not worth a line at the beginning.
      if (this.#may !== null || !may.includes('write')) {
        screen.note('yellow', rightsWords(id, may));
      }
      this.#may = may;
    });
    thread.on('refused', (error) => {
      options.refused(refusedWords(id, error, thread.position !== null));
    });
  }

  /** Tells others whether the user types here. */
  typing(on: boolean): void {
    this.#thread.typing(on);
  }

  /** Shows who is present. */
  who(): void {
    const { screen } = this.#options;
    if (!this.#thread.joined)
      screen.note('yellow', 'who is here is not known while there is no connection');
    else if (this.#thread.presentCount > this.#thread.present.length)
      screen.note('dim', `${String(this.#thread.presentCount)} people are here`);
    else screen.note('dim', hereWords(this.#thread.present, Infinity));
  }

  /** Whether the user may change the members, as far as is known. */
  get mayManage(): boolean {
    return this.#thread.may?.includes('manage') ?? true;
  }

  /** Shows the owner and the members. */
  async members(): Promise<void> {
    const { screen } = this.#options;
    try {
      for (const line of memberLines(await this.#thread.members())) screen.note('dim', line);
    } catch (error) {
      screen.note('red', `who is in ${this.id} is not known: ${this.#why(error)}`);
    }
  }

  /** Gives a user a role, or takes it away. The change is shown when it comes back, as those of others are. */
  async setMember(user: string, role: EnteredRole): Promise<void> {
    const { screen } = this.#options;
    try {
      await this.#thread.setMember(user, role === 'none' ? null : role);
    } catch (error) {
      screen.note('red', `${safeName(user)} stays as it was: ${this.#why(error)}`);
    }
  }

  /** Shows messages older than those on the screen. */
  async older(count: number): Promise<void> {
    const { screen } = this.#options;
    try {
      const before = this.#oldest === null ? {} : { before: this.#oldest };
      const { messages, more } = await this.#thread.history({ ...before, limit: count });
      if (this.#isLeft) return;
      if (messages.length === 0) {
        screen.note('dim', `nothing was said in ${this.id} before that`);
        return;
      }
      screen.note('dim', `── ${counted(messages.length)} from before ──`);
      this.#lines.restart();
      for (const message of messages) screen.print(this.#lines.of(message));
      this.#lines.restart();
      this.#oldest = messages[0]?.offset ?? this.#oldest;
      screen.note('dim', more ? '── up to here; /history shows more ──' : '── up to here ──');
    } catch (error) {
      screen.note('red', `what was said before cannot be had: ${safeLine(reasonOf(error))}`);
    }
  }

  /** Returns the lines above the prompt: what agents do, and who types. */
  passing(): PassingLine[] {
    return [...this.runs.lines(), ...this.#typing()];
  }

  #typing(): PassingLine[] {
    const others = this.#thread.typists.filter((user) => user !== this.#user());
    const users = others.map(safeName);
    if (users.length === 0) return [];
    const words = users.length > 3 ? `${String(users.length)} people are` : users.join(', ');
    const verb = users.length === 1 ? ' is' : users.length > 3 ? '' : ' are';
    return [{ style: 'dim', text: `${words}${verb} typing …` }];
  }

  /** Shows stored messages that can no longer arrive by themselves. */
  settle(): void {
    // Held messages have arrived and are shown soon.
    if (this.#held !== null) return;
    const { outgoing, screen } = this.#options;
    const offset = this.#thread.position?.offset ?? 0;
    for (const { mid, text, ack } of outgoing.takePassed(this.id, offset)) {
      if (ack === null) continue;
      screen.print(
        this.#lines.of({ ...ownMessage(this.id, mid, text, this.#user()), at: ack.at }, true)
      );
    }
  }

  /** Leaves the thread. */
  leave(): void {
    this.#isLeft = true;
    this.#roster.end();
    this.#cancelMark?.();
    this.#sendMark();
    this.#thread.leave();
  }

  async #fill(): Promise<void> {
    const { screen } = this.#options;
    this.#isAsked = true;
    // Load up to the first message that arrives by itself, so that none is shown twice and none is missing.
    const before = (this.#thread.position?.offset ?? 0) + 1;
    try {
      const page = await this.#thread.history({ before, limit: HISTORY_DEFAULT });
      if (this.#isLeft || this.#held === null) return;
      if (page.more) screen.note('dim', '── /history shows what was said before ──');
      for (const message of page.messages) this.#show(message);
    } catch (error) {
      if (this.#isLeft) return;
      screen.note('red', `what was said before cannot be had: ${safeLine(reasonOf(error))}`);
    }
    this.#release();
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const item of held) this.#came(item);
    this.settle();
  }

  #came(item: MessageFrame | Gap): void {
    if (this.#held !== null) {
      if (!('reason' in item))
        this.#held = this.#held.map((one) => ('reason' in one ? one : erasedBy(one, item)));
      this.#held.push(item);
      if (this.#held.length > HELD_MAX) this.#release();
      return;
    }
    if (!('reason' in item)) {
      this.#show(item);
      return;
    }
    const { screen } = this.#options;
    if (item.reason === 'epoch') this.#oldest = null;
    screen.note('yellow', `── ${gapWords(item)} ──`);
    this.settle();
  }

  #show(message: MessageFrame): void {
    const { outgoing, screen, changed } = this.#options;
    const isOwn = outgoing.take(message.mid) !== undefined;
    this.runs.noted(message);
    screen.print(this.#lines.of(message, isOwn));
    this.#oldest ??= message.offset;
    this.#read = message.offset;
    this.#markSoon();
    if (isOwn) changed();
  }

  #why(error: unknown): string {
    return error instanceof RollcallError
      ? refusalWords(this.id, error)
      : safeLine(reasonOf(error));
  }

  #user(): string {
    const { state } = this.#options.client;
    return state.name === 'connected' ? state.user : '';
  }

  #markSoon(): void {
    this.#cancelMark ??= this.#options.clock.after(MARK_MS, () => {
      this.#sendMark();
    });
  }

  #sendMark(): void {
    this.#cancelMark = null;
    if (this.#read > 0) this.#thread.markRead(this.#read);
  }
}

function ownMessage(thread: string, mid: string, text: string, user: string): MessageFrame {
  return {
    type: 'message',
    thread,
    offset: 0,
    mid,
    from: { user },
    at: 0,
    kind: 'user_message',
    body: { text }
  };
}

function hereWords(users: readonly string[], namedMax = NAMED_MAX): string {
  // The server sends no names when there are many.
  if (users.length === 0) return 'here: too many to be named';
  const named = users.slice(0, namedMax).map(safeName);
  const more = users.length - named.length;
  return `here: ${named.join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
}

function counted(messages: number): string {
  return messages === 1 ? '1 message' : `${String(messages)} messages`;
}
