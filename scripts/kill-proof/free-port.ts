/** A port that a server can have again and again. */
import { createServer } from 'node:net';
import { between } from './random.js';

/** Ports tried: below those that the system gives to outgoing connections. */
const PORT_LEAST = 20_000;
const PORT_MOST = 29_999;

/** Finds one; chance of the system's, for several runs at once. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = between(Math.random, PORT_LEAST, PORT_MOST);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => {
        resolve(false);
      });
      server.listen(port, '127.0.0.1', () => {
        server.close(() => {
          resolve(true);
        });
      });
    });
    if (isFree) return port;
  }
}
