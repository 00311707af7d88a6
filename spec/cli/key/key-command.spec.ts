import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCli } from '../../../cli/cli.js';
import {
  runKeyList,
  runKeyNew,
  type KeyDesk,
  type KeyOrder
} from '../../../cli/key/key-command.js';
import { readKeyFile } from '../../../server/access/key-file.js';
import { SCOPES } from '../../../server/access/scopes.js';
import { ApiKeys } from '../../../server/auth/api-keys.js';
import { hashOf } from '../../../server/auth/secret.js';
import { fakeSeat } from '../chat/fake-seat.js';

const NOW_MS = Date.UTC(2026, 5, 1, 12, 0, 0, 250);
const KEY = 'rollcall_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG';
const NEW = ['key', 'new', '--name', 'shop', '--scopes', 'publish,read'];

describe('rollcall key', () => {
  let cwd: string;
  let path: string;

  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'rollcall-key-'));
    path = join(cwd, 'keys.json');
  });

  afterEach(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  interface Ended {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }

  async function ran(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    const seat = fakeSeat({ env, cwd });
    const code = await runCli(args, seat);
    return { code, stdout: seat.stdout.text, stderr: seat.stderr.text };
  }

  const desk = (): KeyDesk => ({
    file: { name: 'keys.json', path },
    makeKey: () => KEY,
    nowMs: NOW_MS
  });

  async function made(order: Partial<KeyOrder>): Promise<Ended> {
    const seat = fakeSeat({ cwd });
    const whole = { name: 'shop', scopes: 'read', threads: [], expires: undefined, ...order };
    const code = await runKeyNew(whole, desk(), seat);
    return { code, stdout: seat.stdout.text, stderr: seat.stderr.text };
  }

  const stored = (): unknown => JSON.parse(readFileSync(path, 'utf8'));
  const mode = (): number => statSync(path).mode & 0o777;

  describe('new', () => {
    it('makes a file for its owner only, with a key that a server accepts', async () => {
      const { code, stdout, stderr } = await ran([...NEW, '--file', 'keys.json']);
      expect(code).to.equal(0);
      expect(stdout).to.match(/^rollcall_[\w-]{43}\n$/);
      expect(stderr).to.equal('"shop" was added to keys.json. The key is not shown again.\n');
      expect(mode()).to.equal(0o600);
      const text = readFileSync(path, 'utf8');
      expect(text).to.not.include(stdout.trim());
      const file = {
        path,
        readNow: () => text,
        read: () => Promise.resolve(text),
        stamp: () => Promise.resolve('1')
      };
      const keys = new ApiKeys({
        file,
        clock: { now: () => NOW_MS, elapsed: () => 0 },
        onRead: () => undefined
      });
      expect(keys.find(stdout.trim()).caller).to.have.nested.property('key.name', 'shop');
    });

    it('writes what was asked for, in the form of the file', async () => {
      const { code, stdout } = await made({
        scopes: 'publish,read',
        threads: ['orders:*:read,write', 'news:read'],
        expires: '90d'
      });
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `${KEY}\n` });
      expect(stored()).to.deep.equal({
        keys: [
          {
            name: 'shop',
            sha256: hashOf(KEY).toString('hex'),
            scopes: ['publish', 'read'],
            threads: { 'orders:*': ['read', 'write'], news: ['read'] },
            expiresAt: '2026-08-30T12:00:00Z'
          }
        ]
      });
    });

    it('keeps the other keys, and the rights of the file without those of others', async () => {
      await ran([...NEW, '--file', path]);
      chmodSync(path, 0o664);
      await ran(['key', 'new', '--name', 'ops', '--scopes', 'reports'], { API_KEYS_FILE: path });
      expect(mode()).to.equal(0o640);
      const read = readKeyFile(readFileSync(path, 'utf8'));
      expect(read.ok && read.keys.map(({ name }) => name)).to.deep.equal(['shop', 'ops']);
      expect(readdirSync(cwd)).to.deep.equal(['keys.json']);
    });

    it('changes the file behind a link', async () => {
      const link = join(cwd, 'link.json');
      writeFileSync(path, '{"keys":[]}');
      symlinkSync(path, link);
      expect((await ran([...NEW, '--file', link])).code).to.equal(0);
      expect(stored()).to.have.property('keys').with.lengthOf(1);
      expect(readdirSync(cwd)).to.have.members(['keys.json', 'link.json']);
    });

    it('takes the file from .env, and prints the entry when none is named', async () => {
      const alone = await ran(NEW);
      expect(alone.code).to.equal(0);
      const [key = '', ...entry] = alone.stdout.split('\n');
      expect(JSON.parse(entry.join('\n'))).to.deep.equal({
        name: 'shop',
        sha256: hashOf(key).toString('hex'),
        scopes: ['publish', 'read']
      });
      expect(readdirSync(cwd)).to.deep.equal([]);
      writeFileSync(join(cwd, '.env'), 'API_KEYS_FILE=keys.json\n');
      expect((await ran(NEW)).code).to.equal(0);
      expect(stored()).to.have.property('keys').with.lengthOf(1);
    });

    const refusals: [what: string, order: Partial<KeyOrder>, said: string][] = [
      ['no name', { name: undefined }, '--name has 1 to 64 characters'],
      ['no scopes', { scopes: undefined }, `--scopes is a list of ${SCOPES.join(', ')}`],
      ['a scope that there is not', { scopes: 'raed' }, '--scopes has something that is none of'],
      ['threads without actions', { threads: ['orders'] }, '--threads "orders" is no pattern'],
      ['an action that there is not', { threads: ['o:*:see'] }, '--threads has an action'],
      ['a pattern twice', { threads: ['o:read', 'o:write'] }, '--threads names "o" twice'],
      ['a user in a pattern', { threads: ['dm:{sub}:read'] }, 'a key has no user'],
      ['threads with reports', { threads: ['o:read'], scopes: 'reports' }, 'leave threads out'],
      ['no days', { expires: '0d' }, '--expires "0d" is no number of days (90d), nor a date'],
      ['no such day', { expires: '2027-02-30' }, '--expires "2027-02-30" is no'],
      ['a time without a zone', { expires: '2027-01-01T12:00' }, 'is no number of days'],
      ['now', { expires: '2026-06-01T12:00:00.250Z' }, 'has passed already']
    ];
    for (const [what, order, said] of refusals) {
      it(`ends with 2, prints no key and writes nothing for ${what}`, async () => {
        const { code, stdout, stderr } = await made(order);
        expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
        expect(stderr).to.include(`rollcall key new: `).and.include(said);
        expect(readdirSync(cwd)).to.deep.equal([]);
      });
    }

    const broken: [what: string, text: string, said: string][] = [
      [
        'a name that is taken',
        `{"keys":[{"name":"shop","sha256":"${'a'.repeat(64)}","scopes":["read"]}]}`,
        'two keys have the name "shop"'
      ],
      ['a file that is no JSON', '{"keys":[\n', 'line 2: it is not JSON'],
      ['a file with an unknown field', '{"keys":[],"kyes":[]}', 'there is no field "kyes"']
    ];
    for (const [what, text, said] of broken) {
      it(`ends with 1, prints no key and leaves the file for ${what}`, async () => {
        writeFileSync(path, text);
        const { code, stdout, stderr } = await made({});
        expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
        expect(stderr).to.include(`rollcall: keys.json: `).and.include(said);
        expect(readFileSync(path, 'utf8')).to.equal(text);
        expect(readdirSync(cwd)).to.deep.equal(['keys.json']);
      });
    }

    it('does not change a file that another process is changing', async () => {
      writeFileSync(`${path}.next`, 'theirs');
      const { code, stdout, stderr } = await made({});
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.include('another process is changing it').and.include('keys.json.next');
      expect(readFileSync(`${path}.next`, 'utf8')).to.equal('theirs');
    });

    it('ends with 1 when there is no such folder', async () => {
      const { code, stdout, stderr } = await ran([...NEW, '--file', 'none/keys.json']);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.include('none/keys.json: it cannot be changed (ENOENT');
    });
  });

  describe('list', () => {
    it('prints names, scopes, threads, ends and what has expired, but no hash', async () => {
      await made({ threads: ['orders:*:read,write', 'news:read'], expires: '1d' });
      const entry = { sha256: 'b'.repeat(64), scopes: SCOPES };
      const { keys } = stored() as { keys: object[] };
      const old = { ...entry, name: 'old', expiresAt: '2026-06-01T12:00:00.250Z' };
      const ever = { ...entry, name: 'ever', sha256: 'c'.repeat(64), scopes: ['read'] };
      writeFileSync(path, JSON.stringify({ keys: [...keys, old, ever] }));
      const seat = fakeSeat({ cwd });
      expect(await runKeyList(desk(), seat)).to.equal(0);
      const cells = seat.stdout.text
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/));
      expect(cells).to.deep.equal([
        ['name', 'scopes', 'threads', 'ends', 'state'],
        ['shop', 'read', 'orders:*:read,write news:read', '2026-06-02T12:00:00.000Z', 'good'],
        ['old', SCOPES.join(','), 'all', '2026-06-01T12:00:00.250Z', 'expired'],
        ['ever', 'read', 'all', 'never', 'good']
      ]);
    });

    it('ends with 1 for a file that is not there or has faults, and with 2 when none is named', async () => {
      const none = await ran(['key', 'list'], { API_KEYS_FILE: 'none.json' });
      expect(none).to.deep.equal({
        code: 1,
        stdout: '',
        stderr: 'rollcall: none.json: there is no such file\n'
      });
      writeFileSync(path, '[]');
      expect((await ran(['key', 'list', '--file', path])).stderr).to.include(
        'it is no {"keys":[…]}'
      );
      const unnamed = await ran(['key', 'list']);
      expect(unnamed.code).to.equal(2);
      expect(unnamed.stderr).to.include('which file? --file <path>, or API_KEYS_FILE');
    });
  });

  it('says which commands there are, and which one was meant', async () => {
    const { code, stdout } = await ran(['key', '--help']);
    expect(code).to.equal(0);
    for (const name of ['new', 'list', 'remove']) expect(stdout).to.include(`key ${name}`);
    const wrong = await ran(['key', 'nwe']);
    expect(wrong.code).to.equal(2);
    expect(wrong.stderr).to.include('unknown command "key nwe"; did you mean key new?');
  });

  it('shows in rollcall check who may read the file, and which keys have ended or do everything', async () => {
    const ended = {
      name: 'old',
      sha256: 'a'.repeat(64),
      scopes: ['read'],
      expiresAt: '2020-01-01'
    };
    const mighty = { name: 'root', sha256: 'b'.repeat(64), scopes: SCOPES };
    writeFileSync(path, JSON.stringify({ keys: [ended, mighty] }));
    chmodSync(path, 0o644);
    const { stdout } = await ran(['check', '--production'], { API_KEYS_FILE: 'keys.json' });
    expect(stdout).to.match(
      /^✗ File of API keys +keys\.json has 0644; ended: old; may do everything: root$/m
    );
  });

  describe('remove', () => {
    it('takes out one key and leaves the others', async () => {
      await ran([...NEW, '--file', path]);
      await ran(['key', 'new', '--name', 'ops', '--scopes', 'reports', '--file', path]);
      const { code, stdout } = await ran(['key', 'remove', 'shop', '--file', path]);
      expect({ code, stdout }).to.deep.equal({
        code: 0,
        stdout: `"shop" was taken out of ${path}.\n`
      });
      expect(stored()).to.have.nested.property('keys[0].name', 'ops');
      expect(stored()).to.have.property('keys').with.lengthOf(1);
      expect(mode()).to.equal(0o600);
    });

    it('ends with 1 for a key or a file that is not there, and with 2 without a name', async () => {
      await ran([...NEW, '--file', path]);
      const before = readFileSync(path, 'utf8');
      const unknown = await ran(['key', 'remove', 'shpo', '--file', path]);
      expect(unknown.code).to.equal(1);
      expect(unknown.stderr).to.include('it has no key "shpo"');
      expect(readFileSync(path, 'utf8')).to.equal(before);
      const none = await ran(['key', 'remove', 'shop', '--file', 'none.json']);
      expect(none.code).to.equal(1);
      expect(readdirSync(cwd)).to.deep.equal(['keys.json']);
      const unnamed = await ran(['key', 'remove']);
      expect(unnamed.code).to.equal(2);
      expect(unnamed.stderr).to.include('which key?').and.include('which file?');
    });
  });
});
