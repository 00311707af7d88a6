/** Finds a port that a server can use again after each restart. */
import { createServer } from 'node:net';
import { between } from './random.js';

/** Range of ports tried: below the ones that the system gives to outgoing connections. */
const PORT_LEAST = 20_000;
const PORT_MOST = 29_999;

/** Finds a free port. It is picked at random, without the seed, so that several runs at once do not collide. */
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
