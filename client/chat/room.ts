import { RollcallError, type Client, type MessageFrame, type Thread } from '../client.js';
import { newMid } from '../mid.js';
import type { LogContent } from './log-view.js';
import { Transcript } from './transcript.js';

/** Messages asked for at once. */
const PAGE = 50;

/** Pause between two read marks, in milliseconds: reading along costs one frame a second at most. */
const MARK_MS = 1_000;

/** Changes are drawn together at most this much later, in milliseconds: one frame of the screen. */
const DRAW_MS = 16;

/** What a room tells. */
export interface RoomEvents {
  /** Something to show has changed. */
  changed(): void;
  /** A message has come. */
  arrived(message: MessageFrame): void;
  /** Somebody began or ceased to type, came or went. */
  people(): void;
}

/** One open thread: what is shown of it, what is being sent, who is there. */
export class Room {
  /** The thread's id. */
  readonly id: string;
  readonly #user: string;
  readonly #thread: Thread;
  readonly #events: RoomEvents;
  readonly #transcript = new Transcript();
  #filled = false;
  #more = false;
  #loading = false;
  #unseen = 0;
  /** Whether the reader has the end of the log before their eyes; the page keeps it. */
  #watched = true;
  #problem = '';
  #drawTimer: ReturnType<typeof setTimeout> | null = null;
  #markTimer: ReturnType<typeof setTimeout> | null = null;
  #left = false;

  constructor(client: Client, id: string, user: string, events: RoomEvents) {
    this.id = id;
    this.#user = user;
    this.#events = events;
    this.#thread = client.thread(id);
    this.#thread.on('subscribed', () => {
      if (!this.#filled && !this.#loading) void this.#fill();
    });
    this.#thread.on('message', (message) => {
      this.#arrived(message);
    });
    this.#thread.on('gap', (gap) => {
      this.#transcript.mark(gap);
      if (gap.reason === 'epoch') this.#more = false;
      this.#draw();
    });
    this.#thread.on('presence', () => {
      this.#events.people();
    });
    this.#thread.on('typing', () => {
      this.#events.people();
    });
    this.#thread.on('refused', (error) => {
      this.#problem = error.message;
      this.#events.people();
    });
  }

  /** Users there now. */
  get present(): readonly string[] {
    return this.#thread.present;
  }

  /** Users typing now. */
  get typists(): readonly string[] {
    return this.#thread.typists.filter((user) => user !== this.#user);
  }

  /** Why the thread cannot be read; empty when it can. */
  get problem(): string {
    return this.#problem;
  }

  /** What the log shows. */
  get content(): LogContent {
    return {
      rows: this.#transcript.rows(this.#user),
      more: this.#hasMore(),
      loading: this.#loading || !this.#filled,
      detached: this.#transcript.detached,
      unseen: this.#unseen
    };
  }

  /** Sends a text, shown at once. */
  send(text: string): void {
    this.#send(newMid(Date.now()), text);
  }

  /** Sends again what failed. */
  retry(mid: string): void {
    const draft = this.#transcript.draftOf(mid);
    if (draft?.state !== 'failed') return;
    this.#send(mid, draft.text);
  }

  /** Drops what failed. */
  discard(mid: string): void {
    if (this.#transcript.draftOf(mid)?.state === 'failed') this.#transcript.discard(mid);
    this.#draw();
  }

  /** Says that the user types, or no longer does. */
  typing(on: boolean): void {
    this.#thread.typing(on);
  }

  /** Says whether the reader has the end of the log before their eyes. */
  watch(watched: boolean): void {
    this.#watched = watched;
    if (!watched) return;
    if (this.#unseen > 0) {
      this.#unseen = 0;
      this.#draw();
    }
    this.#markSoon();
  }

  /** Loads the page before what is shown; does nothing while one is under way. */
  async loadOlder(): Promise<void> {
    const before = this.#transcript.oldest;
    if (this.#loading || !this.#hasMore() || before === null) return;
    await this.#load(before);
  }

  /** Goes back to the end of the log after older messages have pushed it out. */
  async latest(): Promise<void> {
    this.#unseen = 0;
    if (!this.#transcript.detached || this.#loading) return;
    this.#transcript.clear();
    await this.#fill();
  }

  /** Leaves the thread. */
  leave(): void {
    this.#left = true;
    clearTimeout(this.#drawTimer ?? undefined);
    clearTimeout(this.#markTimer ?? undefined);
    this.#thread.leave();
  }

  #hasMore(): boolean {
    return this.#more || this.#transcript.trimmed;
  }

  async #fill(): Promise<void> {
    const position = this.#thread.position;
    const first = this.#transcript.oldest;
    // Up to what came by itself: nothing twice, nothing between.
    this.#filled = await this.#load(first ?? (position?.offset ?? 0) + 1);
    this.#draw();
  }

  /** Answers whether the page came. */
  async #load(before: number): Promise<boolean> {
    this.#loading = true;
    this.#draw();
    try {
      const page = await this.#thread.history({ before, limit: PAGE });
      this.#transcript.prepend(page.messages);
      this.#more = page.more;
      return true;
    } catch (error) {
      // Without its history the thread still works; it is asked for again on scrolling or on the next connection.
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
    if (message.from.user !== this.#user) {
      if (!this.#watched) this.#unseen += 1;
    }
    this.#events.arrived(message);
    this.#events.people();
    this.#draw();
    this.#markSoon();
  }

  #send(mid: string, text: string): void {
    const draft = { mid, text, at: Date.now(), problem: '' };
    this.#transcript.draft({ ...draft, state: 'sending' });
    this.#draw();
    this.#thread.send({ text }, { mid }).then(
      () => {
        this.#transcript.draft({ ...draft, state: 'sent' });
        this.#draw();
      },
      (error: unknown) => {
        const problem = error instanceof Error ? error.message : String(error);
        this.#transcript.draft({ ...draft, state: 'failed', problem });
        this.#draw();
      }
    );
  }

  #draw(): void {
    if (this.#left) return;
    this.#drawTimer ??= setTimeout(() => {
      this.#drawTimer = null;
      this.#events.changed();
    }, DRAW_MS);
  }

  #markSoon(): void {
    if (this.#left || !this.#watched) return;
    this.#markTimer ??= setTimeout(() => {
      this.#markTimer = null;
      const { newest } = this.#transcript;
      if (this.#watched && newest !== null) this.#thread.markRead(newest);
    }, MARK_MS);
  }
}
