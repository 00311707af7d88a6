import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { engineIsInstalled } from '../../actors/clickhouse/stores.js';
import { requireTool } from '../../require.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { until } from '../servers/until.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient } from '../wire/wire-client.js';

const SECRET_TEXT = 'a-word-that-must-go';

/** The text of all segments of the write-ahead log. */
function segments(dir: string): string {
  const folder = join(dir, 'log', 'wal');
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}

describe('erasing a message that ClickHouse has', function () {
  this.timeout(90_000);

  it('takes it out of search, also after a kill right behind the answer', async function () {
    requireTool(this, 'chdb', engineIsInstalled(), 'it has no binary for this platform');
    const dir = await temporaryDir();
    const env = { DATA_DIR: dir, CLICKHOUSE_URL: '' };
    const found = async ({ url }: ServerProcess, word: string): Promise<number> => {
      const { messages = [] } = (await (await fetch(`${url}/api/search?q=${word}`)).json()) as {
        messages?: unknown[];
      };
      return messages.length;
    };
    let server = await startServer({ env });
    try {
      for (const mid of ['m1', 'm2']) {
        await fetch(`${server.url}/api/threads/lobby/messages`, {
          method: 'POST',
          body: JSON.stringify({ mid, from: 'ada', body: { text: SECRET_TEXT }, expect: 'stored' })
        });
      }
      await until(
        () => found(server, SECRET_TEXT),
        (count) => count === 2,
        30_000
      );
      await fetch(`${server.url}/api/threads/lobby/messages/m1`, { method: 'DELETE' });
      await server.stop('SIGKILL');
      server = await startServer({ env });
      await until(
        () => found(server, SECRET_TEXT),
        (count) => count === 1,
        40_000
      );
    } finally {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    }
  });
});

for (const transport of TRANSPORTS) {
  describe(`erasing a message on ${transport}`, function () {
    this.timeout(60_000);
    let server: ServerProcess;
    let dir: string;

    before(async function () {
      requireTransport(this, transport);
      dir = await temporaryDir();
      server = await startServer({
        env: { TRANSPORT: transport, DATA_DIR: dir, CLICKHOUSE_URL: 'off' }
      });
    });
    after(async () => {
      await (server as ServerProcess | undefined)?.stop();
      await rm(dir, { recursive: true, force: true });
    });

    const api = async (method: string, path: string, body?: object) => {
      const response = await fetch(`${server.url}/api/${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const publish = (thread: string, mid: string, kind?: string) =>
      api('POST', `threads/${thread}/messages`, {
        mid,
        from: 'ada',
        body: { text: SECRET_TEXT },
        expect: 'stored',
        ...(kind === undefined ? {} : { kind })
      });

    it('leaves it at its offset without its body, tells the subscribers, and notes who did it', async () => {
      await publish('lobby', 'm1');
      const bob = await WireClient.connect(server.url, 'bob');
      await bob.subscribe('lobby');
      const erased = await api('DELETE', 'threads/lobby/messages/m1');
      expect(erased).to.deep.equal({
        status: 200,
        body: { thread: 'lobby', target: 1, mid: 'm1', offset: 2, duplicate: false }
      });
      const told = await bob.next(({ kind }) => kind === 'message_erased');
      expect(told).to.deep.include({
        offset: 2,
        from: { user: 'ada' },
        body: { target: 1, mid: 'm1' }
      });
      const { body } = await api('GET', 'threads/lobby/messages');
      const [first] = body['messages'] as Record<string, unknown>[];
      expect(first).to.deep.include({ offset: 1, mid: 'm1', body: { erased: true } });
      const late = await WireClient.connect(server.url, 'eve');
      await late.subscribe('lobby', 'start');
      expect(JSON.stringify(late.all)).to.not.contain(SECRET_TEXT);
      const audit = await api('GET', 'audit');
      expect(audit.body['entries']).to.have.length(1);
      expect(audit.body['entries']).to.deep.include.members([
        {
          ...(audit.body['entries'] as object[])[0],
          action: 'message.erase',
          by: { user: null, key: null },
          detail: { thread: 'lobby', target: 1, mid: 'm1' }
        }
      ]);
      for (const client of [bob, late]) client.socket.terminate();
    });

    it('removes it from the write-ahead log within seconds', async () => {
      await publish('wal', 'm1');
      expect(segments(dir)).to.contain(SECRET_TEXT);
      await api('DELETE', 'threads/wal/messages/1');
      await until(
        () => fetch(`${server.url}/livez`).then(() => segments(dir)),
        (text) => !text.includes(SECRET_TEXT)
      );
    });

    it('answers the second time that it was erased before, and the publisher that it was stored', async () => {
      await publish('twice', 'm1');
      await api('DELETE', 'threads/twice/messages/1');
      const again = await api('DELETE', 'threads/twice/messages/1');
      expect(again.body).to.include({ duplicate: true, offset: null });
      expect((await publish('twice', 'm1')).body).to.include({ duplicate: true, offset: 1 });
      expect((await api('GET', 'threads/twice/messages')).body['messages']).to.have.length(2);
    });

    it('refuses what is no message, and a client that sends the kind itself', async () => {
      expect((await api('DELETE', 'threads/lobby/messages/99')).status).to.equal(404);
      expect((await api('DELETE', `threads/lobby/messages/${'x'.repeat(65)}`)).status).to.equal(
        400
      );
      const sent = await publish('lobby', 'm9', 'message_erased');
      expect(sent.body).to.include({ code: 'forbidden_kind' });
    });
  });
}

describe('erasing a user', function () {
  this.timeout(90_000);

  it('is done in the end, also when the server is killed right behind the answer', async () => {
    const dir = await temporaryDir();
    const env = { DATA_DIR: dir, CLICKHOUSE_URL: 'off' };
    let server = await startServer({ env });
    try {
      for (let n = 0; n < 60; n += 1) {
        await fetch(`${server.url}/api/threads/u${String(n % 3)}/messages`, {
          method: 'POST',
          body: JSON.stringify({
            mid: `m${String(n)}`,
            from: n % 2 === 0 ? 'ada' : 'bob',
            body: { text: SECRET_TEXT },
            expect: 'stored'
          })
        });
      }
      const path = '/api/users/ada/erase';
      const asked = await fetch(`${server.url}${path}`, { method: 'POST' });
      expect(asked.status).to.equal(202);
      await server.stop('SIGKILL');
      server = await startServer({ env });
      const done = await until(
        async () => (await (await fetch(`${server.url}${path}`)).json()) as { state?: string },
        ({ state }) => state === 'done',
        30_000
      );
      expect(done).to.include({ user: 'ada', messages: 30 });
      for (const thread of ['u0', 'u1', 'u2']) {
        const page = await (await fetch(`${server.url}/api/threads/${thread}/messages`)).json();
        const { messages } = page as { messages: { from: { user: string }; body: object }[] };
        for (const { from, body } of messages.filter((one) => !('target' in one.body)))
          expect(body).to.eql(from.user === 'ada' ? { erased: true } : { text: SECRET_TEXT });
      }
    } finally {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    }
  });
});
