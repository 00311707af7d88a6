import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createActor, setup, SimulatedClock } from 'xstate';
import { createClickhouse } from '../../../../actors/clickhouse/clickhouse.js';
import { EmbeddedStore } from '../../../../actors/clickhouse/embedded/embedded-store.js';
import { systemClock } from '../../../../actors/clock.js';
import { NO_RESULTS } from '../../../../machines/supervision/child.js';
import { withLosses } from '../../../../server/wiring/report/status-reporter.js';
import { serviceStatus } from '../../../../server/wiring/report/status-report.js';

/** A process in place of the engine that accepts everything and stores nothing. */
const ENGINE = `process.on('message', ({ id }) => {
  process.send({ id, ok: true, rows: [{ version: '1' }] });
});`;

const KILLS = 9;
const ROW = {
  service: 'clickhouse',
  action: 'none',
  reason: null,
  since: '',
  restarts: 0,
  nextAttemptMs: null
} as const;

describe('nine kills of the embedded engine', function () {
  this.timeout(60_000);

  it('are nine losses, and nine restarts of the part', async () => {
    const root = await mkdtemp(join(tmpdir(), 'rollcall-kills-'));
    const path = join(root, 'engine.mjs');
    await writeFile(path, ENGINE);
    const time = new SimulatedClock();
    const clock = Object.assign(time, { elapsed: () => time.now() });
    const store = new EmbeddedStore({
      dir: join(root, 'clickhouse'),
      clock: systemClock,
      file: pathToFileURL(path)
    });
    const nothing = () => undefined;
    const clickhouse = createClickhouse({
      url: null,
      required: false,
      timeoutMs: 60_000,
      retryMaxMs: 1_000,
      dataDir: root,
      clock,
      random: () => 0.5,
      logger: { error: nothing, warn: nothing, info: nothing },
      store
    });
    let changed: () => void = nothing;
    const parent = setup({ actors: { child: clickhouse.logic } }).createMachine({
      invoke: { src: 'child', input: { id: 'clickhouse', results: NO_RESULTS } }
    });
    const actor = createActor(parent, { clock }).start();
    clickhouse.onChange(() => {
      changed();
    });
    const until = async (status: string): Promise<void> => {
      while (clickhouse.status()?.status !== status) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    };
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await until('connected');
      process.kill(store.pid ?? expect.fail('there is no engine'), 'SIGKILL');
      await until('degraded');
      time.increment(1_000);
    }
    await until('connected');
    const status = clickhouse.status() ?? expect.fail('there is no actor');
    expect(status.restarts).to.equal(KILLS);
    const [part] = withLosses([ROW], [serviceStatus(status)]);
    expect(part?.restarts).to.equal(KILLS);
    const other = { ...ROW, service: 'monitor' };
    expect(withLosses([other], [serviceStatus(status)])).to.deep.equal([other]);
    actor.stop();
    await store.close();
    await rm(root, { recursive: true, force: true });
  });
});
