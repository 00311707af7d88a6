/**
 * `npm run figures`: measures ten starts and prints the medians: from the start of the process until it serves, and the
 * registration of the handlers within that. Each start has an empty data directory and ClickHouse off.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { median } from './bench/figures.js';
import { Target } from './bench/target.js';

const STARTS = 10;
/** Bound of the median registration, above which the output says TOO SLOW, and the value expected of it. */
const REGISTRATION_MS_MAX = 100;
const REGISTRATION_MS_EXPECTED = 5;

const cli = fileURLToPath(new URL('../dist/cli/cli.js', import.meta.url));
if (!existsSync(cli)) throw new Error('dist is missing: run `npm run build` first');

const servingMs: number[] = [];
const registrationMs: number[] = [];
for (let start = 1; start <= STARTS; start++) {
  const startedMs = performance.now();
  const target = await Target.start({
    kind: 'rollcall',
    cli,
    core: null,
    onLine: (line) => {
      if (!line.includes('✅ Registered')) return;
      registrationMs.push(Number(/"tookMs":([\d.]+)/.exec(line)?.[1]));
    }
  });
  servingMs.push(performance.now() - startedMs);
  await target.stop();
  process.stderr.write(
    `start ${String(start)}/${String(STARTS)}: serving after ${ms(servingMs.at(-1))}, ` +
      `handlers registered in ${ms(registrationMs.at(-1))}\n`
  );
}
const slow = median(registrationMs) >= REGISTRATION_MS_MAX ? ', TOO SLOW' : '';
console.log(
  [
    `process start → serving   ${row(servingMs)}`,
    `handler registration      ${row(registrationMs)}  (target < ${ms(REGISTRATION_MS_MAX)}, ` +
      `expected < ${ms(REGISTRATION_MS_EXPECTED)}${slow})`
  ].join('\n')
);

function row(times: readonly number[]): string {
  return `median ${ms(median(times))}  least ${ms(Math.min(...times))}  most ${ms(Math.max(...times))}`;
}

function ms(time: number | undefined): string {
  return time === undefined ? '?' : `${time.toFixed(time < 10 ? 1 : 0)} ms`;
}
