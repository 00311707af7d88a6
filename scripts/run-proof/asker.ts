/**
 * A client that asks agents and watches what they answer. On every new connection it sends each message without an ack
 * again, under the same `mid`: the server must not answer it twice.
 */
import { Faults } from '../kill-proof/faults.js';
import { Link, type Frame } from '../kill-proof/link.js';
import type { Random } from '../kill-proof/random.js';

/** Wait before a message that the server cannot take now is sent again. */
const REFUSED_WAIT_MS = 100;

/** Id of all answers. */
const ANSWER_ID = 'answer';

/** A message to an agent. */
export interface Question {
  readonly thread: string;
  readonly mid: string;
  readonly text: string;
  /** The agent that is asked. Default: `echo`. */
  readonly agent?: string;
}

/** A piece of an answer as the client got it. */
export interface SeenChunk {
  /** Where it begins in the answer. */
  readonly at: number;
  readonly text: string;
  /** When it came, in milliseconds of `performance.now()`. */
  readonly atMs: number;
}

/** Options of a client. */
export interface AskerOptions {
  readonly url: string;
  readonly user: string;
  readonly random: Random;
}

/** A client that asks agents and watches the answers. */
export class Asker {
  readonly acked = new Set<string>();
  /** Pieces of the answers by run, in the order in which they came. */
  readonly chunks = new Map<string, SeenChunk[]>();
  readonly faults = new Faults();
  readonly #link: Link;
  readonly #threads = new Set<string>();
  readonly #unacked = new Map<string, Question>();

  constructor(options: AskerOptions) {
    this.#link = new Link({
      ...options,
      connected: () => {
        for (const thread of this.#threads) this.#subscribe(thread);
        for (const question of this.#unacked.values()) this.#send(question);
      },
      frame: (frame) => {
        this.#take(frame);
      }
    });
  }

  /** Connections it has had. */
  get connections(): number {
    return this.#link.connections;
  }

  /** Publishes a message for the agent `echo`, and watches its thread. */
  ask(question: Question): void {
    if (!this.#threads.has(question.thread)) {
      this.#threads.add(question.thread);
      this.#subscribe(question.thread);
    }
    this.#unacked.set(question.mid, question);
    this.#send(question);
  }

  /** Watches none of its threads any more. */
  forget(): void {
    for (const thread of this.#threads) this.#link.send({ type: 'unsubscribe', thread });
    this.#threads.clear();
    this.chunks.clear();
  }

  /** Ends the connection. */
  close(): void {
    this.#link.close();
  }

  #subscribe(thread: string): void {
    this.#link.send({ type: 'subscribe', thread, since: 'live' });
  }

  /** Answers an open question. The server refuses a second answer, which is no fault. */
  answer(run: string, ask: string, value: unknown): void {
    this.#link.send({ type: 'answer', id: ANSWER_ID, run, ask, value });
  }

  #send({ thread, mid, text, agent = 'echo' }: Question): void {
    this.#link.send({
      type: 'publish',
      id: mid,
      thread,
      mid,
      kind: 'user_message',
      agent,
      body: { text }
    });
  }

  #take(frame: Frame): void {
    if (frame.type === 'ack') {
      this.acked.add(frame.mid);
      this.#unacked.delete(frame.mid);
    } else if (frame.type === 'chunk') {
      const { run, at, text } = frame;
      if (typeof run !== 'string' || typeof at !== 'number' || typeof text !== 'string') {
        this.faults.add(`a chunk that is none: ${JSON.stringify(frame)}`);
        return;
      }
      const seen = this.chunks.get(run) ?? [];
      seen.push({ at, text, atMs: performance.now() });
      this.chunks.set(run, seen);
    } else if (frame.type === 'error') {
      if ('id' in frame && frame.id === ANSWER_ID) return;
      if (frame.retry !== true) this.faults.add(`refused for good: ${JSON.stringify(frame)}`);
      else setTimeout(() => this.#sendAgain(frame), REFUSED_WAIT_MS).unref();
    }
  }

  /** The id of an error is the mid of what it refuses. */
  #sendAgain(refusal: object): void {
    const mid = 'id' in refusal && typeof refusal.id === 'string' ? refusal.id : '';
    const question = this.#unacked.get(mid);
    if (question !== undefined) this.#send(question);
  }
}
