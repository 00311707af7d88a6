import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { markPath, readMark } from '../../actors/log/lmdb/disk/log-mark.js';
import { RUN_KEY } from '../../actors/log/lmdb/log-keys.js';
import { appendMany, LogFixture } from '../actors/log/lmdb/log-fixture.js';
import { flipBit } from '../actors/log/lmdb/stored-rows.js';
import { runCli } from '../../cli/cli.js';
import { claimDataDir } from '../../actors/log/lmdb/disk/data-dir.js';
import { LOG_FOLDER } from '../../server/config/config.js';
import { fakeSeat } from './chat/fake-seat.js';
import { flagName, SETTINGS } from '../../server/config/settings.js';
import { VERSION } from '../../server/wiring/version.js';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const CLI = fileURLToPath(new URL('../../cli/cli.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

describe('the command line', () => {
  let cwd: string;
  const env = { PATH: process.env['PATH'] };

  before(() => {
    cwd = mkdtempSync(join(tmpdir(), 'rollcall-cli-'));
  });

  after(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  /** Runs the command line in a process of its own. */
  function spawned(args: readonly string[], more: Record<string, string> = {}): Promise<Ended> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ['--import', TSX, CLI, ...args],
        { cwd, env: { ...env, ...more } },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
        }
      );
    });
  }

  /** Runs the command line in this process. */
  async function ran(
    args: readonly string[],
    more: Record<string, string> = {},
    isTTY = false
  ): Promise<Ended> {
    const outside = fakeSeat({ env: more, cwd, isTTY });
    const code = await runCli(args, outside);
    return { code, stdout: outside.stdout.text, stderr: outside.stderr.text };
  }

  it('prints the version and ends with 0 when it runs as a process', async () => {
    expect(await spawned(['version'])).to.deep.equal({
      code: 0,
      stdout: `rollcall ${VERSION}\n`,
      stderr: ''
    });
  });

  it('ends with 2 when a process is given an unknown command', async () => {
    const { code, stdout, stderr } = await spawned(['strat']);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.include('unknown command "strat"; did you mean start?');
  });

  it('ends with 3 and all faults in one message when a process is started with a bad configuration', async () => {
    const { code, stdout, stderr } = await spawned(['start', '--port', 'http'], {
      ENVIRONMENT: 'staging',
      TEST_MODE: '0'
    });
    expect({ code, stdout }).to.deep.equal({ code: 3, stdout: '' });
    expect(stderr).to.include(
      '❌ CRITICAL: configuration refused (3 faults), nothing was started:'
    );
    for (const name of ['PORT', 'TEST_MODE', 'AUTH_JWT_SECRET'])
      expect(stderr).to.include(`- ${name}`);
  });

  it('prints the configuration with secrets masked when a process checks it', async () => {
    writeFileSync(join(cwd, '.env'), 'HOST=from.file\nALLOW_OPEN=true\nAPI_KEY=hunter2\n');
    const { code, stdout, stderr } = await spawned(['check', '--port=0'], {
      CLICKHOUSE_URL: 'http://ada:hunter2@ch:8123/chat'
    });
    rmSync(join(cwd, '.env'));
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.match(/^PORT +flag +0$/m);
    expect(stdout).to.match(/^HOST +\.env +from\.file$/m);
    expect(stdout).to.match(/^API_KEY +\.env +••••$/m);
    expect(stdout).to.match(/^CLICKHOUSE_URL +environment +http:\/\/ada:••••@ch:8123\/chat$/m);
    expect(stdout).to.match(/^LOG_FORMAT +default +json$/m);
    expect(stdout).to.not.include('hunter2');
  });

  it('prints every setting and nothing else when it checks the defaults', async () => {
    const { stdout } = await ran(['check']);
    const names = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(names).to.deep.equal(Object.values(SETTINGS).map(({ name }) => name));
  });

  describe('check outside development', () => {
    const whole = {
      AUTH_JWT_SECRET: 'GdUDq5qk8sDdrWzWcGzJ4R8hT2m6Xx0Q',
      API_KEY: 'wZ3kq9Xb7Lr2Vn5Tt8Yc1Md4'
    };

    it('adds the checklist, and ends with 0 when a server would start', async () => {
      const { code, stdout, stderr } = await ran(['check'], {
        ...whole,
        ENVIRONMENT: 'production'
      });
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(stdout).to.match(/^ENVIRONMENT +environment +production$/m);
      expect(stdout).to.match(/^✓ Authentication +on, by AUTH_JWT_SECRET/m);
      expect(stdout).to.match(/^✗ TLS +TRUST_PROXY is false.*\n +→ put a proxy/m);
      expect(stdout).to.match(/^– Backups +cannot be seen from here$/m);
      expect(stdout).to.match(/A server starts with this\.\n$/);
      for (const secret of Object.values(whole)) expect(stdout).to.not.include(secret);
    });

    it('ends with 1 when the checklist has what a start refuses', async () => {
      const env = { ...whole, ENVIRONMENT: 'production', API_KEY: 'short', TESTING: '1' };
      const { code, stdout, stderr } = await ran(['check'], env);
      expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' });
      expect(stdout).to.match(/^✗ API keys +API_KEY: shorter than 24 characters/m);
      expect(stdout).to.match(/^✗ Test switches +TESTING: /m);
      expect(stdout).to.match(/does not start with this \(2\)\.\n$/);
      expect((await ran(['start'], env)).code).to.equal(3);
    });

    it('judges as if it were production when it is told to, and says that it is not', async () => {
      const { code, stdout } = await ran(['check', '--production']);
      expect(code).to.equal(1);
      expect(stdout).to.match(/^✗ Environment +ENVIRONMENT is development$/m);
      expect(stdout).to.match(/^✗ Authentication +AUTH_JWT_SECRET or AUTH_JWKS_URL: /m);
    });

    it('writes the same as JSON', async () => {
      const { code, stdout } = await ran(['check', '--production', '--json'], whole);
      expect(code).to.equal(0);
      const { settings, checklist } = JSON.parse(stdout) as {
        settings: object[];
        checklist: { id: string }[];
      };
      expect(settings).to.deep.include({ name: 'API_KEY', value: '••••', source: 'environment' });
      expect(checklist.find(({ id }) => id === 'authentication')).to.deep.include({
        title: 'Authentication',
        mark: 'good',
        action: null,
        refused: false
      });
      const development = await ran(['check', '--json']);
      expect(JSON.parse(development.stdout)).to.have.property('checklist', null);
    });

    it('sees who may read the data directory and the .env file', async () => {
      const dir = join(cwd, 'open-data');
      mkdirSync(dir);
      chmodSync(dir, 0o755);
      writeFileSync(join(cwd, '.env'), '# nothing\n');
      chmodSync(join(cwd, '.env'), 0o644);
      const { stdout } = await ran(['check', '--production', '--data-dir', dir], whole);
      rmSync(join(cwd, '.env'));
      expect(stdout).to.match(/^✗ Data directory +.*open-data has 0755$/m);
      expect(stdout).to.match(/^✗ \.env file +it has 0644$/m);
    });

    it('ends with 3 when a setting cannot be read', async () => {
      const { code, stderr } = await ran(['check', '--production'], { PORT: 'http' });
      expect(code).to.equal(3);
      expect(stderr).to.include('PORT').and.include('AUTH_JWT_SECRET');
    });
  });

  it('ends with 3 when it checks a bad configuration', async () => {
    const { code, stdout, stderr } = await ran(['check'], { LOG_LEVEL: 'loud' });
    expect({ code, stdout }).to.deep.equal({ code: 3, stdout: '' });
    expect(stderr).to.include('LOG_LEVEL: "loud" is refused');
  });

  it('ends with 3 when the .env file cannot be read', async () => {
    mkdirSync(join(cwd, '.env'));
    const { code, stderr } = await ran(['check']);
    rmSync(join(cwd, '.env'), { recursive: true });
    expect(code).to.equal(3);
    expect(stderr).to.include('.env: it is there but cannot be read');
  });

  it('lists its commands and ends with 0 when it is asked for help', async () => {
    const { code, stdout } = await ran(['--help']);
    expect(code).to.equal(0);
    const commands = stdout
      .split('\n')
      .filter((line) => line.startsWith('  '))
      .map((line) => line.trim().split('  ')[0]);
    expect(commands).to.deep.equal([
      'start',
      'check',
      'chat',
      'tail',
      'query',
      'verify',
      'key new',
      'key list',
      'key remove',
      'log check',
      'log export',
      'log restored',
      'cluster seed',
      'cluster leave',
      'backup',
      'restore',
      'version'
    ]);
  });

  it('says the same on standard error and ends with 2 when it gets no command', async () => {
    const { code, stdout, stderr } = await ran([]);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.equal((await ran(['--help'])).stdout);
  });

  for (const command of ['start', 'check']) {
    it(`names the flag of every setting when ${command} is asked for help`, async () => {
      const { code, stdout } = await ran([command, '--help', '--port']);
      expect(code).to.equal(0);
      for (const { name } of Object.values(SETTINGS))
        expect(stdout).to.include(`--${flagName(name)} `);
    });
  }

  for (const args of [
    ['version'],
    ['chat'],
    ['tail'],
    ['query'],
    ['verify'],
    ['key', 'new'],
    ['log'],
    ['log', 'check'],
    ['log', 'export']
  ]) {
    it(`explains ${args.join(' ')} and ends with 0 when asked for help`, async () => {
      const { code, stdout, stderr } = await ran([...args, '-h']);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(stdout).to.include(`Usage: rollcall ${args.join(' ')}`);
    });
  }

  const wrong: [string[], string][] = [
    [['check', '--prot', '1'], 'unknown flag --prot; did you mean --port?'],
    [['check', '-p', '1'], 'unknown flag -p'],
    [['check', '--port'], '--port needs a value'],
    [['check', '--port='], '--port needs a value'],
    [['check', '--port', '--host', 'a'], '--port needs a value'],
    [['check', '--port', '1', '--port', '2'], '--port is given twice'],
    [['check', '8080'], '"8080" is not understood here'],
    [['version', '--port', '1'], 'unknown flag --port'],
    [['query', 'outcomes', 'again'], '"again" is not understood here'],
    [['query', '--json=yes'], '--json takes no value'],
    [['query', '--jsn'], 'unknown flag --jsn; did you mean --json?'],
    [['query', '--minutes', '0'], '--minutes 0 is no whole number above 0'],
    [['query', '--url', 'localhost:8080'], '--url localhost:8080 is no http(s) address'],
    [['tail'], 'which thread? rollcall tail <thread>'],
    [['tail', 'no/thread'], '"no/thread" is no thread'],
    [['tail', 't1', 't2'], '"t2" is not understood here'],
    [['tail', 't1', '--since', 'noon'], '--since "noon" is neither start, live nor an offset'],
    [['tail', 't1', '-n', '0'], '--limit "0" is no whole number above 0'],
    [['tail', 't1', '-n'], '-n needs a value'],
    [['tail', 't1', '--jsno'], 'unknown flag --jsno; did you mean --json?'],
    [
      ['chat', '--url', 'localhost:8080'],
      'localhost:8080 is not ws://, wss://, http:// or https://'
    ],
    [['chat', '--thread', 'no thread'], '"no thread" is no thread'],
    [['chat', '--user', 'x'.repeat(129)], '--user is longer than 128 characters'],
    [['chat', 'lobby', 'hall'], '"hall" is not understood here'],
    [['chat', 'lobby', '--thread', 'hall'], 'lobby and --thread hall are two threads'],
    [['chat', '--agent', 'A b'], '--agent: "A b" is no name of an agent'],
    [['log', 'chek'], 'unknown command "log chek"; did you mean log check?'],
    [['--port', '1', 'start'], 'unknown command "--port"'],
    [['__proto__'], 'unknown command "__proto__"'],
    [['toString'], 'unknown command "toString"']
  ];
  for (const [args, said] of wrong) {
    it(`ends with 2 when it is given ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await ran(args);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr).to.include(said).and.to.include('rollcall');
    });
  }

  it('names every wrong flag at once', async () => {
    const { stderr } = await ran(['check', '--prot', '1', '--hots', 'a', '--port']);
    for (const flag of ['--prot', '--hots', '--port needs']) expect(stderr).to.include(flag);
    expect(stderr).to.not.include('"1"');
  });

  it('colours its help on a terminal only', async () => {
    expect((await ran(['--help'])).stdout).to.not.include('\u001b');
    expect((await ran(['--help'], {}, true)).stdout).to.include('\u001b[');
  });

  it('uses no colours on a terminal when NO_COLOR is set', async () => {
    expect((await ran(['--help'], { NO_COLOR: '1' }, true)).stdout).to.not.include('\u001b');
  });

  describe('with a log', () => {
    const logs = new LogFixture();
    let dir: string;

    before(async () => {
      dir = logs.dir();
      const log = await logs.open({ dir: join(dir, LOG_FOLDER) });
      await appendMany(log, 't1', 3);
      await log.close();
    });

    after(() => logs.clear());

    it('says that it is sound and ends with 0 when log check finds nothing', async () => {
      expect(await ran(['log', 'check', '--data-dir', dir])).to.deep.equal({
        code: 0,
        stdout: '1 threads, 3 messages, 0 problems\n',
        stderr: ''
      });
    });

    it('notes that the log was restored, and only where there is one', async () => {
      const { code, stdout } = await ran(['log', 'restored', '--data-dir', dir]);
      expect({ code, stdout }).to.deep.equal({
        code: 0,
        stdout:
          'The next start gives every thread a new epoch; clients are told of a gap and read again what is kept.\n'
      });
      expect(readMark(markPath(join(dir, 'log')))).to.equal('restored');
      const none = await ran(['log', 'restored', '--data-dir', join(dir, 'none')]);
      expect(none.code).to.equal(1);
      expect(none.stderr).to.match(/there is no log/);
    });

    it('goes on with what is whole when log check is to repair, and does nothing when all is', async () => {
      const broken = logs.dir();
      const folder = join(broken, LOG_FOLDER);
      const log = await logs.open({ dir: folder });
      await appendMany(log, 't1', 3);
      await log.close();
      await flipBit(folder, RUN_KEY, 3);
      const repair = ['log', 'check', '--repair', '--data-dir', broken];
      const { code, stdout } = await ran(repair);
      expect(code).to.equal(0);
      expect(stdout)
        .to.include('left out: the row ["x","run"]')
        .and.match(/repaired: 3 messages are in the new file.*damaged-\d+\.mdb; clients/);
      expect(await ran(repair)).to.deep.equal({
        code: 0,
        stdout: '1 threads, 3 messages, 0 problems\n',
        stderr: ''
      });
      expect(readdirSync(folder).filter((name) => name.startsWith('damaged-'))).to.have.length(1);
    });

    it('writes one frame a line and nothing else to standard output when it exports', async () => {
      const { code, stdout, stderr } = await ran(['log', 'export'], { DATA_DIR: dir });
      const offsets = stdout
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
        .map((frame) => (frame as { offset: number }).offset);
      expect({ code, offsets }).to.deep.equal({ code: 0, offsets: [1, 2, 3] });
      expect(stderr).to.match(/^3 messages written/);
    });

    it('refuses to judge the log and names the process when a server has the directory', async () => {
      const claim = claimDataDir(dir);
      try {
        const { code, stdout, stderr } = await ran(['log', 'check', '--data-dir', dir]);
        expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
        expect(stderr).to.include(`in use by process ${String(process.pid)}`);
      } finally {
        claim.release();
      }
    });
  });

  for (const command of ['check', 'export']) {
    it(`ends with 1 when log ${command} finds no log`, async () => {
      const { code, stdout, stderr } = await ran(['log', command, '--data-dir', join(cwd, 'none')]);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.include('cannot be opened: there is no log');
    });
  }
});
