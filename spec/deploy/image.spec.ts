/** The steps of the Dockerfile, run in a clean folder by a user who is not root, and the server that they make. */
import { expect } from 'chai';
import { validate } from 'dockerfile-utils';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { asNobody, runSteps, type Image } from './image-steps.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DOCKERFILE = join(ROOT, 'deploy/Dockerfile');

describe('deploy/Dockerfile', () => {
  it('has no fault that a linter finds', () => {
    const faults = validate(readFileSync(DOCKERFILE, 'utf8'));
    expect(faults.map(({ message }) => message)).to.eql([]);
    expect(validate('FROM a\nRUNN b\n')).to.have.length.above(0);
  });

  describe('its steps, in a clean folder', function () {
    this.timeout(600_000);
    let folder: string;
    let image: Image;
    let server: ChildProcess | undefined;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'rollcall-image-'));
      execFileSync('chmod', ['755', folder]);
      image = runSteps({ dockerfile: DOCKERFILE, context: ROOT, folder });
    });
    after(async () => {
      if (server?.exitCode === null) {
        server.kill('SIGKILL');
        await once(server, 'close');
      }
      await rm(folder, { recursive: true, force: true });
    });

    it('make a server that starts as a user, writes only into /data, passes its own health check and drains', async () => {
      const { root, workdir, entrypoint, command, healthcheck, user } = image;
      expect(user).to.equal('node');
      execFileSync('chmod', ['-R', 'a-w', join(root, workdir)]);
      const env = {
        ...image.env,
        PATH: process.env['PATH'],
        PORT: '0',
        // Beside what the image sets: what it must be given.
        HOST: '127.0.0.1',
        DATA_DIR: join(root, image.env['DATA_DIR']!),
        AUTH_JWT_SECRET: 'a-secret-of-the-specs-that-is-longer-than-32-bytes',
        API_KEY: 'an-api-key-of-the-specs-of-deploy',
        LOG_FORMAT: 'json'
      };
      const [program = '', ...args] = [...entrypoint, ...command];
      const cwd = join(root, workdir);
      server = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], ...asNobody() });
      let said = '';
      server.stderr?.on('data', (part: Buffer) => (said += part.toString()));
      let url = '';
      for await (const line of createInterface({ input: server.stdout! })) {
        said += `${line}\n`;
        if (line.includes('Rollcall is serving')) {
          ({ url } = JSON.parse(line) as { url: string });
          break;
        }
      }
      expect(url, said).to.not.equal('');
      server.stdout?.resume();
      const PORT = new URL(url).port;
      const [check = '', ...checkArgs] = healthcheck;
      const options = { env: { ...env, PORT }, cwd, stdio: 'ignore' } as const;
      const health = spawn(check, checkArgs, options);
      expect(await once(health, 'close')).to.include(0);
      const closed = once(server, 'close');
      server.kill('SIGTERM');
      expect(await closed).to.include(0);
      const late = spawn(check, checkArgs, options);
      expect((await once(late, 'close'))[0]).to.equal(1);
    });
  });
});
