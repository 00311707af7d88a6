import { expect } from 'chai';
import { WebSocket } from 'ws';
import { connect, type Client } from '../../../client/sdk/client.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from './transports.js';

const THREADS = 23;

for (const transport of TRANSPORTS) {
  describe(`the SDK's pages of threads on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess | undefined;
    let client: Client;

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({ env: { TRANSPORT: transport, LIMIT_PUBLISH_PER_SECOND: '0' } });
      client = connect(server.url, { user: 'ada', WebSocket });
      // Sent together, so that many threads have the same time.
      await Promise.all(
        Array.from({ length: THREADS }, (_, n) =>
          client.publish(`t-${String(n)}`, 'x', { expect: 'stored' })
        )
      );
    });
    after(async () => {
      (client as Client | undefined)?.close();
      await server?.stop();
    });

    /** Reads all pages; each starts where the one before ended. */
    const readAll = async (limit: number): Promise<string[][]> => {
      let page = await client.threads({ limit });
      const pages = [page];
      while (page.next !== undefined) {
        page = await client.threads({ limit, ...page.next });
        pages.push(page);
      }
      expect(pages.map(({ more }) => more)).to.eql(pages.map((each) => each !== page));
      return pages.map(({ threads }) => threads.map(({ thread }) => thread));
    };

    for (const limit of [1, 5, 7, THREADS]) {
      it(`hold every thread once, newest first, in pages of ${String(limit)}`, async () => {
        const whole = (await client.threads({ limit: 500 })).threads.map(({ thread }) => thread);
        const pages = await readAll(limit);
        const [first = 0, ...rest] = pages.map(({ length }) => length);
        // The first request names no thread, so its page may be longer: it has all threads with the time of its last
        // one.
        expect(first).to.be.within(limit, THREADS);
        expect(rest.slice(0, -1)).to.eql(rest.slice(1).map(() => limit));
        expect(rest.at(-1) ?? limit).to.be.within(1, limit);
        expect(pages.flat()).to.eql(whole);
        expect(new Set(whole).size).to.equal(THREADS);
      });
    }
  });
}
