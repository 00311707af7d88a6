/** One connection of a user in the fuzzing of access: what it received, and whether it was allowed to. */
import { WebSocket } from 'ws';
import { misfit } from '../../../spec/e2e/wire/frame-check.js';
import { isFrame } from '../../kill-proof/link.js';
import type { AccessModel, Act } from './access-model.js';

/** A token: its user, its id, and the rights that it names itself. */
export interface Token {
  readonly user: string;
  readonly jti: string;
  readonly text: string;
  /** Tells whether the token itself allows an act in a thread; null when the thread's record decides. */
  readonly grants: ((thread: string, act: Act) => boolean) | null;
  /** When the server confirmed that it is revoked; null before. */
  revokedAt: number | null;
}

/** A message that was published: its text is a secret of its thread. */
export interface Secret {
  readonly thread: string;
  readonly sentAt: number;
}

/** What all clients share. */
export interface Shared {
  readonly model: AccessModel;
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly fault: (sentence: string) => void;
  readonly note: (answer: string) => void;
}

/** An answer of the server to a frame. */
export interface Reply {
  readonly type: string;
  readonly code: string;
}

/** Frames that only subscribers get, except that one with an `id` is an answer and a message may be a fallback. */
const OF_SUBSCRIBERS: readonly string[] = ['message', 'typing', 'presence', 'caught_up'];

/** A token of a connection, and the span in which it may have been in force. */
interface Held {
  readonly token: Token;
  readonly from: number;
  to: number | null;
  /** Whether the server has not answered it yet. */
  isAsked: boolean;
}

/** The tokens of a user on one connection or request, one after the other. */
export class Holder {
  readonly user: string;
  readonly #shared: Shared;
  readonly #tokens: Held[];

  constructor(shared: Shared, token: Token) {
    this.#shared = shared;
    this.user = token.user;
    this.#tokens = [{ token, from: shared.model.now(), to: null, isAsked: false }];
  }

  /**
   * Notes that another token is being sent. Call the returned function with whether the server took it, which ends the
   * ones before.
   */
  replacing(token: Token): (isTaken: boolean) => void {
    const held: Held = { token, from: this.#shared.model.now(), to: null, isAsked: true };
    this.#tokens.push(held);
    return (isTaken) => {
      held.isAsked = false;
      const ended = isTaken ? this.#tokens.filter((other) => other !== held) : [held];
      for (const other of ended) if (!other.isAsked) other.to ??= this.#shared.model.now();
    };
  }

  /** Returns whether its user may have had a right by one of its tokens at some moment of a span. */
  mayHave(thread: string, act: Act, from: number, to: number): boolean {
    return this.#tokens.some((held) => {
      const first = Math.max(from, held.from);
      const last = Math.min(to, held.to ?? to, held.token.revokedAt ?? to);
      if (first > last) return false;
      const { grants } = held.token;
      if (grants !== null) return grants(thread, act);
      return this.#shared.model.mayHave(thread, this.user, act, first, last);
    });
  }

  /** Returns whether its only token leaves all rights to the record of a thread, and is not revoked. */
  isPlain(): boolean {
    const [first, second] = this.#tokens;
    return second === undefined && first?.token.grants === null && first.token.revokedAt === null;
  }

  /** Finds faults in a text that the user got: each secret in it must be of a thread that it may have read meanwhile. */
  check(text: string, how: string): void {
    for (const name of new Set(text.match(/secret-\d+-/g))) {
      const secret = this.#shared.secrets.get(name);
      if (secret === undefined) continue;
      const { thread, sentAt } = secret;
      if (this.mayHave(thread, 'read', sentAt, this.#shared.model.now())) continue;
      this.#shared.fault(`${this.user} got ${name} of ${thread} by ${how}: ${text.slice(0, 150)}`);
    }
  }
}

/** A WebSocket. */
export class AccessClient {
  readonly holder: Holder;
  readonly #socket: WebSocket;
  readonly #shared: Shared;
  readonly #asked = new Map<string, (reply: Reply | null) => void>();
  readonly #left = new Set<string>();
  #nextId = 0;

  constructor(url: string, token: Token, shared: Shared) {
    this.#shared = shared;
    this.holder = new Holder(shared, token);
    this.#socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (data: Buffer) => {
      for (const line of data.toString().split('\n')) this.#take(line);
    });
    this.#socket.on('close', () => {
      for (const answer of this.#asked.values()) answer(null);
      this.#asked.clear();
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Waits until the socket is open, or has failed. */
  async opened(): Promise<void> {
    if (this.#socket.readyState !== WebSocket.CONNECTING) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('open', resolve);
      this.#socket.once('close', () => {
        resolve();
      });
    });
  }

  /** Sends a frame and waits for its answer; null when the connection ends first, an error when it has ended before. */
  async ask(frame: object): Promise<Reply | null> {
    if (!this.isOpen) return { type: 'error', code: 'not sent' };
    const id = `q${String((this.#nextId += 1))}`;
    return await new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#socket.send(JSON.stringify({ ...frame, id }));
    });
  }

  /** Sends a frame that has no answer. */
  say(frame: object): void {
    if (this.isOpen) this.#socket.send(JSON.stringify(frame));
  }

  close(): void {
    this.#socket.terminate();
  }

  #take(line: string): void {
    const { fault, note } = this.#shared;
    const frame: unknown = JSON.parse(line);
    if (!isFrame(frame)) {
      fault(`no frame: ${line.slice(0, 150)}`);
      return;
    }
    const wrong = misfit(frame);
    if (wrong !== null) fault(wrong);
    this.holder.check(line, frame.type);
    const id = 'id' in frame ? String(frame.id) : '';
    note(frame.type === 'error' ? `error ${String(frame.code)}` : frame.type);
    if (frame.type === 'unsubscribed' && id === '') this.#left.add(frame.thread);
    else if (frame.type === 'subscribed') this.#left.delete(frame.thread);
    else if (this.#left.has(frame.thread) && OF_SUBSCRIBERS.includes(frame.type) && id === '') {
      const isFallback = 'fallback' in frame && frame.fallback === true;
      if (!isFallback)
        fault(`${this.holder.user} got after it was sent away: ${line.slice(0, 150)}`);
    }
    const answer = this.#asked.get(id);
    if (answer === undefined) return;
    this.#asked.delete(id);
    answer({ type: frame.type, code: String(frame.code) });
  }
}
