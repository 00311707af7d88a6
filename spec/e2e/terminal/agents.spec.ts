import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireTool } from '../../require.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { ENTER, ptyProgram, TerminalProcess } from './terminal-process.js';

const CLI = fileURLToPath(new URL('../../../dist/cli/cli.js', import.meta.url));

/** At four words a second far longer than the specs take. */
const LONG = Array.from({ length: 200 }, (_, n) => `word${String(n)}`).join(' ');

const AGENTS = `export default [{
  name: 'order',
  async *run() {
    const schema = { type: 'integer', minimum: 1, maximum: 10 };
    const answer = yield { type: 'ask', prompt: 'How many?', schema };
    yield answer.value + ' buns';
  }
}, {
  name: 'fails',
  async *run() { throw Object.assign(new Error('no flour'), { name: 'AgentError', code: 'no_flour', retryAfterMs: null }); }
}];`;

describe('agents in the terminal', function () {
  this.timeout(60_000);
  let dataDir: string;
  let server: ServerProcess;
  const terminals: TerminalProcess[] = [];

  const sit = async (user: string, thread: string, ...more: string[]): Promise<TerminalProcess> => {
    const args = ['chat', thread, ...more, '--url', server.url, '--user', user];
    const terminal = new TerminalProcess(args, 100, 30);
    terminals.push(terminal);
    await terminal.screen.shows('here: ');
    return terminal;
  };
  /** Runs the command with its input from a pipe. */
  const piped = async (input: string, ...args: string[]) => {
    const child = spawn(
      process.execPath,
      [CLI, 'chat', ...args, '--url', server.url, '--user', 'bot'],
      {
        cwd: tmpdir(),
        env: { PATH: process.env['PATH'] ?? '' }
      }
    );
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => (said[name] += chunk.toString()));
    }
    child.stdin.end(input);
    await once(child, 'close');
    return { code: child.exitCode, ...said };
  };

  before(async function () {
    const isThere = ptyProgram() !== undefined;
    requireTool(this, 'script', isThere, 'util-linux makes the pseudo-terminals');
    dataDir = await temporaryDir();
    const module = join(dataDir, 'agents.mjs');
    await writeFile(module, AGENTS);
    const env = { AGENTS: `echo,${module}`, AGENT_ECHO_WORDS_PER_SECOND: '4' };
    server = await startServer({ dataDir: join(dataDir, 'data'), env });
  });
  afterEach(async () => {
    await Promise.all(terminals.splice(0).map((terminal) => terminal.kill()));
  });
  after(async () => {
    await (server as ServerProcess | undefined)?.stop('SIGKILL');
    if ((dataDir as string | undefined) !== undefined) {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('write while somebody types, and are stopped and asked again', async () => {
    const { screen, type } = boundOf(await sit('ada', 'room', '--agent', 'echo'));
    await screen.shows('echo answers from your next message on');
    type(`${LONG}${ENTER}`);
    await screen.shows('▶ echo writes · /stop ends it');
    type('half ty');
    await screen.until(
      (lines) =>
        lines.at(-1) === 'room> half ty' && lines.some((line) => line.startsWith('│ word0 word1'))
    );
    type(`\u0015/stop${ENTER}`);
    await screen.shows('■ stopped by ada');
    await screen.until((lines) => !lines.some((line) => line.includes('echo writes')));
    type(`/again${ENTER}`);
    await screen.shows('▶ echo writes · /stop ends it');
    type(`/queue${ENTER}`);
    await screen.shows('echo writes: ada wrote word0');
  });

  it('go on when the terminal ends by Ctrl-C', async () => {
    const ada = await sit('ada', 'goes-on', '--agent', 'echo');
    ada.type(`${LONG}${ENTER}`);
    await ada.screen.shows('▶ echo writes');
    ada.type('\u0003');
    expect(await ada.exit).to.equal(0);
    const again = await sit('ada', 'goes-on');
    await again.screen.shows('▶ echo writes');
    await again.screen.shows('echo answers here');
  });

  it('ask, and take what fits from whoever asked them', async () => {
    const ada = await sit('ada', 'buns', '--agent', 'order');
    ada.type(`buns${ENTER}`);
    await ada.screen.shows('? order: How many? · /answer takes a whole number from 1 to 10');
    ada.type(`/answer 11${ENTER}`);
    await ada.screen.shows('that does not fit: ');
    ada.type(`/answer 3${ENTER}`);
    await ada.screen.shows('↳ ada answered 3');
    await ada.screen.shows('3 buns (');
    ada.type(`/agent none${ENTER}`);
    await ada.screen.shows('no agent answers here any more');
  });

  it('answer a pipe: the answer is printed, and the exit code says whether there was one', async () => {
    expect(await piped('hi there\n', '--agent', 'echo', 'pipe')).to.deep.equal({
      code: 0,
      stdout: 'hi there\n',
      stderr: ''
    });
    const failed = await piped('bread\n', 'pipe-2', '--agent', 'fails');
    expect(failed).to.include({ code: 1, stdout: '' });
    expect(failed.stderr).to.include('line 1: fails failed: no flour (no_flour)');
    const nobody = await piped('hi\n', 'pipe-3', '--agent', 'nobody');
    expect(nobody).to.include({ code: 1, stdout: '' });
    expect(nobody.stderr).to.include('line 1: it was not sent: there is no agent nobody');
  });
});

function boundOf(terminal: TerminalProcess) {
  return {
    screen: terminal.screen,
    type: (keys: string): void => {
      terminal.type(keys);
    }
  };
}
