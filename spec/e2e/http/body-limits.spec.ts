import { expect } from 'chai';
import { KEY, PRODUCTION } from '../access/doors.js';
import { ROUTES } from '../access/routes.js';
import { startServer, type ServerProcess } from '../servers/server-process.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';

/** Routes that read a body, and bytes that are too many there: a client of the AI SDK sends a chat whole. */
const WITH_BODY = Object.entries(ROUTES).flatMap(([route, [, path, body]]) =>
  body === undefined ? [] : [{ route, path, bytes: path.startsWith('/ai/') ? 1_100_000 : 70_000 }]
);

for (const transport of TRANSPORTS) {
  describe(`bodies that are too large on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;

    before(async function () {
      requireTransport(this, transport);
      server = await startServer({
        env: {
          ...PRODUCTION,
          TRANSPORT: transport,
          // Without it there are no routes of webhooks.
          WEBHOOK_URL: 'http://127.0.0.1:9/',
          WEBHOOK_ALLOW_PRIVATE: 'true',
          WEBHOOK_SECRET: 'a-secret-of-the-specs-of-webhooks-and-bodies'
        }
      });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
    });

    const counted = async (): Promise<number> => {
      const response = await fetch(`${server.url}/status`, { headers: { 'x-api-key': KEY } });
      const { limited } = (await response.json()) as { limited: { frame_bytes?: number } };
      return limited.frame_bytes ?? 0;
    };

    it('are refused and counted at every route that reads one', async () => {
      expect(WITH_BODY.length).to.be.at.least(6);
      for (const [index, { route, path, bytes }] of WITH_BODY.entries()) {
        const [method = ''] = route.split(' ');
        const response = await fetch(server.url + path, {
          method,
          headers: { 'x-api-key': KEY },
          body: JSON.stringify({ pad: 'x'.repeat(bytes) })
        });
        const { code } = (await response.json()) as { code: string };
        expect(`${route} ${String(response.status)} ${code}`).to.equal(`${route} 413 too_large`);
        expect(await counted(), route).to.equal(index + 1);
      }
    });
  });
}
