import { expect } from 'chai';
import { migrate, SCHEMA_VERSION } from '../../../actors/clickhouse/schema.js';
import { sqlString, StoreError, type Row } from '../../../actors/clickhouse/store.js';

/** A store that only remembers what it was told; it says that the schema has `version`. */
function recorder(version: number, failAt = Infinity) {
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
    query: () => Promise.resolve([{ version }]),
    insert: (_table: string, _columns: readonly string[], rows: readonly Row[]) => {
      inserted.push(...rows);
      return Promise.resolve();
    }
  };
}

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
  it('makes every table and notes the version when there is nothing yet', async () => {
    const store = recorder(0);
    await migrate(store, 42);
    const tables = store.statements.map((sql) => /EXISTS (\w+)/.exec(sql)?.[1]);
    expect(tables).to.deep.equal(['schema_version', 'messages', 'deliveries', 'transitions']);
    expect(store.inserted).to.deep.equal([{ version: SCHEMA_VERSION, at: 42 }]);
  });

  it('changes nothing when the version is there', async () => {
    const store = recorder(SCHEMA_VERSION);
    await migrate(store, 42);
    expect(store.statements).to.have.length(1);
    expect(store.inserted).to.deep.equal([]);
  });

  it('refuses for good when a newer build made the schema', async () => {
    const error = await rejection(migrate(recorder(SCHEMA_VERSION + 1), 42));
    expect(error.code).to.equal('schema');
    expect(error.permanent).to.equal(true);
    expect(error.message).to.contain('upgrade Rollcall');
  });

  it('notes no version when a statement fails', async () => {
    const store = recorder(0, 2);
    expect((await rejection(migrate(store, 42))).code).to.equal('lost');
    expect(store.inserted).to.deep.equal([]);
  });

  it('stays within the dialect of the oldest server', async () => {
    const store = recorder(0);
    await migrate(store, 42);
    for (const sql of store.statements) {
      expect(sql).to.contain('IF NOT EXISTS');
      expect(sql).not.to.match(/DateTime64|LowCardinality|\bTTL\b|CODEC|\bINDEX\b|JSON/);
    }
  });
});

describe('sqlString', () => {
  it('escapes quotes and backslashes', () => {
    expect(sqlString("it's a \\ back")).to.equal("'it\\'s a \\\\ back'");
  });
});
