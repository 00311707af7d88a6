/** A proxy in front of a server that is set up badly, in one of many ways. */
import { createServer, request, type ServerResponse } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';

/** What the proxy does wrong; each is changed while it runs. */
export interface Wrong {
  /** Returns the frames that the client gets for one of the server. */
  frames: (frame: Readonly<Record<string, unknown>>) => readonly object[];
  /** Returns the code with which the connection is closed in place of a frame; null passes the frame on. */
  closes: (frame: Readonly<Record<string, unknown>>) => number | null;
  /** Returns how a path is answered instead; null lets the server answer. */
  answers: (path: string) => { readonly status: number; readonly body: string } | null;
  /** Whether answers are passed on only when they are complete. */
  isBuffering: boolean;
  /** Whether upgrades are refused, as by a proxy that knows no WebSocket. */
  isWithoutUpgrade: boolean;
}

/** The proxy. */
export interface BadProxy {
  readonly url: string;
  readonly wrong: Wrong;
  /** Makes it right again. */
  mend(): void;
  stop(): Promise<void>;
}

const right = (): Wrong => ({
  frames: (frame) => [frame],
  closes: () => null,
  answers: () => null,
  isBuffering: false,
  isWithoutUpgrade: false
});

/** Starts it on a free port of loopback. */
export async function startBadProxy(target: string): Promise<BadProxy> {
  const wrong = right();
  const server = createServer((asked, reply) => {
    const path = asked.url ?? '/';
    const own = wrong.answers(path);
    if (own !== null) {
      reply.writeHead(own.status, { 'content-type': 'text/html' }).end(own.body);
      return;
    }
    const { method, headers } = asked;
    const onward = request(new URL(path, target), { method, headers }, (answer) => {
      const { statusCode = 0, headers: got } = answer;
      if (wrong.isBuffering) {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => reply.writeHead(statusCode, got).end(Buffer.concat(parts)));
      } else {
        reply.writeHead(statusCode, got);
        answer.pipe(reply);
      }
    });
    onward.on('error', () => reply.destroy());
    reply.on('close', () => onward.destroy());
    asked.pipe(onward);
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (asked, socket, head) => {
    if (wrong.isWithoutUpgrade) {
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(asked, socket, head, (client) => {
      passOn(client, new WebSocket(`${target.replace(/^http/, 'ws')}/ws`, 'rollcall.v1'), wrong);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    wrong,
    mend: () => Object.assign(wrong, right()),
    stop: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  };
}

function passOn(client: WebSocket, server: WebSocket, wrong: Wrong): void {
  const early: string[] = [];
  client.on('message', (data: Buffer) => {
    if (server.readyState === WebSocket.OPEN) server.send(data.toString());
    else early.push(data.toString());
  });
  server.on('open', () => {
    for (const text of early) server.send(text);
  });
  server.on('message', (data: Buffer) => {
    const told = data
      .toString()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    const code = told.map((frame) => wrong.closes(frame)).find((each) => each !== null);
    if (code !== undefined) {
      client.close(code);
      return;
    }
    const frames = told.flatMap((frame) => wrong.frames(frame));
    if (frames.length > 0) client.send(frames.map((frame) => JSON.stringify(frame)).join('\n'));
  });
  server.on('close', (code) => {
    client.close(code === 1006 || code === 1005 ? 1000 : code);
  });
  client.on('close', () => {
    server.terminate();
  });
  for (const socket of [client, server]) socket.on('error', () => undefined);
}

/** Answers whatever is asked with a page. */
export function somePage(reply: ServerResponse): void {
  reply.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome!</html>');
}
