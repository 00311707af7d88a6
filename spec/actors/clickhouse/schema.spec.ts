import { expect } from 'chai';
import {
  COPIED_TABLES,
  identityOf,
  migrate,
  SCHEMA_VERSION
} from '../../../actors/clickhouse/schema.js';
import { sqlString, StoreError, type Row } from '../../../actors/clickhouse/store.js';

const ALL_TABLES = ['schema_version', 'identity', ...COPIED_TABLES];

/**
 * A store that only records its statements. It answers that the schema has `version` and that `tables` exist. Each
 * question how many columns of a name there are gets the next number of `columns`.
 */
function recorder(
  version: number,
  { tables = ALL_TABLES, fsync = 0, failAt = Infinity, columns = [0] } = {}
) {
  const statements: string[] = [];
  const inserted: Row[] = [];
  return {
    statements,
    inserted,
    command: (sql: string) => {
      if (statements.length === failAt) return Promise.reject(new StoreError('lost', 'gone'));
      statements.push(sql);
      return Promise.resolve();
    },
    query: (sql: string): Promise<Row[]> => {
      if (sql.includes('system.columns')) return Promise.resolve([{ n: columns.shift() ?? 0 }]);
      if (sql.includes('system.tables')) return Promise.resolve(tables.map((name) => ({ name })));
      return Promise.resolve([sql.includes('fsync') ? { known: fsync } : { version }]);
    },
    insert: (_table: string, _columns: readonly string[], rows: readonly Row[]) => {
      inserted.push(...rows);
      return Promise.resolve();
    }
  };
}

/** The tables that statements make or drop, in order. */
const named = (statements: readonly string[], what: 'CREATE' | 'DROP') =>
  statements
    .filter((sql) => sql.startsWith(what))
    .map((sql) => /EXISTS (\w+)/.exec(sql)?.[1] ?? sql);

async function rejection(work: Promise<unknown>): Promise<StoreError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  return expect.fail('it was expected to reject');
}

describe('migrate', () => {
  it('makes every table, the identity last, and notes the version when there is nothing yet', async () => {
    const store = recorder(0, { tables: [] });
    await migrate(store, 42);
    expect(named(store.statements, 'CREATE')).to.deep.equal([
      'schema_version',
      ...COPIED_TABLES,
      'identity'
    ]);
    expect(store.inserted).to.deep.equal([{ version: SCHEMA_VERSION, at: 42 }]);
  });

  it('drops the tables of version 1, which never held a row', async () => {
    const store = recorder(1, { tables: ['schema_version', ...COPIED_TABLES] });
    await migrate(store, 42);
    expect(named(store.statements, 'DROP')).to.deep.equal(['identity', ...COPIED_TABLES]);
    expect(store.inserted).to.deep.equal([{ version: SCHEMA_VERSION, at: 42 }]);
  });

  const second = ALL_TABLES.filter((name) => name !== 'steps' && name !== 'runs');
  const third = ALL_TABLES.filter((name) => name !== 'runs');

  it('adds the runs to version 3, and keeps its rows and its identity', async () => {
    const store = recorder(3, { tables: third, columns: [1] });
    await migrate(store, 42);
    expect(named(store.statements, 'DROP')).to.deep.equal([]);
    expect(named(store.statements, 'CREATE')).to.include('runs');
    expect(store.statements.filter((sql) => sql.startsWith('ALTER'))).to.deep.equal([]);
    expect(store.inserted).to.deep.equal([{ version: SCHEMA_VERSION, at: 42 }]);
  });

  it('makes the set of version 3 anew under another identity when its steps are gone', async () => {
    const store = recorder(3, { tables: third.filter((name) => name !== 'steps'), columns: [1] });
    await migrate(store, 42);
    expect(named(store.statements, 'DROP')).to.deep.equal(['identity']);
  });

  it('adds to version 2 what it lacks, and keeps its rows and its identity', async () => {
    const store = recorder(2, { tables: second });
    await migrate(store, 42);
    expect(named(store.statements, 'DROP')).to.deep.equal([]);
    expect(named(store.statements, 'CREATE')).to.include('steps');
    expect(store.statements.filter((sql) => sql.startsWith('ALTER'))).to.deep.equal([
      'ALTER TABLE deliveries ADD COLUMN appendedMs Nullable(Float64)'
    ]);
    expect(store.inserted).to.deep.equal([{ version: SCHEMA_VERSION, at: 42 }]);
  });

  it('adds no column twice when it ended after that, or when another node was faster', async () => {
    const after = recorder(2, { columns: [1] });
    await migrate(after, 42);
    expect(after.statements.filter((sql) => sql.startsWith('ALTER'))).to.deep.equal([]);
    const other = recorder(2, { tables: second, columns: [0, 1] });
    await migrate(
      {
        ...other,
        command: (sql) =>
          sql.startsWith('ALTER')
            ? Promise.reject(new StoreError('query', 'such a column exists'))
            : other.command(sql)
      },
      42
    );
    expect(other.inserted).to.deep.equal([{ version: SCHEMA_VERSION, at: 42 }]);
  });

  it('notes no version when a column cannot be added', async () => {
    const store = recorder(2, { tables: second, failAt: 6 });
    expect((await rejection(migrate(store, 42))).code).to.equal('lost');
    expect(store.inserted).to.deep.equal([]);
  });

  it('makes the set of version 2 anew under another identity when one of its tables is gone', async () => {
    const store = recorder(2, { tables: second.filter((name) => name !== 'messages') });
    await migrate(store, 42);
    expect(named(store.statements, 'DROP')).to.deep.equal(['identity']);
  });

  it('changes nothing when all is there', async () => {
    const store = recorder(SCHEMA_VERSION);
    await migrate(store, 42);
    expect(store.statements).to.have.length(1);
    expect(store.inserted).to.deep.equal([]);
  });

  for (const lost of ['identity', ...COPIED_TABLES]) {
    it(`makes the set anew under another identity, and drops no rows, when ${lost} is gone`, async () => {
      const store = recorder(SCHEMA_VERSION, {
        tables: ALL_TABLES.filter((name) => name !== lost)
      });
      await migrate(store, 42);
      expect(named(store.statements, 'DROP')).to.deep.equal(['identity']);
      expect(named(store.statements, 'CREATE')).to.include(lost);
      expect(store.inserted).to.deep.equal([]);
    });
  }

  it('refuses for good when a newer build made the schema', async () => {
    const error = await rejection(migrate(recorder(SCHEMA_VERSION + 1), 42));
    expect(error.code).to.equal('schema');
    expect(error.permanent).to.equal(true);
    expect(error.message).to.contain('upgrade Rollcall');
  });

  for (let failAt = 1; failAt < 11; failAt += 1) {
    it(`notes no version and leaves no identity behind when it ends before statement ${String(failAt)}`, async () => {
      const store = recorder(1, { failAt });
      expect((await rejection(migrate(store, 42))).code).to.equal('lost');
      expect(store.inserted).to.deep.equal([]);
      expect(named(store.statements, 'CREATE')).not.to.include('identity');
    });
  }

  it('stays within the dialect of the oldest server', async () => {
    const store = recorder(0, { tables: [] });
    await migrate(store, 42);
    for (const sql of store.statements) {
      expect(sql).to.contain('EXISTS');
      expect(sql).not.to.match(/DateTime64|LowCardinality|\bTTL\b|CODEC|\bINDEX\b|JSON|fsync/);
    }
  });

  it('makes rows survive a power cut on engines that can', async () => {
    const store = recorder(0, { tables: [], fsync: 1 });
    await migrate(store, 42);
    const durable = store.statements.filter((sql) => sql.includes('fsync_after_insert = 1'));
    expect(named(durable, 'CREATE')).to.deep.equal([...COPIED_TABLES]);
  });
});

describe('identityOf', () => {
  /** A table of identities; `racing` is what another node writes at the same moment. */
  function identities(racing: readonly Row[] = []) {
    const rows: Row[] = [];
    return {
      rows,
      command: () => Promise.resolve(),
      query: () =>
        Promise.resolve([...rows].sort((a, b) => Number(a['at']) - Number(b['at'])).slice(0, 1)),
      insert: (_table: string, _columns: readonly string[], added: readonly Row[]) => {
        rows.push(...racing, ...added);
        return Promise.resolve();
      }
    };
  }

  it('gives an id once and answers it from then on', async () => {
    const store = identities();
    expect(await identityOf(store, 'first', 1)).to.equal('first');
    expect(await identityOf(store, 'second', 2)).to.equal('first');
    expect(store.rows).to.have.length(1);
  });

  it('answers the older one when two nodes give it one at once', async () => {
    const store = identities([{ id: 'other', at: 1 }]);
    expect(await identityOf(store, 'mine', 2)).to.equal('other');
  });
});

describe('sqlString', () => {
  it('escapes quotes and backslashes', () => {
    expect(sqlString("it's a \\ back")).to.equal("'it\\'s a \\\\ back'");
  });
});
