/**
 * The page's connection to the inspector of its server. It reconnects by itself. After each connect it loads the
 * recording first, then passes on the live messages, which it keeps in order meanwhile.
 */
import {
  INSPECT_SUBPROTOCOL,
  INSPECT_WS_PATH,
  type HelloMessage,
  type InspectReplies,
  type InspectRequests,
  type InspectRequestType,
  type Recording,
  type RecordedMessage,
  type RecordingState
} from '../../../../protocol/inspection.js';
import type { ClientClock } from '../../../sdk/clock.js';
import { isRecord, parsedJson } from '../../../sdk/json.js';
import { isMessage } from '../recording/message-shape.js';
import { recordingOf } from '../recording/recording-file.js';
import { isHello, isRecordingState, replyReader } from './reply-shape.js';

/** Shortest wait before a reconnect, in milliseconds: a server starts within a second. */
export const RETRY_MIN_MS = 250;

/** Longest wait before a reconnect, in milliseconds; short, because one page costs a server little. */
export const RETRY_MAX_MS = 3_000;

/** A request without a reply fails after this time, in milliseconds. */
export const REQUEST_MS = 10_000;

/** Most live messages kept while the recording loads; later ones are discarded. A server sends fewer in that time. */
const BUFFERED_MAX = 20_000;

/** State of the connection. */
export type LinkState =
  | 'connecting'
  | 'loading'
  | 'live'
  /** There is no connection; the next attempt is scheduled. */
  | 'waiting'
  /** The server asks for a token. */
  | 'locked'
  /** The server has no inspector. */
  | 'off';

/** The part of a WebSocket that the link uses. */
export interface LinkSocket {
  send(text: string): void;
  close(): void;
}

/** Events of a socket. */
export interface LinkSocketEvents {
  open(): void;
  message(text: string): void;
  closed(): void;
}

/** An HTTP response. */
export interface LinkAnswer {
  readonly code: number;
  readonly text: string;
}

/** What the link needs from outside, and the callbacks it calls. */
export interface LinkOptions {
  readonly clock: ClientClock;
  /** Opens a socket. @throws when the browser refuses the address or a protocol */
  readonly open: (path: string, protocols: string[], events: LinkSocketEvents) => LinkSocket;
  /** Sends an HTTP GET. Rejects when there is no response. */
  readonly ask: (path: string, token: string | null) => Promise<LinkAnswer>;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly changed: () => void;
  readonly hello: (hello: HelloMessage) => void;
  readonly recording: (recording: Recording, chars: number) => void;
  readonly message: (message: RecordedMessage, chars: number) => void;
  readonly state: (recording: RecordingState) => void;
  readonly dropped: (count: number) => void;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly cancel: () => void;
}

/** Path of the server's recording, without its charts. */
const RECORDING_PATH = '/inspect/recording?charts=false';

/** A token that may be sent as a WebSocket subprotocol; any other is sent in the query. */
const PROTOCOL = /^[\w!#$%&'*+.^`|~-]+$/;

/** A connection to the inspector of one server. */
export class Link {
  readonly #options: LinkOptions;
  #state: LinkState = 'connecting';
  #why: string | null = null;
  #token: string | null;
  #socket: LinkSocket | null = null;
  #buffered: { message: RecordedMessage; chars: number }[] | null = null;
  #failures = 0;
  #lastId = 0;
  #round = 0;
  readonly #waiting = new Map<number, Waiting>();
  #cancelRetry: (() => void) | null = null;

  constructor(options: LinkOptions, token: string | null) {
    this.#options = options;
    this.#token = token;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Why the connection is not live, in words; null when that is unknown. */
  get why(): string | null {
    return this.#why;
  }

  /** Connects, or reconnects at once. */
  start(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#connect();
  }

  /** Reconnects with another token. */
  unlock(token: string): void {
    this.#token = token;
    this.start();
  }

  /** Sends a request and returns the reply. Rejects with an error whose message says why there is none. */
  request<T extends InspectRequestType>(
    type: T,
    asked: InspectRequests[T]
  ): Promise<InspectReplies[T]> {
    const socket = this.#socket;
    if (socket === null) return Promise.reject(new Error('there is no connection to the server'));
    const id = ++this.#lastId;
    return new Promise<InspectReplies[T]>((resolve, reject) => {
      const cancel = this.#options.clock.after(REQUEST_MS, () => {
        this.#waiting.delete(id);
        reject(new Error('the server has not answered'));
      });
      const read = replyReader(type);
      const answered = (result: unknown) => {
        const reply = read(result);
        if (reply === null) reject(new Error('the server has answered something else'));
        else resolve(reply);
      };
      this.#waiting.set(id, { resolve: answered, reject, cancel });
      socket.send(JSON.stringify({ type, id, ...asked }));
    });
  }

  /** Sends an HTTP GET with the token. */
  ask(path: string): Promise<LinkAnswer> {
    return this.#options.ask(path, this.#token);
  }

  /**
   * Loads the recording again, including the messages of threads that nobody watched, which are not sent live. Returns
   * whether the server gave it: the server limits how many it gives in a second.
   */
  async reload(): Promise<boolean> {
    const round = this.#round;
    const { code, text } = await this.ask(RECORDING_PATH);
    if (round !== this.#round || code !== 200) return false;
    const read = recordingOf(parsedJson(text));
    if (read.ok) this.#options.recording(read.recording, text.length);
    return true;
  }

  #connect(): void {
    const round = ++this.#round;
    this.#socket?.close();
    this.#socket = null;
    this.#buffered = [];
    // The reason of the last failure holds until this attempt has ended.
    this.#become('connecting', this.#failures === 0 ? null : this.#why);
    const isStale = () => round !== this.#round;
    let isOpen = false;
    const token = this.#token;
    const isProtocol = token !== null && PROTOCOL.test(token);
    const query = token === null || isProtocol ? '' : `?token=${encodeURIComponent(token)}`;
    const protocols = [INSPECT_SUBPROTOCOL, ...(isProtocol ? [`bearer.${token}`] : [])];
    this.#socket = this.#options.open(INSPECT_WS_PATH + query, protocols, {
      open: () => {
        if (isStale()) return;
        isOpen = true;
        void this.#load(round);
      },
      message: (text) => {
        if (!isStale()) this.#hear(text);
      },
      closed: () => {
        if (isStale()) return;
        this.#socket = null;
        this.#refuseAll();
        if (isOpen) this.#retry(null);
        else void this.#learnWhy(round);
      }
    });
  }

  async #load(round: number): Promise<void> {
    this.#become('loading', null);
    const isLoaded = await this.reload().catch(() => false);
    if (round !== this.#round) return;
    if (!isLoaded) {
      this.#retry('its recording could not be loaded');
      return;
    }
    this.#failures = 0;
    const buffered = this.#buffered ?? [];
    this.#buffered = null;
    for (const { message, chars } of buffered) this.#options.message(message, chars);
    this.#become('live', null);
  }

  /** A browser does not say why a WebSocket upgrade was refused, so this asks over HTTP for the reason. */
  async #learnWhy(round: number): Promise<void> {
    let answer: LinkAnswer | null = null;
    try {
      answer = await this.ask(RECORDING_PATH);
    } catch {
      // There is no server; `answer` stays null, and the reason below says so.
    }
    if (round !== this.#round) return;
    const detail = answer === null ? null : detailOf(answer.text);
    if (answer?.code === 401) this.#become('locked', detail);
    else if (answer?.code === 404) this.#become('off', detail);
    else this.#retry(answer === null ? 'nothing answers at this address' : detail);
  }

  #hear(text: string): void {
    const value = parsedJson(text);
    if (isMessage(value)) {
      if (this.#buffered === null) this.#options.message(value, text.length);
      else if (this.#buffered.length < BUFFERED_MAX) {
        this.#buffered.push({ message: value, chars: text.length });
      }
      return;
    }
    if (!isRecord(value)) return;
    switch (value['type']) {
      case 'inspect.hello':
        if (isHello(value)) this.#options.hello(value);
        return;
      case 'inspect.recording':
        if (isRecordingState(value['recording'])) this.#options.state(value['recording']);
        return;
      case 'inspect.dropped':
        if (typeof value['count'] === 'number') this.#options.dropped(value['count']);
        return;
      case 'inspect.reply':
        this.#answered(value);
        return;
    }
  }

  #answered({ id, ok, result, message }: Readonly<Record<string, unknown>>): void {
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined;
    if (waiting === undefined || typeof id !== 'number') return;
    this.#waiting.delete(id);
    waiting.cancel();
    if (ok === true) waiting.resolve(result);
    else waiting.reject(new Error(typeof message === 'string' ? message : 'the server refuses'));
  }

  #refuseAll(): void {
    for (const { reject, cancel } of this.#waiting.values()) {
      cancel();
      reject(new Error('the connection to the server was lost'));
    }
    this.#waiting.clear();
  }

  #retry(why: string | null): void {
    this.#round++;
    this.#socket?.close();
    this.#socket = null;
    this.#become('waiting', why);
    const bound = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(this.#failures++, 8));
    const waitMs = bound / 2 + (this.#options.random() * bound) / 2;
    this.#cancelRetry = this.#options.clock.after(waitMs, () => {
      this.start();
    });
  }

  #become(state: LinkState, why: string | null): void {
    this.#state = state;
    this.#why = why;
    this.#options.changed();
  }
}

function detailOf(text: string): string | null {
  const value = parsedJson(text);
  const detail = isRecord(value) ? value['detail'] : null;
  return typeof detail === 'string' ? detail : null;
}
