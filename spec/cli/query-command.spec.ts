import { expect } from 'chai';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { runCli } from '../../cli/cli.js';
import { fakeSeat } from './chat/fake-seat.js';

const REPORT = {
  report: 'busiest-threads',
  title: 'Threads with the most messages',
  columns: [
    { name: 'thread', kind: 'text' },
    { name: 'messages', kind: 'count' },
    { name: 'lastAt', kind: 'time' }
  ],
  rows: [
    { thread: 't1\u001b[2J', messages: 12, lastAt: 0 },
    { thread: 'general', messages: 3_456, lastAt: 1_767_225_600_000 }
  ]
};

describe('rollcall query', () => {
  let server: Server;
  let url: string;
  let asked: IncomingMessage[] = [];
  let answer: { status: number; body: unknown };

  beforeEach(async () => {
    asked = [];
    answer = { status: 200, body: REPORT };
    server = createServer((request, response) => {
      asked.push(request);
      response.writeHead(answer.status).end(JSON.stringify(answer.body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    url = `http://127.0.0.1:${String(address.port)}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function ran(args: readonly string[], env: Record<string, string> = {}, isTTY = false) {
    const outside = fakeSeat({ env, cwd: tmpdir(), isTTY });
    const code = await runCli(['query', ...args], outside);
    return { code, stdout: outside.stdout.text, stderr: outside.stderr.text };
  }

  it('prints a report as a table, numbers to the right, and nothing that a terminal obeys', async () => {
    const { code, stdout, stderr } = await ran(['busiest-threads', '--url', url]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.equal(
      [
        'Threads with the most messages',
        '',
        'thread   messages  lastAt',
        't1�[2J         12  1970-01-01T00:00:00.000Z',
        'general      3456  2026-01-01T00:00:00.000Z',
        ''
      ].join('\n')
    );
  });

  it('asks for the minutes that it is told, with the key', async () => {
    await ran(['outcomes', '--url', url, '--minutes', '5'], { API_KEY: 'from-env' });
    await ran(['outcomes', '--url', url, '--api-key', 'from-flag'], { API_KEY: 'from-env' });
    await ran(['--url', url]);
    expect(asked.map((request) => [request.url, request.headers['x-api-key']])).to.deep.equal([
      ['/api/reports/outcomes?minutes=5', 'from-env'],
      ['/api/reports/outcomes?minutes=60', 'from-flag'],
      ['/api/reports', undefined]
    ]);
  });

  it('lists the reports when none is named', async () => {
    answer.body = { reports: [{ name: 'outcomes', title: 'What became of messages' }] };
    const { code, stdout } = await ran(['--url', url]);
    expect(code).to.equal(0);
    expect(stdout).to.equal('report    answers\noutcomes  What became of messages\n');
  });

  it('prints the answer as it is when JSON is asked for', async () => {
    const { stdout } = await ran(['busiest-threads', '--json', '--url', url]);
    expect(JSON.parse(stdout)).to.deep.equal(REPORT);
  });

  it('says so when a report has no rows', async () => {
    answer.body = { ...REPORT, rows: [] };
    const { code, stdout } = await ran(['busiest-threads', '--url', url]);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^thread {2}messages {2}lastAt\n\(nothing\)$/m);
  });

  it('colours the head on a terminal only', async () => {
    expect((await ran(['a', '--url', url], {}, true)).stdout).to.include('\u001b[36mthread');
    expect((await ran(['a', '--url', url], { NO_COLOR: '1' }, true)).stdout).not.to.include(
      '\u001b'
    );
  });

  const refusals: [number, unknown, RegExp][] = [
    [401, { detail: 'send the API key' }, /without its API key: send the API key \(--api-key/],
    [403, { detail: 'the server API is off' }, /without its API key: the server API is off/],
    [404, {}, /there is no report "outcomes": rollcall query lists them/],
    [503, { detail: 'ClickHouse is not connected' }, /cannot answer now: ClickHouse is not conn/],
    [400, { detail: 'minutes must be <= 44640' }, /refuses: minutes must be/],
    [500, 'no object', /refuses: status 500/],
    [200, { some: 'page' }, /no report of Rollcall/]
  ];
  for (const [status, body, words] of refusals) {
    it(`ends with 1 and says why when the server answers ${String(status)}`, async () => {
      answer = { status, body };
      const { code, stdout, stderr } = await ran(['outcomes', '--url', url]);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(words);
    });
  }

  it('ends with 1 and says what to do when no server is there', async () => {
    await new Promise((resolve) => server.close(resolve));
    const { code, stderr } = await ran(['outcomes', '--url', url]);
    expect(code).to.equal(1);
    expect(stderr).to.match(/no server answers at http:.+ECONNREFUSED.+: start it there/);
  });
});
