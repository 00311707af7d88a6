import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

/** Lays a chart out with what is built, and then only stops: whatever keeps the process alive is felt. */
const PROGRAM = `
import { ChartLayouts } from './dist/server/inspector/charts/chart-layouts.js';
import { deliveryMachine } from './dist/machines/delivery/delivery.machine.js';
const layouts = new ChartLayouts();
const { chart, nodes } = await layouts.layout(deliveryMachine);
const doneMs = performance.now();
process.once('exit', () => {
  const states = nodes.length;
  const keptMs = performance.now() - doneMs;
  console.log(JSON.stringify({ chart, states, isAwake: layouts.isAwake, keptMs }));
});`;

describe('charts in a built server', function () {
  this.timeout(60_000);

  it('are laid out in a thread that does not keep the process alive', async () => {
    const cwd = new URL('../../..', import.meta.url);
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', PROGRAM], { cwd });
    const { keptMs, ...laidOut } = JSON.parse(stdout) as { keptMs: number };
    expect(laidOut).to.deep.equal({ chart: 'delivery', states: 7, isAwake: true });
    // The thread itself rests for ten seconds. From the end of the layout on, since a start takes as long as it does.
    expect(keptMs).to.be.lessThan(9_000);
  });
});
