import { expect } from 'chai';
import { openEngine } from '../../../../actors/clickhouse/embedded/embedded-engine.js';
import { StoreError } from '../../../../actors/clickhouse/store.js';

// Only ways that end before the engine is loaded: a spec runner must not have it in its own process.
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

  it('refuses a chdb that does not fit the client', async () => {
    const load = () => Promise.resolve({ createChdbConnection: () => ({ query: 1 }) });
    const error: unknown = await openEngine('/nowhere', load).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(StoreError).with.property('code', 'engine_missing');
  });
});
