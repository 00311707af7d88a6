/** A model's server that streams an answer with the time in each piece, and notes how long a closed request took. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';

/** The time in a piece of text, in milliseconds of `performance.now()` of this process. */
export const TIME_IN_PIECE = /@(\d+\.\d{2});/g;

/** A running provider. */
export interface Provider {
  readonly url: string;
  /** Requests that are being answered. */
  readonly open: number;
  /** Called with the time at which a request was closed from the other side. */
  onClosed: (atMs: number) => void;
  stop(): Promise<void>;
}

/** Starts a provider that sends each request so many pieces a second, until the other side closes it. */
export async function startProvider(perSecond: number): Promise<Provider> {
  const open = new Map<ServerResponse, NodeJS.Timeout>();
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const everyMs = 1_000 / perSecond;
    const say = (): void => {
      const content = `word@${performance.now().toFixed(2)};`;
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`);
    };
    // The streams of all runs are spread over the interval, as those of real models are.
    const begin = setTimeout(() => {
      if (open.has(response)) open.set(response, setInterval(say, everyMs));
    }, Math.random() * everyMs);
    open.set(response, begin);
    response.on('close', () => {
      clearInterval(open.get(response));
      open.delete(response);
      provider.onClosed(performance.now());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const provider: Provider = {
    url: `http://127.0.0.1:${String(port)}/v1`,
    get open() {
      return open.size;
    },
    onClosed: () => undefined,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  };
  return provider;
}
