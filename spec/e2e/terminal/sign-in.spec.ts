import { expect } from 'chai';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KEY, PRODUCTION, tokenOf } from '../access/doors.js';
import { startServer, temporaryDir, type ServerProcess } from '../servers/server-process.js';
import { runCli, type CliResult } from './run-cli.js';

describe('signing in to the terminal', function () {
  this.timeout(60_000);
  let server: ServerProcess;
  let dir: string;

  /** Follows a thread until its first message, with a token from the environment. */
  const tail = async (thread: string, token: string): Promise<CliResult> =>
    await runCli(['tail', thread, '--since', 'start', '-n', '1', '--url', server.url], {
      ROLLCALL_TOKEN: token
    });

  before(async () => {
    dir = await temporaryDir();
    server = await startServer({ env: PRODUCTION });
    const publish = { mid: 'm1', from: 'olga', body: { text: 'hello' }, expect: 'stored' };
    const answer = await fetch(`${server.url}/api/threads/club/messages`, {
      method: 'POST',
      headers: { 'x-api-key': KEY },
      body: JSON.stringify(publish)
    });
    expect(answer.status).to.equal(201);
  });

  after(async () => {
    await (server as ServerProcess | undefined)?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('takes the token from a file', async () => {
    const file = join(dir, 'token');
    await writeFile(file, `${await tokenOf('olga')}\n`);
    const args = ['tail', 'club', '--since', 'start', '-n', '1', '--url', server.url];
    const { code, stdout } = await runCli([...args, '--token-file', file]);
    expect(code).to.equal(0);
    expect(stdout).to.include('olga │ hello');
  });

  it('says in plain words that a thread may not be read', async () => {
    expect(await tail('club', await tokenOf('sam'))).to.deep.include({
      code: 1,
      stdout: '',
      stderr:
        'rollcall tail: you may not read club: ask its owner to make you a member (forbidden)\n'
    });
  });

  it('says that a token has expired or was revoked, and what to do', async () => {
    const expired = await tail('club', await tokenOf('olga', {}, '-1h'));
    expect(expired).to.include({ code: 1, stdout: '' });
    expect(expired.stderr).to.match(/the token has expired: give a fresh one with --token/);
    const revoked = await fetch(`${server.url}/api/users/rex/revoke`, {
      method: 'POST',
      headers: { 'x-api-key': KEY },
      body: JSON.stringify({ jti: 'j1' })
    });
    expect(revoked.status).to.equal(200);
    const answer = await tail('club', await tokenOf('rex', { jti: 'j1' }));
    expect(answer).to.include({ code: 1, stdout: '' });
    expect(answer.stderr).to.match(/the token has been revoked.*sign in again/);
  });
});
