/** The answer of one run as chunks for the AI SDK, from its beginning or after a question, until it ends or asks. */
import { reasonOf } from '../../machines/reason.js';
import type { AiChunk7, AiVersion } from '../../protocol/ai/ai-chunk.js';
import { RunChunks } from '../../protocol/ai/run-chunks.js';
import { closeRule } from '../../protocol/errors.js';
import type { StreamRequest } from '../chat/streams/stream-opener.js';
import type { RunFeed, RunStream } from '../chat/runs/run-feed.js';
import { RunReader, type RunEvent, type RunReaderPorts } from '../chat/runs/run-reader.js';

/** A run whose answer is wanted. */
export interface AnswerOf {
  readonly thread: string;
  readonly run: string;
  readonly version: AiVersion;
}

/** Who reads an answer. */
export interface AnswerPeer {
  /** Returns the bytes that the client has not read yet. */
  readonly buffered: () => number;
  /** Called when the chat pings its connections. */
  readonly onPing?: () => void;
}

/** An answer that can be read. */
export class AiAnswer {
  readonly run: string;
  readonly thread: string;
  private readonly of: AnswerOf;
  private readonly ports: RunReaderPorts;
  private readonly reader: RunReader;
  private readonly chunks: RunChunks<AiVersion>;
  private stream: RunStream | null = null;
  private isClosed = false;
  /** False after a question that was left out, until something has come behind it. */
  private hasGoneOn = true;
  /** Called when the server has ended it: for who waits for something else than the next chunks. */
  onEnd: () => void = () => undefined;

  /** @throws {LogUnavailableError} or `LogCorruptError` when the thread cannot be read */
  constructor(ports: RunReaderPorts, of: AnswerOf) {
    this.of = of;
    this.run = of.run;
    this.thread = of.thread;
    this.ports = ports;
    this.reader = new RunReader(ports, of.thread, { run: of.run }, of.run);
    this.chunks = new RunChunks(of.version, of.run);
  }

  /**
   * Leaves out what the client has: all up to the question that is open.
   * @throws {LogUnavailableError} while the log cannot be read
   */
  skip(): void {
    for (let event = this.reader.next(); event !== null; event = this.reader.next()) {
      this.take(event);
    }
    this.chunks.skip();
    this.hasGoneOn = false;
  }

  /** Begins to follow the run. */
  open(feed: RunFeed, request: StreamRequest, peer: AnswerPeer): void {
    if (this.isClosed) return;
    this.stream = feed.follow(this.reader, { ...request, ...peer });
    this.stream.onEnd = () => {
      this.onEnd();
    };
  }

  /** Resolves to the next chunks, at least one; to null when the answer is over. Never rejects. */
  async next(): Promise<AiChunk7[] | null> {
    const { stream } = this;
    if (stream === null) return null;
    while (!this.isClosed && !this.isTold) {
      const chunks = await this.read(stream);
      if (chunks.length > 0) return chunks;
    }
    this.close();
    return null;
  }

  /** Tells it that the client has read all that was sent. */
  drained(): void {
    this.stream?.drained();
  }

  /** Stops reading; the run goes on. */
  close(): void {
    this.isClosed = true;
    this.stream?.close();
  }

  /** Whether it is followed no more; the last chunks may still be read. */
  get isOver(): boolean {
    return this.isClosed || this.stream?.isOver === true;
  }

  private get isTold(): boolean {
    return this.hasGoneOn && this.chunks.isOver;
  }

  private async read(stream: RunStream): Promise<AiChunk7[]> {
    try {
      const event = await stream.next();
      return event === null ? this.lost(stream.endedWith) : this.take(event);
    } catch (error) {
      return this.chunks.lost(`unavailable: ${reasonOf(error)}`);
    }
  }

  private lost(code: number | null): AiChunk7[] {
    // The client is gone.
    if (code === null) {
      this.isClosed = true;
      return [];
    }
    const why = closeRule(code);
    const how = why?.reconnect === false ? '' : ': resume the stream';
    return this.chunks.lost(`${why?.reason ?? 'disconnected'}${how}`);
  }

  private take(event: RunEvent): AiChunk7[] {
    this.hasGoneOn = true;
    if (event.type === 'text') {
      return this.chunks.text(event.at, event.text, event.attempt);
    }
    const { kind, body } = event;
    if (
      kind === 'agent_waiting' &&
      typeof body['ask'] === 'string' &&
      !this.waitsFor(body['ask'])
    ) {
      this.chunks.passed(body['ask']);
    }
    return this.chunks.entry(event);
  }

  private waitsFor(ask: string): boolean {
    const { thread, run } = this.of;
    return this.ports.runs.of(thread).some((told) => told.run === run && told.ask?.ask === ask);
  }
}
