/** A model server on loopback that does what a spec says. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that the stub got. */
export interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: {
    readonly model: string;
    readonly stream: boolean;
    readonly stream_options: unknown;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
  };
}

/** How the stub answers a request. */
export type Behaviour = (response: ServerResponse, request: IncomingMessage) => void;

/** A running stub. */
export interface ModelStub {
  readonly url: URL;
  readonly asked: readonly Asked[];
  /** Resolves when the nth question has come. */
  question(nth: number): Promise<void>;
  /** Resolves when the connection of the nth question is closed. */
  closed(nth: number): Promise<void>;
  /** Sets what the stub does from now on: each behaviour answers one question, the last one also all further ones. */
  does(...behaviours: readonly Behaviour[]): void;
  stop(): Promise<void>;
}

/** A chunk of a completion. */
export const piece = (content: string, more: object = {}): string =>
  event({ model: 'm1', choices: [{ index: 0, delta: { content }, finish_reason: null, ...more }] });

/** One event with JSON. */
export const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

/** The chunk that says why the model stopped. */
export const finish = (reason = 'stop'): string =>
  event({ model: 'm1', choices: [{ index: 0, delta: {}, finish_reason: reason }] });

/** The chunk with the tokens used. */
export const USAGE = event({
  model: 'm1',
  choices: [],
  usage: {
    prompt_tokens: 12,
    completion_tokens: 5,
    prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens_details: { reasoning_tokens: 2 }
  }
});

/** The end of a stream. */
export const DONE = 'data: [DONE]\n\n';

/** Answers with a stream of these parts, and ends it. */
export const streams =
  (...parts: readonly (string | Buffer)[]): Behaviour =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    for (const part of parts) response.write(part);
    response.end();
  };

/** Answers with a stream of these parts, and leaves it open. */
export const stalls =
  (...parts: readonly string[]): Behaviour =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    for (const part of parts) response.write(part);
  };

/** Answers with a stream of these parts, and closes the connection. */
export const breaksOff =
  (...parts: readonly string[]): Behaviour =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    response.write(parts.join(''), () => response.socket?.end());
  };

/** Answers with a status and a text. */
export const says =
  (status: number, text: string, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, headers).end(text);
  };

/** Starts a stub. */
export async function modelStub(): Promise<ModelStub> {
  const asked: Asked[] = [];
  const closed: Promise<void>[] = [];
  const waiting = new Set<() => void>();
  let next: Behaviour[] = [];
  const server = createServer((request, response) => {
    closed.push(once(response, 'close').then(() => undefined));
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => (text += part));
    request.on('end', () => {
      const body = JSON.parse(text) as Asked['body'];
      asked.push({ path: request.url ?? '', authorization: request.headers.authorization, body });
      const behaviour = next.length > 1 ? next.shift() : next[0];
      behaviour?.(response, request);
      for (const wake of [...waiting]) wake();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const question = async (nth: number): Promise<void> => {
    while (asked.length < nth) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    }
  };
  return {
    url: new URL(`http://127.0.0.1:${String(port)}/v1/`),
    asked,
    question,
    closed: async (nth) => {
      await question(nth);
      await closed[nth - 1];
    },
    does: (...behaviours) => {
      next = [...behaviours];
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  };
}
