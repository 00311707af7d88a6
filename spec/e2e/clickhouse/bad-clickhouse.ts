/** Broken servers for CLICKHOUSE_URL, in place of a working ClickHouse. */
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';

/** Nothing listens · never answers · sends headers and no body · sends another kind of page · closes at once. */
export const BAD_KINDS = ['refusing', 'hanging', 'halfHanging', 'nonsense', 'closing'] as const;

/** One of {@link BAD_KINDS}. */
export type BadKind = (typeof BAD_KINDS)[number];

/** A running broken server. */
export interface BadClickhouse {
  readonly url: string;
  /** Number of connections that it accepted. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

function make(kind: BadKind): Server {
  switch (kind) {
    case 'refusing':
    case 'hanging':
      return createServer();
    case 'closing':
      return createServer((socket) => socket.destroy());
    case 'halfHanging':
      return createHttpServer((_, response) => {
        response.writeHead(200, { 'x-clickhouse-server-display-name': 'half' });
        response.flushHeaders();
      });
    case 'nonsense':
      return createHttpServer((_, response) => {
        response.end('<html><body>Welcome!</body></html>');
      });
  }
}

/** Starts a broken server on a free port of loopback. */
export async function startBadClickhouse(kind: BadKind): Promise<BadClickhouse> {
  const server = make(kind);
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  if (kind === 'refusing') await stop();
  const url = `http://ada:hush@127.0.0.1:${String(address.port)}/chat`;
  return { url, connections: () => connections, stop };
}
