import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { Recording } from '../../../protocol/inspection.js';
import { startServer } from './server-process.js';

/** Lays out a chart with the built code and does nothing more. Anything that keeps the process alive delays its end. */
const PROGRAM = `
import { createMachine } from 'xstate';
import { ChartLayouts } from './dist/server/inspector/charts/chart-layouts.js';
const layouts = new ChartLayouts();
const lamp = createMachine({ id: 'lamp', initial: 'off', states: { off: {}, on: {} } });
const { chart, nodes } = await layouts.layout(lamp);
const doneMs = performance.now();
process.once('exit', () => {
  const states = nodes.length;
  const keptMs = performance.now() - doneMs;
  console.log(JSON.stringify({ chart, states, isAwake: layouts.isAwake, keptMs }));
});`;

async function recordingOf(url: string): Promise<Recording> {
  const reply = await fetch(`${url}/inspect/recording?charts=false`);
  return (await reply.json()) as Recording;
}

describe('charts in a built server', function () {
  this.timeout(60_000);

  it('are laid out in a thread that does not keep the process alive', async () => {
    const cwd = new URL('../../..', import.meta.url);
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', PROGRAM], { cwd });
    const { keptMs, ...laidOut } = JSON.parse(stdout) as { keptMs: number };
    expect(laidOut).to.deep.equal({ chart: 'lamp', states: 3, isAwake: true });
    // An idle thread ends after ten seconds. The time is measured from the end of the layout, as a start may be slow.
    expect(keptMs).to.be.lessThan(9_000);
  });

  it('are all shipped, also those of the keeper around each part', async () => {
    // Nothing listens there: the parts of ClickHouse run, and wait.
    const server = await startServer({ env: { CLICKHOUSE_URL: 'http://127.0.0.1:9' } });
    try {
      const { actors, messages } = await recordingOf(server.url);
      const charts = [...actors, ...messages].flatMap((one) =>
        'chart' in one && one.chart !== null ? [{ chart: one.chart, hash: one.hash }] : []
      );
      expect(charts.map(({ chart }) => chart)).to.include.members(['startup', 'keeper', 'sink']);
      const folder = new URL('../../../dist/server/inspector/charts/shipped/', import.meta.url);
      for (const { chart, hash } of charts) {
        const shipped = readFileSync(new URL(`${chart}.json`, folder), 'utf8');
        expect(shipped.includes(`"hash":"${String(hash)}"`), `${chart} ${String(hash)}`).to.equal(
          true
        );
      }
    } finally {
      await server.stop();
    }
  });
});
