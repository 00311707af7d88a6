/** One answer of an agent as a stream for the AI SDK, which stays open over reconnects. */
import type { AiChunks, AiVersion } from '../../protocol/ai/ai-chunk.js';
import { RunChunks } from '../../protocol/ai/run-chunks.js';
import type { MessageFrame, Run } from '../sdk/client.js';
import { isRecord } from '../sdk/json.js';
import type { RollcallError } from '../sdk/rollcall-error.js';
import { isOpen } from '../sdk/thread/runs/run.js';
import type { HeldThread } from './held-thread.js';

/** What is said of a run whose end was removed from the log. */
const LOST = 'how this answer ended is not known any more';

/** What a stream begins with. */
export interface FollowFrom {
  /** Entries of the log from before the thread was held. */
  readonly older: readonly MessageFrame[];
  /** After this question the message goes on, which has this text already; by default it begins. */
  readonly after?: { readonly ask: string; readonly text: string };
}

/** Writes one run into a stream, once it is known which. */
export class RunFollower<V extends AiVersion> {
  readonly #version: V | 5;
  readonly #held: HeldThread;
  readonly #controller: ReadableStreamDefaultController<AiChunks[V]>;
  readonly #ended: () => void;
  #chunks: RunChunks<V> | null = null;
  #run: string | null = null;
  #stopListening: () => void = () => undefined;
  #isOver = false;

  /** @param ended called once, when the stream is over */
  constructor(
    version: V | 5,
    held: HeldThread,
    controller: ReadableStreamDefaultController<AiChunks[V]>,
    ended: () => void
  ) {
    this.#version = version;
    this.#held = held;
    this.#controller = controller;
    this.#ended = ended;
  }

  /** Id of the run; null until it is known. */
  get run(): string | null {
    return this.#run;
  }

  /** Waits for the run that answers a message, then follows it; ends when another run has been given the message. */
  answer(mid: string, older: readonly MessageFrame[]): void {
    if (this.#isOver || this.#search(mid, older)) return;
    const search = (): void => void this.#search(mid, older);
    this.#listen({ entry: search, run: search, caughtUp: search });
  }

  /** Follows a run: what has happened, then what comes. */
  follow(run: string, from: FollowFrom): void {
    if (this.#isOver) return;
    const { thread } = this.#held;
    const chunks = new RunChunks<V>(this.#version, run);
    this.#chunks = chunks;
    this.#run = run;
    const known = (): Run | undefined => thread.runs.find((one) => one.run === run);
    const { text = '', attempt = 1 } = known() ?? {};
    const entries = [...from.older, ...this.#held.entries];
    const asked = from.after === undefined ? -1 : entries.findIndex(isAsk(from.after.ask));
    if (from.after === undefined || asked < 0) this.#put(chunks.replay(entries, { text, attempt }));
    else {
      chunks.replay(entries.slice(0, asked + 1), { text: from.after.text, attempt: 1 });
      chunks.skip(from.after.text);
      for (const entry of entries.slice(asked + 1)) this.#put(chunks.entry(entry));
      this.#put(chunks.text(0, text, attempt));
    }
    const check = (): void => {
      if (this.#isOver) return;
      const now = known();
      if (now === undefined || now.state === 'lost') this.#put(chunks.lost(LOST));
    };
    // The thread tells an entry before it has changed the run.
    queueMicrotask(check);
    this.#listen({
      entry: (message) => {
        this.#put(chunks.entry(message));
      },
      run: (changed) => {
        if (changed.run !== run) return;
        if (isOpen(changed)) this.#put(chunks.text(0, changed.text, changed.attempt));
        check();
      },
      caughtUp: check
    });
  }

  /** Ends the stream without a word. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopListening();
    this.#controller.close();
    this.#ended();
  }

  /** Ends the stream with an error that its reader throws. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopListening();
    this.#controller.error(error);
    this.#ended();
  }

  /** For a stream that its reader has cancelled. */
  left(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopListening();
    this.#ended();
  }

  #listen(events: {
    entry: (message: MessageFrame) => void;
    run: (run: Run) => void;
    caughtUp: () => void;
  }): void {
    this.#stopListening();
    if (this.#isOver) return;
    this.#stopListening = this.#held.listen({
      ...events,
      over: (error: RollcallError) => {
        this.fail(error);
      }
    });
  }

  /** Returns whether it is known what becomes of the message. */
  #search(mid: string, older: readonly MessageFrame[]): boolean {
    const { entries, thread } = this.#held;
    for (const { kind, body } of [...older, ...entries]) {
      if (!isRecord(body)) continue;
      if (kind === 'agent_steered' && body['mid'] === mid) {
        this.end();
        return true;
      }
      if (body['inReplyTo'] !== mid || typeof body['run'] !== 'string') continue;
      this.follow(body['run'], { older });
      return true;
    }
    const told = thread.runs.find(({ inReplyTo }) => inReplyTo === mid);
    if (told !== undefined) this.follow(told.run, { older });
    return told !== undefined;
  }

  #put(chunks: readonly AiChunks[V][]): void {
    if (this.#isOver) return;
    for (const chunk of chunks) this.#controller.enqueue(chunk);
    if (this.#chunks?.isOver === true) this.end();
  }
}

function isAsk(ask: string): (message: MessageFrame) => boolean {
  return ({ kind, body }) => kind === 'agent_waiting' && isRecord(body) && body['ask'] === ask;
}
