import { expect } from 'chai';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  launchServer,
  startServer,
  temporaryDir,
  type LaunchedServer
} from '../servers/server-process.js';
import { WireClient } from '../wire/wire-client.js';

/** Blocks the event loop without using the CPU. */
const blocked = (ms: number | 'for ever'): string =>
  `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0${ms === 'for ever' ? '' : `, ${String(ms)}`});`;

/** The servers cannot hear SIGTERM, so each is killed. */
describe('a module of AGENTS that blocks the event loop', function () {
  this.timeout(60_000);
  let folder: string;
  const servers: LaunchedServer[] = [];

  beforeEach(async () => {
    folder = await temporaryDir();
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  const options = async (name: string, text: string) => {
    const module = join(folder, `${name}.mjs`);
    await writeFile(module, text);
    return { module, dataDir: join(folder, name), env: { AGENTS: module } };
  };
  const asked = async (name: string, body: string): Promise<LaunchedServer> => {
    const text = `export default { name: '${name}', async *run() { ${body} } };`;
    const server = await startServer(await options(name, text));
    servers.push(server);
    const ada = await WireClient.connect(server.url, 'ada');
    await ada.subscribe('t');
    void ada
      .ask({ type: 'publish', thread: 't', mid: 'm1', agent: name, body: { text: 'hi' } })
      .catch(() => undefined);
    return server;
  };

  it('for ever is named in the log, with its thread and its run', async () => {
    const server = await asked('loops', "yield 'a'; while (true) {}");
    const line = await server.line('the event loop is blocked for');
    expect(line.message).to.include('the agent loops was called and has not returned');
    expect(line).to.include({ level: 'error', actor: 'agents', agent: 'loops', thread: 't' });
    expect(line['run']).to.match(/^r[0-9a-f]{24}$/);
    expect(line['blockedMs']).to.be.at.least(10_000);
  });

  it('at its top is named; and one that blocks after a wait of its own is told as an open run, and when it is over', async () => {
    const { module, ...rest } = await options('top', blocked('for ever'));
    const loading = await launchServer(rest);
    servers.push(loading);
    const waits = 'await new Promise((go) => setTimeout(go, 500));';
    const waiting = await asked('waits', `yield 'a'; ${waits} ${blocked(15_000)}`);
    const top = await loading.line('the event loop is blocked for');
    expect(top.message).to.include(`no agent was being called; modules being loaded: ${module}`);
    const after = await waiting.line('the event loop is blocked for');
    expect(after.message).to.include('no agent was being called; agents with open runs: waits');
    const over = await waiting.line('the event loop runs again');
    expect(over).to.include({ level: 'warn' });
    expect(
      waiting.lines.filter(({ message }) => message.includes('event loop is blocked'))
    ).to.have.length(1);
  });
});
