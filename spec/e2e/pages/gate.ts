import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy in front of a server. Shut it to simulate a network failure. */
export interface Gate {
  readonly url: string;
  /** Cuts every connection and refuses new ones. */
  shut(): void;
  /** Lets connections through again. */
  open(): void;
  stop(): Promise<void>;
}

/** Starts a gate on loopback before the server at `target`. */
export async function startGate(target: string): Promise<Gate> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let shut = false;
  const server = createServer((client) => {
    if (shut) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(port), hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client]
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const url = await new Promise<string>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) {
        resolve(`http://127.0.0.1:${String(address.port)}`);
      }
    });
  });
  const cut = (): void => {
    for (const socket of [...sockets]) socket.destroy();
  };
  return {
    url,
    shut: () => {
      shut = true;
      cut();
    },
    open: () => {
      shut = false;
    },
    stop: () => {
      cut();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    }
  };
}
