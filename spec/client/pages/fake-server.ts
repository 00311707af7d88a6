/**
 * Serves the chat page, bundled in memory, and a {@link FakeRollcall} on loopback, with the headers of the real server.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { WebSocketServer, type WebSocket } from 'ws';
import { FakeRollcall } from '../sdk/fake-rollcall.js';

/** A running fake server. */
export interface FakeServer {
  readonly url: string;
  readonly rollcall: FakeRollcall;
  /** Answer of `/status`; with null, `/status` is not found. */
  readonly status: { report: object | null };
  stop(): Promise<void>;
}

const PAGE = join(import.meta.dirname, '../../../client/pages/chat');

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml'
};

let built: Promise<ReadonlyMap<string, string>> | null = null;

/** Returns the page's script and style sheet by file name; they are built once for all specs. */
function bundled(): Promise<ReadonlyMap<string, string>> {
  built ??= bundle();
  return built;
}

async function bundle(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: [join(PAGE, 'chat.ts'), join(PAGE, 'chat.css')],
    outdir: PAGE,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false
  });
  return new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
}

/** Connects a WebSocket to a fake server. */
export function acceptSocket(rollcall: FakeRollcall, ws: WebSocket): void {
  const connection = rollcall.accept({
    send: (text) => {
      ws.send(text);
    },
    close: (code, reason) => {
      if (code === 1006) ws.terminate();
      else ws.close(code, reason);
    }
  });
  ws.on('message', (data) => {
    if (Buffer.isBuffer(data)) rollcall.take(connection, data.toString());
  });
  ws.on('close', () => {
    rollcall.gone(connection);
  });
}

/** Starts a fake server; with `port` 0 on a free port. */
export async function startFakeServer(
  rollcall: FakeRollcall = new FakeRollcall(),
  port = 0
): Promise<FakeServer> {
  const files = await bundled();
  const status: FakeServer['status'] = { report: null };
  const http = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/status' && status.report !== null) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(status.report));
      return;
    }
    const name = path === '/' ? 'index.html' : path.replace(/^\/assets\/chat\//, '');
    if (!/^[a-z]+\.(?:html|js|css|svg)$/.test(name)) {
      response.writeHead(404).end();
      return;
    }
    Promise.resolve(files.get(name) ?? readFile(join(PAGE, name))).then(
      (body) => {
        response.writeHead(200, {
          'content-type': TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain',
          'content-security-policy': "default-src 'self'; connect-src 'self'"
        });
        response.end(body);
      },
      () => response.writeHead(404).end()
    );
  });
  const sockets = new WebSocketServer({ noServer: true });
  http.on('upgrade', (request, socket, head) => {
    if (rollcall.refusals > 0) {
      rollcall.refusals -= 1;
      socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      acceptSocket(rollcall, ws);
    });
  });
  const url = await new Promise<string>((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, '127.0.0.1', () => {
      const address = http.address();
      const taken = typeof address === 'object' && address !== null ? address.port : port;
      resolve(`http://127.0.0.1:${String(taken)}`);
    });
  });
  return {
    url,
    rollcall,
    status,
    stop: async () => {
      for (const ws of sockets.clients) ws.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    }
  };
}
