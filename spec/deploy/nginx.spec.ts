/** The server behind a real nginx with `deploy/nginx.conf`, of which only ports and certificate are changed. */
import { expect } from 'chai';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { KEY, PRODUCTION, tokenOf } from '../e2e/access/doors.js';
import { startServer, type ServerProcess } from '../e2e/servers/server-process.js';
import { until } from '../e2e/servers/until.js';
import { freePorts } from '../free-ports.js';
import { findProgram, requireTool } from '../require.js';

const CONF = new URL('../../deploy/nginx.conf', import.meta.url);

/** Most connections of one address; more would show that clients count as the proxy. */
const PER_ADDRESS = 3;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

describe('the server behind nginx', function () {
  this.timeout(60_000);
  let folder: string;
  let server: ServerProcess;
  let nginx: ChildProcess;
  let port: number;
  let plainPort: number;
  let token: string;
  const sockets: WebSocket[] = [];

  before(async function () {
    const program = findProgram('nginx');
    requireTool(this, 'nginx', program !== undefined, 'it stands before the server');
    const openssl = findProgram('openssl');
    requireTool(this, 'openssl', openssl !== undefined, 'it makes a certificate');
    folder = await mkdtemp(join(tmpdir(), 'rollcall-nginx-'));
    server = await startServer({
      env: {
        ...PRODUCTION,
        TRUST_PROXY: 'true',
        LIMIT_CONNECTIONS_PER_ADDRESS: String(PER_ADDRESS)
      }
    });
    [port = 0, plainPort = 0] = await freePorts(2);
    // prettier-ignore
    execFileSync(openssl!, ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=chat.example.com', '-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')], { stdio: 'ignore' });
    nginx = await startNginx(program!, folder, configured());
    token = await tokenOf('ada');
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) {
      if (socket.readyState === WebSocket.CLOSED) continue;
      socket.terminate();
      await once(socket, 'close');
    }
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop();
    if ((nginx as ChildProcess | undefined) !== undefined) {
      nginx.kill('SIGQUIT');
      await once(nginx, 'close');
    }
    await rm(folder, { recursive: true, force: true });
  });

  const configured = (): string => {
    const text = readFileSync(CONF, 'utf8');
    const places = {
      '127.0.0.1:8080': new URL(server.url).host,
      'listen 80;': `listen 127.0.0.1:${String(plainPort)};`,
      'listen 443 ssl;': `listen 127.0.0.1:${String(port)} ssl;`,
      '/etc/ssl/rollcall': folder
    };
    return Object.entries(places).reduce((changed, [from, to]) => {
      expect(changed).to.include(from);
      return changed.replaceAll(from, to);
    }, text);
  };

  const ask = (
    path: string,
    headers: Record<string, string> = {},
    body?: object
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const asked = request(
        {
          port,
          path,
          method: body === undefined ? 'GET' : 'POST',
          headers: { host: 'chat.example.com', ...headers },
          rejectUnauthorized: false
        },
        (response) => {
          let text = '';
          response.on('data', (part: Buffer) => (text += part.toString()));
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
          });
        }
      );
      asked.on('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });

  const publish = async (mid: string): Promise<number> => {
    const message = { mid, from: 'shop', body: mid, owner: 'ada', expect: 'stored' };
    return (await ask('/api/threads/club/messages', { 'x-api-key': KEY }, message)).status;
  };

  const open = async (headers: Record<string, string> = {}): Promise<WebSocket> => {
    const socket = new WebSocket(`wss://127.0.0.1:${String(port)}/ws`, ['rollcall.v1'], {
      rejectUnauthorized: false,
      headers: { host: 'chat.example.com', ...headers }
    });
    sockets.push(socket);
    await once(socket, 'open');
    return socket;
  };

  /** Sends a frame and resolves to the first frame of a type. */
  const talk = (socket: WebSocket, frame: object, type: string): Promise<object> =>
    new Promise((resolve) => {
      const hear = (data: Buffer): void => {
        for (const line of data.toString().split('\n')) {
          const told = JSON.parse(line) as { type: string };
          if (told.type !== type) continue;
          socket.off('message', hear);
          resolve(told);
        }
      };
      socket.on('message', hear);
      socket.send(JSON.stringify(frame));
    });

  it('answers over TLS, tells browsers to stay with it, and sends plain http there', async () => {
    const page = await ask('/');
    expect(page.status).to.equal(200);
    expect(page.headers).to.have.property('strict-transport-security');
    const plain = await fetch(`http://127.0.0.1:${String(plainPort)}/x?y=1`, {
      redirect: 'manual'
    });
    expect(plain.status).to.equal(308);
    expect(plain.headers.get('location')).to.match(/^https:\/\/.*\/x\?y=1$/);
  });

  it('passes a WebSocket on, in both directions', async () => {
    const socket = await open();
    await talk(socket, { type: 'connect', token }, 'connected');
    expect(await publish('first')).to.equal(201);
    const subscribe = { type: 'subscribe', id: 1, thread: 'club', since: 'start' };
    await talk(socket, subscribe, 'caught_up');
    const ack = await talk(
      socket,
      { type: 'publish', id: 2, thread: 'club', mid: 'mine', body: 'x'.repeat(60_000) },
      'ack'
    );
    expect(ack).to.include({ mid: 'mine', duplicate: false });
  });

  it('passes each event of a stream on as it comes', async () => {
    await publish('begin');
    let text = '';
    const asked = request({
      port,
      path: '/api/threads/club/events',
      headers: { host: 'chat.example.com', authorization: `Bearer ${token}` },
      rejectUnauthorized: false
    });
    asked.on('response', (response) => {
      response.on('data', (part: Buffer) => (text += part.toString()));
    });
    asked.on('error', () => undefined);
    asked.end();
    await until(
      () => turn().then(() => text),
      (heard) => heard.includes('event: subscribed')
    );
    // The stream stays open: what is buffered anywhere would never come.
    expect(await publish('now')).to.equal(201);
    await until(
      () => turn().then(() => text),
      (heard) => heard.includes('"mid":"now"')
    );
    asked.destroy();
  });

  it('counts clients by their own address, whatever they say it is', async () => {
    for (let n = 0; n < PER_ADDRESS; n++) await open({ 'x-forwarded-for': `10.0.0.${String(n)}` });
    const refused = await open({ 'x-forwarded-for': '10.0.0.99' }).then(
      () => 'opened',
      (error: unknown) => String(error)
    );
    expect(refused).to.include('429');
  });

  it('tells clients when the server stops, and answers for it in the meantime', async () => {
    const socket = await open();
    await talk(socket, { type: 'connect', token }, 'connected');
    const goodbye = new Promise<string>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if (data.toString().includes('"disconnect"')) resolve(data.toString());
      });
    });
    const closed = once(socket, 'close') as Promise<[number]>;
    const stopped = server.stop();
    expect(JSON.parse(await goodbye)).to.include({ code: 3001, reconnect: true });
    expect((await closed)[0]).to.equal(3001);
    expect(await stopped).to.equal(0);
    expect((await ask('/readyz')).status).to.equal(502);
  });
});

/** Lets what has arrived be read. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Starts nginx in the foreground with all its files in one folder. */
async function startNginx(program: string, folder: string, site: string): Promise<ChildProcess> {
  mkdirSync(join(folder, 'tmp'));
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, 'tmp', name)};`)
    .join('\n');
  const path = join(folder, 'nginx.conf');
  writeFileSync(
    path,
    `daemon off;\npid ${join(folder, 'pid')};\nerror_log stderr notice;\nworker_processes 1;\nevents {}\nhttp {\naccess_log off;\n${temp}\n${site}\n}\n`
  );
  const nginx = spawn(program, ['-c', path, '-p', folder, '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe']
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    nginx.stderr.on('data', (part: Buffer) => {
      said += part.toString();
      if (said.includes('start worker process ')) resolve();
    });
    nginx.once('close', () => {
      reject(new Error(`nginx ended: ${said}`));
    });
  });
  return nginx;
}
