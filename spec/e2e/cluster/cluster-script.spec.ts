import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { requireNatsServer } from '../../nats-servers.js';
import { gone, temporaryDir } from '../servers/server-process.js';
import { WireClient } from '../wire/wire-client.js';

const SCRIPT = 'scripts/cluster/cluster.ts';
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

describe('npm run cluster', function () {
  this.timeout(120_000);
  let dir = '';

  before(async function () {
    requireNatsServer(this);
    dir = await temporaryDir();
  });

  after(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  /** Starts the script; `said` resolves to what it has said once that has a word in it. */
  function run(...flags: readonly string[]) {
    const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, ...flags], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: dir },
      stdio: ['ignore', 'pipe', 'pipe']
    });
    const ended = once(child, 'close').then(([code]: unknown[]) => code);
    let text = '';
    const said = (word: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const look = (chunk: Buffer): void => {
          text += chunk.toString();
          if (text.includes(word)) resolve(text);
        };
        child.stdout.on('data', look);
        child.stderr.on('data', look);
        void ended.then(() => {
          reject(new Error(`it ended without "${word}": ${text}`));
        });
      });
    return { child, ended, said };
  }

  it('prints the addresses of nodes that share threads, and leaves nothing behind', async () => {
    const { child, ended, said } = run('--nodes', '2', '--brokers', '1');
    const text = await said('Ctrl-C');
    const [one = '', two = ''] = [...text.matchAll(/node +\d +(\S+)/g)].map(([, url]) => url);
    const ada = await WireClient.connect(one, 'ada');
    const bob = await WireClient.connect(two, 'bob');
    await bob.subscribe('t1', 'start');
    await ada.publish('t1', 'm1');
    expect(await bob.next('message')).to.include({ mid: 'm1' });
    child.kill('SIGINT');
    expect(await ended).to.equal(0);
    const pids = [...text.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid));
    expect(pids).to.have.length(3);
    for (const pid of pids) await gone(pid);
    expect((await readdir(dir)).filter((name) => name.startsWith('rollcall'))).to.deep.equal([]);
  });

  it('says what is wrong with a flag', async () => {
    const { ended, said } = run('--brokers', '2');
    await said('--brokers must be 1 or 3, not 2');
    expect(await ended).to.equal(2);
  });
});
