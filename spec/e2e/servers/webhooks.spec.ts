import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { inLanguage } from '../../scripts/docs/blocks.js';
import { startServer, temporaryDir, type ServerProcess } from './server-process.js';
import { until } from './until.js';

const SECRET = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
const KEY = 'key-of-the-webhooks-spec';

interface Event {
  readonly id: string;
  readonly type: string;
  readonly thread: string;
  readonly offset: number;
}

/** A receiver in this process. */
class Receiver {
  readonly got: Event[] = [];
  /** Whether it takes events. */
  isOpen = true;
  onEvent: () => void = () => undefined;
  #server: Server | null = null;
  url = '';

  async open(): Promise<void> {
    this.#server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        if (this.isOpen) this.got.push(JSON.parse(body) as Event);
        response.writeHead(this.isOpen ? 204 : 500).end();
        this.onEvent();
      });
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/`;
  }

  close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  /** First arrivals of a thread's messages, as offsets. */
  of(thread: string): number[] {
    const offsets = this.got
      .filter((event) => event.type === 'message.stored' && event.thread === thread)
      .map(({ offset }) => offset);
    return [...new Set(offsets)];
  }
}

async function publish({ url }: ServerProcess, thread: string, mid: string): Promise<void> {
  const response = await fetch(`${url}/api/threads/${thread}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': KEY },
    body: JSON.stringify({ mid, body: { text: mid }, from: 'ada', expect: 'stored' })
  });
  expect(response.status).to.equal(201);
}

interface Row {
  readonly status: string;
  readonly waiting: number;
  readonly taken: number;
  readonly deadLetters: number;
}

async function rowOf({ url }: ServerProcess): Promise<Row> {
  const body = (await (await fetch(`${url}/status`)).json()) as { readonly webhooks: Row };
  return body.webhooks;
}

describe('webhooks of a real server', function () {
  this.timeout(60_000);
  const receiver = new Receiver();
  let dataDir: string;
  const servers: ServerProcess[] = [];

  before(async () => {
    await receiver.open();
    dataDir = await temporaryDir();
  });
  after(async () => {
    for (const server of servers) await server.stop('SIGKILL');
    receiver.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const start = async (env: Readonly<Record<string, string>> = {}) => {
    const server = await startServer({
      dataDir,
      env: {
        API_KEY: KEY,
        WEBHOOK_URL: receiver.url,
        WEBHOOK_SECRET: SECRET,
        WEBHOOK_EVENTS: 'message.stored,thread.created',
        ...env
      }
    });
    servers.push(server);
    return server;
  };

  it('come at least once and in order of their thread, though the server is killed', async () => {
    const threads = ['a', 'b', 'c', 'd'];
    receiver.isOpen = false;
    let server = await start();
    for (let n = 1; n <= 5; n += 1) {
      for (const thread of threads) await publish(server, thread, `m${String(n)}`);
    }
    const waiting = await until(
      () => rowOf(server),
      ({ status }) => status === 'away'
    );
    expect(waiting).to.include({ waiting: 20, taken: 0 });
    await server.stop('SIGKILL');

    // Killed once more in the middle of sending.
    const middle = new Promise<void>((resolve) => {
      receiver.onEvent = () => {
        if (receiver.got.length >= 7) resolve();
      };
    });
    receiver.isOpen = true;
    server = await start();
    await middle;
    await server.stop('SIGKILL');

    server = await start();
    await publish(server, 'a', 'm6');
    await until(
      () => rowOf(server),
      (row) => row.waiting === 0
    );
    expect(receiver.of('a')).to.deep.equal([1, 2, 3, 4, 5, 6]);
    for (const thread of threads.slice(1)) {
      expect(receiver.of(thread)).to.deep.equal([1, 2, 3, 4, 5]);
    }
    const created = receiver.got.filter(({ type }) => type === 'thread.created');
    expect(new Set(created.map(({ thread }) => thread)).size).to.equal(4);
    // One id for each event, however often it came.
    const of = new Map(
      receiver.got.map(({ id, type, thread, offset }) => [id, [type, thread, offset]])
    );
    expect(new Set([...of.values()].map(String)).size).to.equal(of.size);
    expect(await server.stop()).to.equal(0);
  });

  it('are verified by the receiver of docs/webhooks.md', async () => {
    const [block] = inLanguage('mjs').filter(({ at }) => at.startsWith('docs/webhooks.md'));
    const child = spawn(process.execPath, ['--input-type=module', '-e', block?.text ?? ''], {
      env: { PORT: '0', WEBHOOK_SECRET: SECRET },
      stdio: ['ignore', 'pipe', 'inherit']
    });
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const next = async (): Promise<string> => String((await lines.next()).value);
      const port = (await next()).replace('listening ', '');
      const url = `http://127.0.0.1:${port}/`;
      const server = await start({ WEBHOOK_URL: url, WEBHOOK_THREADS: 'doc*' });
      await publish(server, 'other', 'm1');
      await publish(server, 'docs', 'm1');
      expect(await next()).to.equal('thread.created docs 1');
      expect(await next()).to.equal('message.stored docs 1');
      const forged = await fetch(url, {
        method: 'POST',
        headers: {
          'webhook-id': 'evt_1',
          'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
          'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`
        },
        body: '{}'
      });
      expect(forged.status).to.equal(401);
      await server.stop();
    } finally {
      child.kill();
    }
  });
});
