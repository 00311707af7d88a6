import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { WebSocketServer } from 'ws';
import { runCli } from '../../../cli/cli.js';
import type { CliSeat } from '../../../cli/cli-outside.js';
import { FakeRollcall } from '../../client/sdk/fake-rollcall.js';
import { fakeSeat } from './fake-seat.js';

/** Numbers that `JSON.parse` would change. The server of these specs sends them in place of `"BIG"`. */
const BIG = '[9007199254740993,1e400,1.0]';

describe('rollcall chat and rollcall tail', () => {
  let http: Server;
  let sockets: WebSocketServer;
  let rollcall: FakeRollcall;
  let url: string;
  /** HTTP status with which the server refuses upgrades; null when it accepts them. */
  let status: number | null;

  beforeEach(async () => {
    rollcall = new FakeRollcall();
    rollcall.reconnect = { firstJitterMs: 0, minMs: 1, maxMs: 2 };
    status = null;
    sockets = new WebSocketServer({ noServer: true });
    http = createServer();
    http.on('upgrade', (request, socket, head) => {
      if (status !== null) {
        socket.end(`HTTP/1.1 ${String(status)} No\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (ws) => {
        const connection = rollcall.accept({
          send: (text) => ws.send(text.replaceAll('"BIG"', BIG)),
          close: (code, reason) => ws.close(code === 1006 ? undefined : code, reason)
        });
        ws.on('message', (data) => {
          if (Buffer.isBuffer(data)) rollcall.take(connection, data.toString());
        });
        ws.on('close', () => rollcall.gone(connection));
      });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const address = http.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    url = `http://127.0.0.1:${String(address.port)}`;
  });

  afterEach(async () => {
    for (const ws of sockets.clients) ws.terminate();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });

  async function ran(args: readonly string[], more: Partial<CliSeat> = {}) {
    const seat = fakeSeat(more);
    const code = await runCli([...args, '--url', url], seat);
    return { code, stdout: seat.stdout.text, stderr: seat.stderr.text };
  }

  const input = (text: string): Readable => Readable.from([Buffer.from(text)]);

  it('sends each line of its input in order and ends with 0 once all are stored', async () => {
    const text = `one\n\n/help\n${Array.from({ length: 300 }, (_, n) => `m${String(n)}\n`).join('')}`;
    const ended = await ran(['chat', '--thread', 't1', '--user', 'bot'], { stdin: input(text) });
    expect(ended).to.deep.equal({ code: 0, stdout: '', stderr: '' });
    const { log } = rollcall.thread('t1');
    expect(log.map(({ body }) => (body as { text: string }).text)).to.deep.equal([
      'one',
      '/help',
      ...Array.from({ length: 300 }, (_, n) => `m${String(n)}`)
    ]);
    expect(log[0]?.from.user).to.equal('bot');
  });

  it('names the line and ends with 1 when a message of its input is refused', async () => {
    rollcall.frameBytes = 500;
    const text = `one\n${'x'.repeat(600)}\nthree\n`;
    const { code, stderr } = await ran(['chat', '--user', 'bot'], { stdin: input(text) });
    expect(code).to.equal(1);
    expect(stderr).to.match(/^rollcall chat: line 2 was not sent: .*bytes/);
    expect(rollcall.thread('lobby').log).to.have.lengthOf(2);
  });

  it('says how many lines were not sent and ends with 1 when it is interrupted', async () => {
    rollcall.intercept = (frame) => frame.type === 'publish';
    const seat = fakeSeat({ stdin: input('one\ntwo\n') });
    const running = runCli(['chat', '--url', url, '--user', 'bot'], seat);
    while (rollcall.receivedOf('publish').length === 0) await new Promise(setImmediate);
    seat.interrupt();
    expect(await running).to.equal(1);
    expect(seat.stderr.text).to.include('2 messages were not sent');
  });

  it('waits for a server that is starting, and says so once', async () => {
    status = 503;
    const seat = fakeSeat({ stdin: input('one\n') });
    const running = runCli(['chat', '--url', url, '--user', 'bot'], seat);
    while (seat.stderr.text === '') await new Promise(setImmediate);
    status = null;
    expect(await running).to.equal(0);
    expect(seat.stderr.text).to.match(
      /^rollcall chat: no connection to http:\/\/127.0.0.1:\d+: it is starting or stopping \(503\); trying again until there is one\nrollcall chat: connected as bot, after \d+ s without\n$/
    );
  });

  it('prints one frame a line and ends after so many messages', async () => {
    for (const text of ['one', 'two\u009b', 'three']) rollcall.say('t1', 'bob', { text });
    const { code, stdout, stderr } = await ran([
      'tail',
      't1',
      '--since',
      'start',
      '--json',
      '-n',
      '2'
    ]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    const frames = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    const { log } = rollcall.thread('t1');
    expect(frames).to.deep.equal(log.slice(0, 2).map((frame) => ({ ...frame, replay: true })));
    expect(stdout).to.not.match(/[\u0080-\u009f]/);
  });

  it('prints bodies as they were written, digit by digit, live and out of history', async () => {
    for (let n = 0; n < 2; n += 1) rollcall.say('t1', 'bob', { n: 'BIG' });
    for (const since of ['start', '0']) {
      const { stdout } = await ran(['tail', 't1', '--since', since, '--json', '-n', '2']);
      expect(stdout.split(`"body":{"n":${BIG}}`)).to.have.length(3);
    }
  });

  it('prints a gap as a line of its own', async () => {
    for (const text of ['one', 'two', 'three']) rollcall.say('t1', 'bob', { text });
    rollcall.thread('t1').first = 3;
    const { stdout } = await ran(['tail', 't1', '--since', '0', '--json', '-n', '1']);
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).to.deep.equal({
      type: 'gap',
      thread: 't1',
      from: 1,
      to: 2,
      reason: 'trimmed'
    });
    expect((await ran(['tail', 't1', '--since', '0', '-n', '1'])).stdout).to.match(
      /^── messages 1 to 2: no longer kept by the server ──\n.* bob │ three\n$/
    );
  });

  it('prints each message once over a connection that is lost, and the state on standard error', async () => {
    rollcall.say('t1', 'bob', { text: 'one' });
    const seat = fakeSeat();
    const running = runCli(
      ['tail', 't1', '--since', 'start', '--json', '-n', '3', '--url', url],
      seat
    );
    while (seat.stdout.text === '') await new Promise(setImmediate);
    rollcall.closeAll(3001, 'shutdown');
    rollcall.say('t1', 'bob', { text: 'two' });
    rollcall.say('t1', 'bob', { text: 'three' });
    expect(await running).to.equal(0);
    expect(seat.stdout.text.match(/"offset":\d+/g)).to.deep.equal([
      '"offset":1',
      '"offset":2',
      '"offset":3'
    ]);
    expect(seat.stderr.text).to.match(
      /^rollcall tail: the server is restarting; .*\n.*connected as/
    );
  });

  it('ends with 0 when it is interrupted', async () => {
    const seat = fakeSeat();
    const running = runCli(['tail', 't1', '--url', url], seat);
    while (rollcall.receivedOf('subscribe').length === 0) await new Promise(setImmediate);
    seat.interrupt();
    expect(await running).to.equal(0);
    expect(seat.stdout.text + seat.stderr.text).to.equal('');
  });

  it('reads the token from a file, and again for every connection', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'rollcall-token-'));
    try {
      const file = join(dir, 'token');
      await writeFile(file, 'first\n');
      rollcall.token = 'first';
      rollcall.say('t1', 'bob', { text: 'one' });
      const seat = fakeSeat();
      const args = ['tail', 't1', '--since', 'start', '-n', '2', '--url', url];
      const running = runCli([...args, '--token-file', file], seat);
      while (seat.stdout.text === '') await new Promise(setImmediate);
      await writeFile(file, 'second\n');
      rollcall.token = 'second';
      rollcall.closeAll(3001, 'shutdown');
      rollcall.say('t1', 'bob', { text: 'two' });
      expect(await running).to.equal(0);
      expect(seat.stdout.text).to.include('two');
      expect(seat.stderr.text).to.not.include('first').and.not.include('second');
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('refuses two tokens', async () => {
    const { code, stderr } = await ran(['tail', 't1', '--token', 'a', '--token-file', 'b']);
    expect(code).to.equal(2);
    expect(stderr).to.include('--token and --token-file are two tokens');
  });

  for (const command of ['chat', 'tail'] as const) {
    const args = command === 'chat' ? ['chat', '--thread', 't1'] : ['tail', 't1'];

    it(`says in one line that the token is refused, without the token, and ends with 1 (${command})`, async () => {
      rollcall.token = 'right';
      const env = { ROLLCALL_TOKEN: 'secret-of-mine' };
      const { code, stdout, stderr } = await ran(args, { env, stdin: input('one\n') });
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(
        new RegExp(
          `^rollcall ${command}: the server refuses the token: .*\n(?!rollcall ${command}: the)`
        )
      );
      expect(stderr).to.not.include('secret-of-mine');
    });

    it(`names both ways to give a token when the server asks for one (${command})`, async () => {
      rollcall.token = 'right';
      const { code, stderr } = await ran(args, { stdin: input('one\n') });
      expect(code).to.equal(1);
      expect(stderr.split('\n')[0]).to.match(
        new RegExp(
          `^rollcall ${command}: the server asks for a token: give one with --token or ROLLCALL_TOKEN`
        )
      );
    });

    for (const wrong of [404, 301, 403]) {
      it(`says that the address is wrong and ends with 1 when it answers ${String(wrong)} (${command})`, async () => {
        status = wrong;
        const { code, stderr } = await ran(args, { stdin: input('one\n') });
        expect(code).to.equal(1);
        expect(stderr.split('\n')[0]).to.match(
          new RegExp(
            `^rollcall ${command}: http://[^ ]+ is no address of a Rollcall server: .*${String(wrong)}`
          )
        );
      });
    }
  }

  it('takes the token from the flag before the one of the environment', async () => {
    rollcall.token = 'right';
    rollcall.say('t1', 'bob', { text: 'one' });
    const env = { ROLLCALL_TOKEN: 'wrong' };
    const args = ['tail', 't1', '--since', 'start', '-n', '1', '--token', 'right'];
    expect((await ran(args, { env })).code).to.equal(0);
    const [frame] = rollcall.receivedOf('connect');
    expect(frame).to.not.have.property('user');
  });

  it('says that there is no HTTP where another protocol is spoken', async () => {
    const other = createTcpServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const seat = fakeSeat();
    const code = await runCli(['tail', 't1', '--url', `ws://127.0.0.1:${String(port)}`], seat);
    await new Promise((resolve) => other.close(resolve));
    expect(code).to.equal(1);
    expect(seat.stderr.text).to.include('does not speak HTTP');
  });

  it('ends with 1 and what the server says when the thread is refused', async () => {
    rollcall.intercept = (frame, connection) => {
      if (frame.type !== 'subscribe') return false;
      rollcall.refuse(frame, connection, { code: 'forbidden', retry: false });
      return true;
    };
    expect(await ran(['tail', 't1'])).to.deep.equal({
      code: 1,
      stdout: '',
      stderr: 'rollcall tail: you may not read t1: ask its owner to make you a member (forbidden)\n'
    });
  });

  it('says in one line that the disk is full, and ends quietly when nobody reads', async () => {
    rollcall.say('t1', 'bob', { text: 'hi' });
    for (const [code, exit, words] of [
      ['ENOSPC', 1, 'rollcall tail: standard output cannot be written: no; '],
      ['EPIPE', 0, '']
    ] as const) {
      const seat = fakeSeat();
      seat.stdout.write = (_text: string, written: (error?: Error) => void) =>
        written(Object.assign(new Error('no'), { code, syscall: 'write' }));
      expect(await runCli(['tail', 't1', '--since', 'start', '--url', url], seat)).to.equal(exit);
      if (words === '') expect(seat.stderr.text).to.equal('');
      else
        expect(seat.stderr.text)
          .to.match(/^[^\n]+\n$/)
          .and.to.include(words);
    }
  });

  it('shows a note for a body that is nested 2,000 deep', async () => {
    const body: unknown = JSON.parse('['.repeat(2_000) + ']'.repeat(2_000));
    rollcall.say('t1', 'bob', body);
    const tail = ['tail', 't1', '--since', 'start', '--limit', '1'];
    for (const args of [tail, [...tail, '--json']]) {
      const { code, stdout } = await ran(args);
      expect(code).to.equal(0);
      expect(stdout).to.include('(nested more than 500 deep, not shown)');
    }
  });
});
