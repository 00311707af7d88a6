/**
 * Runs inside each server of the row `connect`, before its own code, and measures how late the event loop is. On the
 * message `loop` from the benchmark it answers with what it has measured since the last one, and begins again.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION_MS = 5;
const NANOSECONDS_PER_MS = 1e6;

// Processes that the server itself starts inherit its options, but their parent is not the benchmark.
if (isMainThread && process.send && String(process.ppid) === process.env['BENCH_PARENT']) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  process.on('message', (message) => {
    if (message !== 'loop') return;
    const late = (/** @type {number} */ ns) => Math.max(0, ns / NANOSECONDS_PER_MS - RESOLUTION_MS);
    const { count, max } = delay;
    process.send?.({
      loop:
        count === 0
          ? { p99Ms: 0, maxMs: 0 }
          : { p99Ms: late(delay.percentile(99)), maxMs: late(max) }
    });
    delay.reset();
  });
}
