import {
  isErasure,
  RollcallError,
  runOf,
  type Client,
  type Gap,
  type MessageFrame,
  type Right,
  type Run,
  type SendOptions,
  type Thread
} from '../../sdk/client.js';
import { isOpen } from '../../sdk/thread/runs/run.js';
import { Fates } from './words/fates.js';
import type { MessagePlace } from './route.js';
import { RunOrders } from './agents/run-orders.js';
import { DrawQueue } from './log/draw-queue.js';
import type { LogContent } from './log/log-view.js';
import { ReadMarker } from './log/read-marker.js';
import type { Draft, RunRow } from './log/rows.js';
import { Transcript } from './log/transcript.js';
import { messageText } from './words/message-text.js';

/** Messages loaded when a thread is opened: more than fit on a screen. */
const FIRST_PAGE = 50;

/** Messages loaded at once after that: few enough to draw without a delay. */
const PAGE = 100;

/** Number of messages loaded after the one that a link opens: about a screen. */
const BELOW_TARGET = 25;

/** What a room reports to the page. */
export interface RoomEvents {
  /** The content of the log has changed. */
  changed(): void;
  /** Only these rows of runs have changed. */
  streamed(rows: readonly RunRow[]): void;
  /** A run has begun, or one that was going on has ended. */
  run(run: Run): void;
  /** A message has arrived. */
  arrived(message: MessageFrame): void;
  /** Somebody started or stopped typing, came or left, or the user may do something else. */
  people(): void;
}

/** One open thread: its messages, those being sent, and who is present. */
export class Room {
  /** The thread's id. */
  readonly id: string;
  readonly #user: string;
  readonly #thread: Thread;
  readonly #events: RoomEvents;
  readonly #transcript = new Transcript();
  readonly #fates: Fates;
  /** Runs of the thread that this page has seen going on. */
  readonly #going = new Map<string, Run['state']>();
  /** What the user asks of runs. */
  readonly orders: RunOrders;
  readonly #drawing = new DrawQueue((runs) => {
    if (runs === null) this.#events.changed();
    else {
      const rows = runs.map((run) => this.#transcript.runRow(run));
      this.#events.streamed(rows.filter((row) => row !== undefined));
    }
  });
  #filled = false;
  #more = false;
  #loading = false;
  #unseen = 0;
  readonly #marker = new ReadMarker((offset) => {
    this.#thread.markRead(offset);
  });
  /** Offset of the newest message when each of the unsent messages was written, by mid. */
  readonly #written = new Map<string, number>();
  /** Whether the reader sees the end of the log. */
  #watched = true;
  #problem = '';

  constructor(client: Client, id: string, user: string, events: RoomEvents) {
    this.id = id;
    this.#user = user;
    this.#fates = new Fates(user);
    this.#events = events;
    this.#thread = client.thread(id);
    this.orders = new RunOrders(this.#thread, () => {
      this.#draw();
    });
    this.#thread.on('subscribed', () => {
      this.#events.people();
      if (!this.#filled && !this.#loading) void this.#fill();
    });
    this.#thread.on('message', (message) => {
      this.#arrived(message);
    });
    this.#thread.on('run', (run) => {
      this.#ran(run);
    });
    this.#thread.on('gap', (gap) => {
      this.#transcript.mark(gap);
      if (gap.reason === 'epoch') {
        this.#marker.clear();
        this.#fates.clear();
        this.#more = false;
        this.#going.clear();
        this.orders.clear();
      }
      this.#draw();
    });
    this.#thread.on('outgoing', (outgoing) => {
      if (outgoing.state === 'pending') this.#written.set(outgoing.mid, this.#newest);
      this.#transcript.sent(outgoing);
      this.#draw();
    });
    this.#thread.on('presence', ({ present, count }) => {
      this.#fates.people(present, count);
      this.#draw();
      this.#events.people();
    });
    this.#thread.on('mark', ({ user: reader, read }) => {
      this.#fates.marked(reader, read);
      this.#draw();
    });
    for (const event of ['typing', 'rights'] as const) {
      this.#thread.on(event, () => {
        if (event === 'rights') this.#draw();
        this.#events.people();
      });
    }
    // Those that an earlier session has left.
    for (const outgoing of this.#thread.outgoing) this.#transcript.sent(outgoing);
    this.#thread.on('refused', (error) => {
      this.#problem = error.code === 'forbidden' ? '' : error.message;
      this.#events.people();
    });
  }

  /** The thread in the SDK. */
  get thread(): Thread {
    return this.#thread;
  }

  /** Users typing now. */
  get typists(): readonly string[] {
    return this.#thread.typists.filter((user) => user !== this.#user);
  }

  /** Why the thread cannot be read; empty when it can be. */
  get problem(): string {
    return this.#problem;
  }

  /** What the log shows. */
  get content(): LogContent {
    return {
      rows: this.#transcript.rows(this.#user, this.#drafts()),
      more: this.#hasMore(),
      loading: this.#loading || !this.#filled,
      detached: this.#transcript.window.detached,
      unseen: this.#unseen,
      stops: this.orders.stops,
      user: this.#user,
      may: { write: this.#may('write'), manage: this.#may('manage') },
      fateOf: (offset) => this.#fates.of(offset)
    };
  }

  /** Sends a text and shows it at once. */
  send(text: string, options: SendOptions = {}): void {
    this.#publish({ text }, options);
  }

  /** Asks for another answer to the same message, by the agent that is named if there is one. */
  repeat(run: string, agent: string | undefined): void {
    const question = this.questionOf(run);
    if (question === null) return;
    const named = agent === undefined ? {} : { agent };
    this.#publish(question.body, { ...named, regenerates: question.mid });
  }

  #publish(body: unknown, options: SendOptions): void {
    // A message that fails is shown as failed, with the reason.
    this.#thread.send(body, options).catch(() => undefined);
  }

  /** Removes a failed message so that it can be edited. Returns its text; empty when it has none. */
  takeBack(mid: string): string {
    const failed = this.#thread.outgoing.find((one) => one.mid === mid && one.state === 'failed');
    if (failed === undefined) return '';
    this.#thread.discard(mid);
    return messageText(failed).text;
  }

  /** Sends a failed message again. */
  retry(mid: string): void {
    this.#thread.retry(mid).catch(() => undefined);
  }

  /** Discards a failed message. */
  discard(mid: string): void {
    this.#thread.discard(mid);
  }

  /** Shows another version of an answer: so many after the one of this run, or before it. */
  turn(run: string, by: number): void {
    this.#transcript.turn(run, by);
    this.#draw();
  }

  /** Whether this user may change a message and have it answered anew. */
  mayEdit({ mid, from, kind, body }: MessageFrame): boolean {
    const isOwn = from.user === this.#user && kind === 'user_message';
    return (
      isOwn && this.#may('write') && !messageText({ body }).json && this.#transcript.isAnswered(mid)
    );
  }

  /** Returns the message that a run answers; null when it is not shown. */
  questionOf(run: string): MessageFrame | null {
    return this.#transcript.runRow(run)?.question ?? null;
  }

  /** Loads one page of a gap, from the gap's end, as far as the server has it. */
  async loadGap(gap: Gap): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    this.#draw();
    try {
      const page = await this.#thread.history({ before: gap.to + 1, limit: PAGE });
      this.#transcript.fill(gap, page.messages, page.more);
    } catch (error) {
      // The gap stays, and the reader can ask for it again.
      if (!(error instanceof RollcallError)) throw error;
    } finally {
      this.#loading = false;
      this.#draw();
    }
  }

  /** Reports that the user is typing, or has stopped. */
  typing(on: boolean): void {
    this.#thread.typing(on);
  }

  /** Sets whether the reader sees the end of the log. */
  watch(watched: boolean): void {
    this.#watched = watched;
    if (!watched) return;
    if (this.#unseen > 0) {
      this.#unseen = 0;
      this.#draw();
    }
    this.#markSoon();
  }

  /** Loads the page before the first shown message. Does nothing while a page is loading. */
  async loadOlder(): Promise<void> {
    const before = this.#transcript.window.oldest;
    if (this.#loading || !this.#hasMore() || before === null) return;
    await this.#load(before, PAGE);
  }

  /** Shows the end of the log again after older messages have pushed it out of the window. */
  async latest(): Promise<void> {
    this.#unseen = 0;
    if (!this.#transcript.window.detached || this.#loading) return;
    this.#transcript.clear();
    await this.#fill();
  }

  /** Whether the end of the log has been loaded. */
  get isFilled(): boolean {
    return this.#filled;
  }

  /** Loads the part of the log around a message unless it is shown. Returns false when the log does not have the message. */
  async reach({ offset, mid }: MessagePlace): Promise<boolean> {
    const isShown = this.#transcript.window.items.some(
      (item) => item.type === 'message' && item.message.mid === mid
    );
    if (isShown) return true;
    if (this.#loading) return false;
    this.#loading = true;
    try {
      const before = offset + BELOW_TARGET;
      const { messages, more } = await this.#thread.history({ before, limit: PAGE });
      if (!messages.some((one) => one.mid === mid)) return false;
      const end = messages.at(-1)?.offset ?? 0;
      this.#transcript.replace(messages, end >= (this.#thread.position?.offset ?? 0));
      this.#more = more;
      return true;
    } catch (error) {
      if (error instanceof RollcallError) return false;
      throw error;
    } finally {
      this.#loading = false;
      this.#draw();
    }
  }

  /** Leaves the thread. */
  leave(): void {
    this.#marker.end();
    this.#drawing.end();
    this.#thread.leave();
  }

  /** Whether the user may do this. Of servers that do not say it, all but managing is assumed. */
  #may(right: Right): boolean {
    return this.#thread.may?.includes(right) ?? right !== 'manage';
  }

  get #newest(): number {
    return this.#transcript.window.newest ?? this.#thread.position?.offset ?? 0;
  }

  #drafts(): Draft[] {
    const { outgoing } = this.#thread;
    const mids = new Set(outgoing.map(({ mid }) => mid));
    for (const mid of this.#written.keys()) if (!mids.has(mid)) this.#written.delete(mid);
    return outgoing.map((one) => {
      // For a message of an earlier session that place is unknown: it stays where it was first shown.
      if (this.#filled && !this.#written.has(one.mid)) this.#written.set(one.mid, this.#newest);
      return { ...one, after: this.#written.get(one.mid) ?? Infinity };
    });
  }

  #hasMore(): boolean {
    return this.#more || this.#transcript.window.trimmed;
  }

  async #fill(): Promise<void> {
    const position = this.#thread.position;
    const first = this.#transcript.window.oldest;
    // Load up to the first message that arrived live, so that none is missing or doubled.
    this.#filled = await this.#load(first ?? (position?.offset ?? 0) + 1, FIRST_PAGE);
    this.#draw();
  }

  /** Returns whether the page was loaded. */
  async #load(before: number, limit: number): Promise<boolean> {
    this.#loading = true;
    this.#draw();
    try {
      const page = await this.#thread.history({ before, limit });
      this.#transcript.prepend(page.messages);
      this.#more = page.more;
      return true;
    } catch (error) {
      // The thread works without its history, which is requested again on scrolling or on the next connection.
      if (error instanceof RollcallError) return false;
      throw error;
    } finally {
      this.#loading = false;
      this.#draw();
      this.#markSoon();
    }
  }

  #arrived(message: MessageFrame): void {
    this.#transcript.append(message);
    this.#fates.came(message.offset);
    if (message.from.user !== this.#user && !this.#watched) {
      // All entries of a run are one block.
      const isNew =
        runOf(message) === null ? !isErasure(message) : message.kind === 'agent_started';
      if (isNew) this.#unseen += 1;
    }
    this.#events.arrived(message);
    this.#events.people();
    this.#draw();
    this.#markSoon();
  }

  #ran(run: Run): void {
    const { run: id } = run;
    const isAll = this.#transcript.track(run);
    if (isOpen(run)) {
      const before = this.#going.get(id);
      // Not said again: that a question was answered and the answer goes on.
      if (before !== run.state && before !== 'waiting') this.#events.run(run);
      this.#going.set(id, run.state);
    } else if (this.#going.delete(id)) {
      this.orders.ended(id);
      this.#events.run(run);
    }
    if (isAll) this.#draw();
    else this.#drawing.run(id);
  }

  #draw(): void {
    this.#drawing.all();
  }

  #markSoon(): void {
    if (this.#watched) this.#marker.seen(this.#transcript.window.newest ?? 0);
  }
}
