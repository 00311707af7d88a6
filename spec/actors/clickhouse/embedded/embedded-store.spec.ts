import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { systemClock } from '../../../../actors/clock.js';
import { EmbeddedStore } from '../../../../actors/clickhouse/embedded/embedded-store.js';
import {
  ENGINE_NICE,
  MAX_IN_FLIGHT
} from '../../../../actors/clickhouse/embedded/engine-process.js';
import { codeOf } from '../../../../machines/error-code.js';
import { migrate, SCHEMA_VERSION } from '../../../../actors/clickhouse/schema.js';
import { StoreError } from '../../../../actors/clickhouse/store.js';
import { requireTool } from '../../../require.js';
import { engineIsInstalled } from '../stores.js';

const NEVER = new AbortController().signal;

async function rejection(work: Promise<unknown>): Promise<StoreError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  return expect.fail('it was expected to reject');
}

/** Resolves when the process has ended; a zombie counts as ended. */
async function gone(pid: number): Promise<void> {
  const status = `/proc/${String(pid)}/status`;
  for (;;) {
    try {
      process.kill(pid, 0);
      if (existsSync(status) && /^State:\s+Z/m.test(readFileSync(status, 'utf8'))) return;
    } catch (error) {
      if (codeOf(error) === 'ESRCH') return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('EmbeddedStore', () => {
  let root: string;
  const stores: EmbeddedStore[] = [];
  const make = (name = 'clickhouse', file?: URL) => {
    const dir = join(root, name);
    const store = new EmbeddedStore({ dir, clock: systemClock, ...(file ? { file } : {}) });
    stores.push(store);
    return store;
  };
  /** A child that runs `source` in place of the engine. */
  const fake = async (source: string) => {
    const path = join(root, 'child.mjs');
    await writeFile(path, source);
    return pathToFileURL(path);
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'rollcall-clickhouse-'));
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await rm(root, { recursive: true, force: true });
  });

  describe('with the engine', () => {
    before(function () {
      requireTool(this, 'chdb', engineIsInstalled(), 'it has no binary for this platform');
    });

    it('runs all threads of the engine at a lower priority than ours', async function () {
      if (process.platform !== 'linux') this.skip();
      const store = make();
      await store.connect(NEVER);
      const tasks = `/proc/${String(store.pid)}/task`;
      const threads = await readdir(tasks);
      expect(threads.length).to.be.above(8);
      for (const thread of threads) {
        // The engine gives this one, which only measures, a priority of its own.
        if (readFileSync(`${tasks}/${thread}/comm`, 'utf8').startsWith('MemoryWorker')) continue;
        const nice = getPriority(Number(thread));
        expect(nice, thread).to.equal(Math.min(19, getPriority() + ENGINE_NICE));
      }
    });

    it('makes the schema, twice, and gives back what was inserted', async () => {
      const store = make();
      const { version } = await store.connect(NEVER);
      expect(version).to.match(/^\d+\.\d+/);
      await migrate(store, 1);
      await migrate(store, 2);
      expect(await store.query('SELECT version, at FROM schema_version')).to.deep.equal([
        { version: SCHEMA_VERSION, at: '1' }
      ]);
      const row = {
        thread: 't1',
        epoch: 'x1',
        offset: '9007199254740993',
        mid: 'm1',
        user: 'ada',
        kind: 'user_message',
        body: '{"text":"it\'s \\\\ hí"}',
        text: "it's \\ hí",
        at: '1767225600123'
      };
      const columns = Object.keys(row);
      await store.insert('messages', [columns[0] ?? '', ...columns.slice(1)], [row, row]);
      await store.ping();
      expect(await store.query('SELECT * FROM messages FINAL')).to.deep.equal([
        { day: '2026-01-01', ...row }
      ]);
    });

    it('says the engine’s code and text when a statement is wrong, and goes on', async () => {
      const store = make();
      await store.connect(NEVER);
      const error = await rejection(store.query('SELECT * FROM nowhere'));
      expect(error.code).to.equal('query');
      expect(error.message).to.match(/code 60\).*nowhere/);
      expect(await store.query('SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    });

    it('answers pings while a long query runs', async () => {
      const store = make();
      await store.connect(NEVER);
      let over = false;
      const long = store.query('SELECT sleep(1.5) AS s').then(() => (over = true));
      await store.ping();
      expect(over).to.equal(false);
      await long;
    });

    it('tells the loss once, rejects what is in flight and keeps its data when the child is killed', async () => {
      const store = make();
      await store.connect(NEVER);
      await store.command('CREATE TABLE t (n UInt32) ENGINE = MergeTree() ORDER BY n');
      await store.insert('t', ['n'], [{ n: 1 }, { n: 2 }]);
      const losses: string[] = [];
      const lost = new Promise<void>((resolve) => {
        store.onLost((reason) => {
          losses.push(reason);
          resolve();
        });
      });
      const inFlight = rejection(store.query('SELECT sleep(3) AS s'));
      process.kill(store.pid ?? expect.fail('there is no child'), 'SIGKILL');
      await lost;
      expect(losses).to.deep.equal(['the process of the embedded engine was killed by SIGKILL']);
      expect((await inFlight).code).to.equal('lost');
      expect((await rejection(store.ping())).code).to.equal('closed');
      await store.connect(NEVER);
      expect(await store.query('SELECT n FROM t ORDER BY n')).to.deep.equal([{ n: 1 }, { n: 2 }]);
      expect(losses).to.have.length(1);
    });

    it('ends the child before, and tells no loss, when it is connected once more', async () => {
      const store = make();
      await store.connect(NEVER);
      store.onLost((reason) => expect.fail(reason));
      const before = store.pid ?? expect.fail('there is no child');
      await store.connect(NEVER);
      await gone(before);
      await store.ping();
    });

    it('says who has to go when another process has the directory', async () => {
      const first = make();
      await first.connect(NEVER);
      const error = await rejection(make().connect(NEVER));
      expect(error.code).to.equal('data_locked');
      expect(error.permanent).to.equal(false);
      await first.ping();
    });

    it('says what to do, and deletes nothing, when the directory cannot be read', async () => {
      const store = make();
      await store.connect(NEVER);
      await store.command('CREATE TABLE t (n UInt32) ENGINE = MergeTree() ORDER BY n');
      await store.close();
      const metadata = (await readdir(root, { recursive: true })).find((path) =>
        path.endsWith('/t.sql')
      );
      await writeFile(join(root, metadata ?? expect.fail('no metadata file')), 'ATTACH TABL');
      const error = await rejection(store.connect(NEVER));
      expect(error.code).to.equal('data_unreadable');
      expect(error.permanent).to.equal(true);
      expect(error.message).to.contain('rename that directory aside');
      expect(await readdir(root, { recursive: true })).to.include(metadata);
    });

    it('leaves the signals of the terminal to the parent', async () => {
      const store = make();
      await store.connect(NEVER);
      const pid = store.pid ?? expect.fail('there is no child');
      process.kill(pid, 'SIGINT');
      process.kill(pid, 'SIGTERM');
      await store.ping();
      await store.close();
      await gone(pid);
    });

    it('does not outlive its parent, even one that is killed while a query runs', async () => {
      const source = fileURLToPath(
        new URL('../../../../actors/clickhouse/embedded/', import.meta.url)
      );
      const script = `
      const { EngineProcess } = await import(${JSON.stringify(pathToFileURL(join(source, 'engine-process.ts')).href)});
      const { systemClock } = await import(${JSON.stringify(pathToFileURL(join(source, '../../clock.ts')).href)});
      const engine = new EngineProcess({ clock: systemClock });
      await engine.request({ op: 'open', path: ${JSON.stringify(join(root, 'orphan'))} }, 9000);
      engine.request({ op: 'query', sql: 'SELECT sleep(3) FROM numbers(10) SETTINGS max_block_size = 1' }, 60000);
      console.log(engine.pid);
      setInterval(() => {}, 1000);`;
      const path = join(root, 'parent.mjs');
      await writeFile(path, script);
      const parent = spawn(process.execPath, ['--import', 'tsx', path], {
        stdio: ['ignore', 'pipe', 'inherit']
      });
      const pid = await new Promise<number>((resolve) => {
        parent.stdout.once('data', (text: Buffer) => {
          resolve(Number(text.toString()));
        });
      });
      parent.kill('SIGKILL');
      await gone(pid);
    });
  });

  it('ends the child, and rejects, when the attempt is aborted', async () => {
    const store = make('hangs', await fake('process.on("message", () => {})'));
    const attempt = new AbortController();
    const connecting = rejection(store.connect(attempt.signal));
    while (store.pid === null) await new Promise((resolve) => setImmediate(resolve));
    const { pid } = store;
    attempt.abort();
    expect((await connecting).message).to.contain('was killed by SIGKILL');
    await gone(pid);
    expect(store.pid).to.equal(null);
  });

  it('gives the child’s last words when it dies while opening', async () => {
    const file = await fake(
      'process.on("message", () => { console.error("Code: 243. No space left"); process.exit(7) })'
    );
    const error = await rejection(make('dies', file).connect(NEVER));
    expect(error.code).to.equal('lost');
    expect(error.message).to.equal(
      'the process of the embedded engine exited with code 7 (Code: 243. No space left)'
    );
  });

  it('gives the child none of the server’s secrets', async () => {
    process.env['AUTH_JWT_SECRET'] = 'hush';
    const file = await fake(
      'process.on("message", ({ id }) => process.send({ id, ok: true, rows: [{ version: JSON.stringify(process.env) }] }))'
    );
    try {
      const store = make('env', file);
      const { version } = await store.connect(NEVER);
      expect(version).to.contain('PATH').and.not.to.contain('hush');
      process.kill(store.pid ?? expect.fail('there is no child'), 'SIGKILL');
    } finally {
      delete process.env['AUTH_JWT_SECRET'];
    }
  });

  it('refuses one request more than may be in flight, and kills a child that does not close', async () => {
    const file = await fake(
      'process.on("message", ({ id, order }) => { if (order.op === "open") process.send({ id, ok: true, rows: [{ version: "1" }] }) })'
    );
    let killNow: () => void = () => undefined;
    const store = new EmbeddedStore({
      dir: join(root, 'stuck'),
      file,
      // Virtual timers: the last one set is the deadline of the close.
      clock: {
        ...systemClock,
        setTimeout: (fn: () => void) => (killNow = fn),
        clearTimeout: () => undefined
      }
    });
    await store.connect(NEVER);
    const all = Array.from({ length: MAX_IN_FLIGHT }, () => rejection(store.ping()));
    expect((await rejection(store.ping())).code).to.equal('busy');
    const closing = store.close();
    killNow();
    await closing;
    for (const error of await Promise.all(all)) expect(error.code).to.equal('lost');
  });

  it('says so when the directory cannot be made', async () => {
    await writeFile(join(root, 'file'), '');
    const error = await rejection(make('file/clickhouse').connect(NEVER));
    expect(error.code).to.equal('data_unreadable');
    expect(error.message).to.contain('DATA_DIR');
  });
});
