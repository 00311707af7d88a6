import { expect } from 'chai';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireTool } from '../../require.js';
import { KEY, PRODUCTION, tokenOf } from '../access/doors.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { ENTER, ptyProgram, TerminalProcess } from './terminal-process.js';

/** Columns of the terminal: enough that no sentence wraps. */
const COLUMNS = 110;

/** The tests share one server and depend on their order: each continues where the one before ended. */
describe('the members of a chat in two terminals', function () {
  this.timeout(60_000);
  let dir: string;
  let server: ServerProcess;
  let olga: TerminalProcess;
  let max: TerminalProcess;

  const api = async (method: string, path: string, body: object): Promise<void> => {
    const response = await fetch(`${server.url}/api/threads/club/${path}`, {
      method,
      headers: { 'x-api-key': KEY },
      body: JSON.stringify(body)
    });
    expect(response.status).to.be.below(300);
  };
  const sit = async (user: string): Promise<TerminalProcess> => {
    const file = join(dir, user);
    await writeFile(file, await tokenOf(user));
    const args = ['chat', '--thread', 'club', '--url', server.url, '--token-file', file];
    return new TerminalProcess(args, COLUMNS);
  };

  before(async function () {
    const isThere = ptyProgram() !== undefined;
    requireTool(this, 'script', isThere, 'util-linux makes the pseudo-terminals');
    dir = await temporaryDir();
    server = await startServer({ env: PRODUCTION });
    await api('PUT', 'owner', { owner: 'olga' });
    await api('PUT', 'members/max', { role: 'reader' });
    [olga, max] = [await sit('olga'), await sit('max')];
    await Promise.all([olga, max].map(({ screen }) => screen.shows('here: ')));
  });
  after(async () => {
    await Promise.all([olga, max].map((terminal) => terminal?.kill()));
    await (server as ServerProcess | undefined)?.stop('SIGKILL');
    if ((dir as string | undefined) !== undefined) await rm(dir, { recursive: true, force: true });
  });

  it('are listed with what each may do, and a reader is told what it may not', async () => {
    await max.screen.shows('you may only read in club: its owner can let you write');
    max.type(`/members${ENTER}`);
    await max.screen.shows('olga owns club');
    await max.screen.shows('max reads only');
    max.type(`let me in${ENTER}`);
    await max.screen.shows('you may not do that in club; its owner can let you (forbidden)');
    max.type(`/member eve member${ENTER}`);
    await max.screen.shows('eve stays as it was: ');
  });

  it('are changed by the owner, and both see it', async () => {
    olga.type(`/member max member${ENTER}`);
    for (const { screen } of [olga, max]) {
      await screen.shows('max reads and writes (olga changed it)');
    }
    await max.screen.shows('you may read and write in club');
    max.type(`thank you${ENTER}`);
    await olga.screen.shows('max │ thank you');
    olga.type(`/member max boss${ENTER}`);
    await olga.screen.shows('/member takes a name and member, reader or none');
  });

  it('see nothing more once they are removed: the chat ends, and says what to do', async () => {
    olga.type(`/member max none${ENTER}`);
    await max.screen.shows('you may no longer read club: ask its owner to make you a member');
    await olga.screen.shows('max is no member any more (olga changed it)');
    olga.type(`among us${ENTER}`);
    await olga.screen.shows('olga │ among us ✓');
    expect(await max.exit).to.equal(1);
    expect(max.screen.with('among us')).to.deep.equal([]);
  });
});
