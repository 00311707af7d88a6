/** A client of server-sent events, as the standard has it. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
import { get, type IncomingMessage } from 'node:http';

/** One event. */
export interface StreamEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** How a stream is opened. */
export interface EventReaderOptions {
  readonly lastEventId?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly event: (event: StreamEvent) => void;
}

/** An open stream, or an attempt at one. */
export interface EventReader {
  /** Status of the answer; rejects when there is none. */
  readonly status: Promise<number>;
  /** The answer itself; rejects when there is none. */
  readonly response: Promise<IncomingMessage>;
  /** Resolves when the stream has ended, however it did; true when the server ended it in good order. */
  readonly ended: Promise<boolean>;
  /** Stops reading once there is an answer: what the server sends fills its buffers. */
  pause(): void;
  resume(): void;
  /** Cuts the stream. */
  close(): void;
}

/** Opens a stream; every event goes to `options.event`. */
export function openEvents(url: string, options: EventReaderOptions): EventReader {
  const request = get(url, {
    agent: false,
    headers: {
      accept: 'text/event-stream',
      ...options.headers,
      ...(options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId })
    }
  });
  let answer: IncomingMessage | null = null;
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', (incoming) => {
      answer = incoming;
      const split = new Splitter(options.event);
      incoming.setEncoding('utf8');
      incoming.on('error', () => undefined);
      incoming.on('data', (text: string) => {
        split.take(text);
      });
      resolve(incoming);
    });
    request.on('error', reject);
  });
  const ended = new Promise<boolean>((resolve) => {
    request.once('close', () => {
      resolve(answer?.complete === true);
    });
  });
  // Whoever only waits for the end need not hear of this as well.
  response.catch(() => undefined);
  const status = response.then((incoming) => incoming.statusCode ?? 0);
  status.catch(() => undefined);
  return {
    status,
    response,
    ended,
    pause: () => answer?.pause(),
    resume: () => answer?.resume(),
    close: () => {
      request.destroy();
    }
  };
}

/** Cuts text into events, wherever the pieces of it end. */
class Splitter {
  readonly #event: (event: StreamEvent) => void;
  #rest = '';

  constructor(event: (event: StreamEvent) => void) {
    this.#event = event;
  }

  take(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) this.#block(block);
  }

  #block(block: string): void {
    let id: string | null = null;
    let event = 'message';
    const data: string[] = [];
    for (const line of block.split('\n')) {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (name === 'id') id = value;
      else if (name === 'event') event = value;
      else if (name === 'data') data.push(value);
    }
    if (data.length > 0) this.#event({ id, event, data: data.join('\n') });
  }
}
