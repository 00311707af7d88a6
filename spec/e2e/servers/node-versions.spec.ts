import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { requireTool } from '../../require.js';
import { startServer, temporaryDir, type ServerProcess } from './server-process.js';
import { WireClient } from '../wire/wire-client.js';

/** Time for the first download of another Node version. */
const DOWNLOAD_MS = 120_000;

/** Returns the path of a Node of a major version: the running one, or one from the npm package `node`. */
async function nodeOf(major: number): Promise<string> {
  if (process.versions.node.startsWith(`${String(major)}.`)) return process.execPath;
  const { stdout } = await promisify(execFile)(
    'npx',
    ['--yes', `node@${String(major)}`, '--print', 'process.execPath'],
    { timeout: DOWNLOAD_MS }
  );
  return stdout.trim();
}

for (const [major, transport] of [
  [20, 'uws'],
  [22, 'uws'],
  [24, 'ws']
] as const) {
  describe(`Node ${String(major)}`, function () {
    this.timeout(60_000);
    let node: string;
    let dataDir: string;
    let server: ServerProcess | undefined;

    before(async function () {
      this.timeout(DOWNLOAD_MS);
      const found = await nodeOf(major).catch((error: unknown) => String(error).split('\n', 1)[0]);
      const isThere = found?.startsWith('/') === true || found?.includes(':\\') === true;
      requireTool(this, `node@${String(major)}`, isThere, found ?? '');
      node = found ?? '';
      dataDir = await temporaryDir();
    });
    after(async () => {
      await server?.stop();
      if ((dataDir as string | undefined) !== undefined) {
        await rm(dataDir, { recursive: true, force: true });
      }
    });

    it(`boots cleanly, on ${transport}`, async () => {
      server = await startServer({ node, dataDir });
      expect(server.lines.filter(({ level }) => level !== 'info')).to.eql([]);
      expect(server.stderr()).to.equal('');
      const status = (await (await fetch(`${server.url}/status`)).json()) as {
        status: string;
        transport: { kind: string; fallbackReason: string | null };
      };
      expect(status.status).to.equal('ready');
      expect(status.transport.kind).to.equal(transport);
      if (transport === 'uws') expect(status.transport.fallbackReason).to.equal(null);
      else expect(status.transport.fallbackReason).to.be.a('string').and.not.equal('');
    });

    it('chats, and keeps what was said', async () => {
      const ada = await WireClient.connect(server!.url, 'ada');
      const { subscribed } = await ada.subscribe('smoke');
      expect(await ada.publish('smoke', 'm1', 'grüße 💬')).to.include({ offset: 1 });
      expect((await ada.next('message')).body).to.eql({ text: 'grüße 💬' });
      expect(await server!.stop()).to.equal(0);
      server = await startServer({ node, dataDir });
      const again = await WireClient.connect(server.url, 'ada');
      const { replays } = await again.subscribe('smoke', { offset: 0, epoch: subscribed.epoch });
      expect(replays.map(({ mid }) => mid)).to.eql(['m1']);
    });
  });
}
