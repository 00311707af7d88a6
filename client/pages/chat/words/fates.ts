/** Finds out what has become of this user's messages, from what the page has received: stored, delivered, read. */

/** What has become of a message. Each state includes the ones before it. */
export type Fate =
  /** In the server's log. */
  | { readonly state: 'stored' }
  /** Somebody else was present in the thread, so the server has sent it to them. */
  | { readonly state: 'delivered' }
  /** Others have marked the thread as read up to this message or further. */
  | { readonly state: 'read'; readonly by: readonly string[] };

/** Most readers remembered; the one whose mark moved longest ago is dropped first. */
const READERS_MAX = 50;

/**
 * Follows one thread. A message from before the page joined counts as stored or read, never as delivered: nothing says
 * who was there.
 */
export class Fates {
  readonly #user: string;
  /** Read marks of the others. */
  readonly #read = new Map<string, number>();
  /** Offset of the first message that came live, and of the newest one that others have received. */
  #first: number | null = null;
  #newest = 0;
  #delivered = 0;
  #hasOthers = false;

  constructor(user: string) {
    this.#user = user;
  }

  /** A message has come live. */
  came(offset: number): void {
    this.#first ??= offset;
    this.#newest = Math.max(this.#newest, offset);
    this.#deliver();
  }

  /** Somebody joined or left. The first to join also gets the messages that nobody had received. */
  people(present: readonly string[], count: number): void {
    this.#hasOthers = present.some((user) => user !== this.#user) || count > present.length + 1;
    this.#deliver();
  }

  /** Somebody has read up to this offset. */
  marked(user: string, read: number): void {
    if (user === this.#user) return;
    const before = this.#read.get(user) ?? 0;
    this.#read.delete(user);
    this.#read.set(user, Math.max(before, read));
    const [oldest] = this.#read.keys();
    if (this.#read.size > READERS_MAX && oldest !== undefined) this.#read.delete(oldest);
  }

  /** The thread has a new epoch, so its offsets begin anew. */
  clear(): void {
    this.#read.clear();
    this.#first = null;
    this.#newest = 0;
    this.#delivered = 0;
  }

  /** Returns what has become of this user's message at an offset. */
  of(offset: number): Fate {
    const by = [...this.#read].filter(([, read]) => read >= offset).map(([user]) => user);
    if (by.length > 0) return { state: 'read', by };
    const isLive = this.#first !== null && offset >= this.#first;
    return { state: isLive && offset <= this.#delivered ? 'delivered' : 'stored' };
  }

  #deliver(): void {
    if (this.#hasOthers) this.#delivered = this.#newest;
  }
}
