import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { runCli } from '../terminal/run-cli.js';
import { requireTransport, TRANSPORTS } from '../wire/transports.js';
import { WireClient } from '../wire/wire-client.js';

const CLI = fileURLToPath(new URL('../../../dist/cli/cli.js', import.meta.url));

const post = async (server: ServerProcess, thread: string, mid: string): Promise<boolean> => {
  const response = await fetch(`${server.url}/api/threads/${thread}/messages`, {
    method: 'POST',
    body: JSON.stringify({ mid, from: 'ada', body: { text: mid }, expect: 'stored' })
  }).catch(() => null);
  return response?.ok === true;
};

/** The mids of a thread as a server answers them. */
const midsOf = async (server: ServerProcess, thread: string): Promise<string[]> => {
  const response = await fetch(`${server.url}/api/threads/${thread}/messages?limit=500`);
  const { messages } = (await response.json()) as { messages: { mid: string }[] };
  return messages.map(({ mid }) => mid);
};

for (const transport of TRANSPORTS) {
  describe(`rollcall backup and restore on ${transport}`, function () {
    this.timeout(120_000);
    let home: string;
    let server: ServerProcess;
    const running: ServerProcess[] = [];
    const start = async (dir: string): Promise<ServerProcess> => {
      const started = await startServer({
        env: { TRANSPORT: transport, DATA_DIR: dir, CLICKHOUSE_URL: 'off' }
      });
      running.push(started);
      return started;
    };

    before(async function () {
      requireTransport(this, transport);
      home = await temporaryDir();
      server = await start(join(home, 'data'));
    });
    after(async () => {
      for (const started of running) await started.stop();
      await rm(home, { recursive: true, force: true });
    });

    for (const from of ['url', 'data-dir'] as const) {
      it(`have what was acknowledged before, of a server under load, by --${from}`, async () => {
        const acked: string[] = [];
        let isOver = false;
        const load = Promise.all(
          Array.from({ length: 8 }, async (_, writer) => {
            for (let n = 0; !isOver; n++) {
              const mid = `${String(writer)}-${String(n)}`;
              if (await post(server, `${from}-${String(writer)}`, mid)) acked.push(mid);
            }
          })
        );
        while (acked.length < 60) await fetch(`${server.url}/livez`);
        const before = [...acked];
        const file = join(home, `${from}.backup`);
        const source = from === 'url' ? server.url : join(home, 'data');
        const made = await runCli(['backup', '--to', file, `--${from}`, source]);
        isOver = true;
        await load;
        expect(made).to.include({ code: 0, stderr: '' });
        const dir = join(home, `from-${from}`);
        const put = await runCli(['restore', file, '--data-dir', dir]);
        expect(put).to.include({ code: 0, stderr: '' });
        expect((await runCli(['log', 'check', '--data-dir', dir])).code).to.equal(0);
        const again = await start(dir);
        const kept: string[] = [];
        for (let n = 0; n < 8; n++) kept.push(...(await midsOf(again, `${from}-${String(n)}`)));
        expect(kept).to.include.members(before);
        await again.stop();
      });
    }

    it('tell a client that resumes behind the backup of a gap', async () => {
      await post(server, 'gap', 'm1');
      const file = join(home, 'gap.backup');
      await runCli(['backup', '--to', file, '--url', server.url]);
      await post(server, 'gap', 'm2');
      const bob = await WireClient.connect(server.url, 'bob');
      const { offset, epoch } = await bob.ask({ type: 'subscribe', thread: 'gap' });
      bob.socket.terminate();
      const dir = join(home, 'gap');
      await runCli(['restore', file, '--data-dir', dir]);
      const again = await start(dir);
      await post(again, 'gap', 'new2');
      const late = await WireClient.connect(again.url, 'bob');
      const answer = await late.ask({ type: 'subscribe', thread: 'gap', since: { offset, epoch } });
      expect(answer).to.deep.include({ recovered: false, replay: 2 });
      expect(answer['gap']).to.include({ reason: 'epoch' });
      late.socket.terminate();
      await again.stop();
    });

    it('overwrite nothing, and refuse what they cannot use', async () => {
      const file = join(home, 'once.backup');
      await runCli(['backup', '--to', file, '--url', server.url]);
      const refused = async (args: string[], why: string): Promise<void> => {
        const { code, stderr } = await runCli(args);
        expect(stderr).to.contain(why).and.to.contain('nothing was changed');
        expect(stderr.trim().split('\n')).to.have.length(1);
        expect(code).to.equal(1);
      };
      await refused(['backup', '--to', file, '--url', server.url], 'is there already');
      const next = join(home, 'next.backup');
      await refused(['backup', '--to', next, '--url', 'http://127.0.0.1:1'], 'no server answers');
      await refused(['backup', '--to', next, '--data-dir', join(home, 'none')], 'there is no log');
      await refused(['backup', '--to', join(home, 'no', 'x'), '--url', server.url], 'ENOENT');
      await refused(['restore', file, '--data-dir', join(home, 'data')], 'is in use');
      const full = join(home, 'full');
      await mkdir(full);
      writeFileSync(join(full, 'mine'), '');
      await refused(['restore', file, '--data-dir', full], 'is not empty (mine)');
      const empty = join(home, 'empty');
      await refused(['restore', join(home, 'absent'), '--data-dir', empty], 'there is no file');
      writeFileSync(next, readFileSync(file).subarray(0, -20));
      await refused(['restore', next, '--data-dir', empty], 'it is damaged');
      await refused(['restore', CLI, '--data-dir', empty], 'no backup of Rollcall');
      expect(readdirSync(home).filter((name) => name.includes('.part-'))).to.eql([]);
      expect(existsSync(join(empty, 'log'))).to.equal(false);
      expect((await runCli(['backup'])).code).to.equal(2);
      expect((await runCli(['restore'])).code).to.equal(2);
    });

    it('leave nothing behind that counts when they are killed, and work the next time', async () => {
      const file = join(home, 'kept.backup');
      await runCli(['backup', '--to', file, '--url', server.url]);
      for (const ms of [200, 300]) {
        const to = join(home, `killed-${String(ms)}.backup`);
        const dir = join(home, `killed-${String(ms)}`);
        const orders = [
          ['backup', '--to', to, '--url', server.url],
          ['restore', file, '--data-dir', dir]
        ];
        for (const args of orders) {
          const child = spawn(process.execPath, [CLI, ...args], { stdio: 'ignore' });
          const ended = new Promise((resolve) => child.once('close', resolve));
          setTimeout(() => child.kill('SIGKILL'), ms);
          await ended;
        }
        // There is a whole one or none.
        if (!existsSync(to)) {
          const again = await runCli(['backup', '--to', to, '--url', server.url]);
          expect(again.stderr).to.equal('');
        }
        if (!existsSync(join(dir, 'log'))) {
          const again = await runCli(['restore', to, '--data-dir', dir]);
          expect(again.stderr).to.equal('');
        }
        expect((await runCli(['log', 'check', '--data-dir', dir])).code).to.equal(0);
      }
    });
  });
}
