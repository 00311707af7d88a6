/** A client of server-sent events that follows the standard. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
import { get, type IncomingMessage } from 'node:http';

/** One event of a stream; `id` is null when the event has none. */
export interface StreamEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** Options of a stream. */
export interface EventReaderOptions {
  readonly lastEventId?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called with each event. */
  readonly event: (event: StreamEvent) => void;
}

/** A stream that is open or being opened. */
export interface EventReader {
  /** HTTP status of the response; rejects when there is no response. */
  readonly status: Promise<number>;
  /** The response itself; rejects when there is none. */
  readonly response: Promise<IncomingMessage>;
  /** Resolves when the stream has ended: true when the server completed it, false when it was cut off. */
  readonly ended: Promise<boolean>;
  /** Stops reading, so that the server's buffers fill. Does nothing before the response is there. */
  pause(): void;
  resume(): void;
  /** Cuts the stream. */
  close(): void;
}

/** Opens a stream. */
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
  // A caller may wait for `ended` only: without a handler these rejections would end the process.
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

/** Splits the text of a stream into events. A piece may end in the middle of one. */
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
