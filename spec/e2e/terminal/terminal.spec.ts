import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../scripts/kill-proof/free-port.js';
import { requireTool } from '../../require.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { ENTER, ptyProgram, TerminalProcess } from './terminal-process.js';

const CLI = fileURLToPath(new URL('../../../dist/cli/cli.js', import.meta.url));

/** The tests share one server and depend on their order: each continues where the one before ended. */
describe('a chat in two terminals', function () {
  this.timeout(60_000);
  let dataDir: string;
  let port: string;
  let server: ServerProcess;
  let ada: TerminalProcess;
  let bob: TerminalProcess;

  const sit = (user: string): TerminalProcess =>
    new TerminalProcess(['chat', '--url', server.url, '--user', user]);
  /** Returns the lines of the chat that contain the text, without the input line. */
  const said = ({ screen }: TerminalProcess, text: string): string[] =>
    screen.with(text).filter((line) => line.includes('│'));

  before(async function () {
    requireTool(
      this,
      'script',
      ptyProgram() !== undefined,
      'util-linux makes the pseudo-terminals'
    );
    dataDir = await temporaryDir();
    port = String(await freePort());
    server = await startServer({ dataDir, env: { PORT: port } });
    ada = sit('ada');
    bob = sit('bob');
    await Promise.all([ada.screen.shows('here: '), bob.screen.shows('here: ')]);
  });

  after(async () => {
    await Promise.all([ada, bob].map((terminal) => terminal?.kill()));
    await server?.stop('SIGKILL');
    if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true });
  });

  it('shows each what the other says, and keeps a line that is half typed', async () => {
    ada.type('half ty');
    await ada.screen.until((lines) => lines.at(-1) === 'lobby> half ty');
    await bob.screen.shows('ada is typing …');
    bob.type(`hello ada 漢字 \u{1f44b}${ENTER}`);
    await ada.screen.shows('bob │ hello ada 漢字 \u{1f44b}');
    expect(ada.screen.lines.at(-1)).to.equal('lobby> half ty');
    expect(ada.screen.typed).to.equal('lobby> half ty');
    ada.type(`ped${ENTER}`);
    await bob.screen.shows('ada │ half typed');
    await ada.screen.shows('ada │ half typed ✓');
    expect(ada.screen.lines.at(-1)).to.equal('lobby>');
  });

  it('lets what others write do nothing to the terminal', async () => {
    const text = 'a\u001b[2J\u001b]0;owned\u0007\u202eb';
    await fetch(`${server.url}/api/threads/lobby/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mid: 'm1', body: { text }, from: { user: 'eve\u200b' } })
    });
    await ada.screen.shows('eve� │ a␛[2J␛]0;owned␇�b');
    expect(said(ada, 'half typed')).to.have.lengthOf(1);
  });

  it('goes on over a restart of the server: what was sent meanwhile is there once', async () => {
    await server.stop();
    await Promise.all([ada, bob].map(({ screen }) => screen.shows('reconnecting in')));
    bob.type(`while away${ENTER}`);
    await bob.screen.shows('… while away');
    await bob.screen.shows('· 1 to be sent');
    ada.type('half');
    server = await startServer({ dataDir, env: { PORT: port } });
    // Enter on an empty line reconnects at once.
    bob.type(ENTER);
    await bob.screen.shows('bob │ while away ✓');
    await ada.screen.shows('bob │ while away');
    await Promise.all([ada, bob].map(({ screen }) => screen.shows('connected as')));
    for (const text of ['hello ada', 'half typed', 'while away']) {
      expect(said(ada, text), text).to.have.lengthOf(1);
      expect(said(bob, text), text).to.have.lengthOf(1);
    }
    expect(ada.screen.typed).to.equal('lobby> half');
  });

  it('sends what is piped in, and prints what is piped out until nobody reads it', async () => {
    const cli = `'${process.execPath}' '${CLI}'`;
    const options = { cwd: tmpdir(), env: { PATH: process.env['PATH'] ?? '' }, timeout: 50_000 };
    const bash = (script: string) => promisify(execFile)('bash', ['--norc', '-c', script], options);
    const chat = `${cli} chat --url ${server.url} --user script`;
    const sent = await bash(`printf 'piped one\\npiped two\\n' | ${chat}; echo "ended with $?"`);
    expect(sent).to.deep.equal({ stdout: 'ended with 0\n', stderr: '' });
    await ada.screen.shows('script │ piped two');
    const tail = `${cli} tail lobby --url ${server.url} --since start --json`;
    const printed = bash(`${tail} | head -n 1; echo "ended with \${PIPESTATUS[0]}"`);
    let isEnded = false;
    void printed.finally(() => (isEnded = true)).catch(() => undefined);
    // The command notices the closed pipe only when it writes again.
    for (let n = 1; !isEnded; n++) {
      bob.type(`more ${String(n)}${ENTER}`);
      await bob.screen.shows(`bob │ more ${String(n)} ✓`);
    }
    const { stdout, stderr } = await printed;
    const [frame = '', ended] = stdout.split('\n');
    expect(JSON.parse(frame)).to.include({ type: 'message', thread: 'lobby', offset: 1 });
    expect([ended, stderr]).to.deep.equal(['ended with 0', '']);
  });

  it('ends at Ctrl-C, with what was not sent', async () => {
    ada.type('\u0003');
    expect(await ada.exit).to.equal(0);
    await bob.screen.shows('← ada has left');
    await server.stop('SIGKILL');
    await bob.screen.shows('the connection was lost');
    bob.type(`never sent${ENTER}`);
    await bob.screen.shows('… never sent');
    bob.type('\u0003');
    expect(await bob.exit).to.equal(1);
    await bob.screen.shows('rollcall chat: 1 message was not sent');
    expect(bob.screen.with('lobby>')).to.deep.equal([]);
  });
});
