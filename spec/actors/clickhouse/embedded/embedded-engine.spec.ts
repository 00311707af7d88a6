import { expect } from 'chai';
import { openEngine } from '../../../../actors/clickhouse/embedded/embedded-engine.js';
import { StoreError } from '../../../../actors/clickhouse/store.js';

// Only cases that end before the engine is loaded, because it must not run in the process of the specs.
describe('openEngine', () => {
  it('says what to do when the platform has no engine', async () => {
    const load = () =>
      Promise.reject(Object.assign(new Error('no binary for plan9'), { code: 'CHDB_PLATFORM' }));
    const error: unknown = await openEngine('/nowhere', load).catch((thrown: unknown) => thrown);
    if (!(error instanceof StoreError)) return expect.fail('a StoreError was expected');
    expect(error.code).to.equal('engine_missing');
    expect(error.permanent).to.equal(true);
    expect(error.message).to.equal(
      'the embedded engine is not installed on this platform (CHDB_PLATFORM): set CLICKHOUSE_URL to a server, or CLICKHOUSE_URL=off'
    );
  });

  it('names the package when it is not installed', async () => {
    const name = 'nowhere/connection';
    const load = () => import(name);
    const error: unknown = await openEngine('/nowhere', load).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(StoreError).with.property('code', 'engine_missing');
    expect(error)
      .to.have.property('message')
      .that.equals(
        'the embedded engine is not installed: npm install chdb, or set CLICKHOUSE_URL to a server, or CLICKHOUSE_URL=off'
      );
  });

  for (const [what, chdb] of Object.entries({
    'whose connection has other methods': { createChdbConnection: () => ({ query: 1 }) },
    'without connections': { version: 4 }
  })) {
    it(`refuses a chdb that does not fit the client: one ${what}`, async () => {
      const load = () => Promise.resolve(chdb);
      const error: unknown = await openEngine('/nowhere', load).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(StoreError).with.property('code', 'engine_missing');
    });
  }
});
