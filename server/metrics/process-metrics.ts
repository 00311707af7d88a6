/** What every program says of itself, under the names that client libraries of Prometheus use. */
import type { Metric } from './prometheus-text.js';

/** Returns the metrics of the process and of Node. */
export function processMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const gauge = (name: string, help: string, value: number): Metric => ({
    name,
    type: 'gauge',
    help,
    samples: [{ value }]
  });
  return [
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'CPU time of the process',
      samples: [{ value: (user + system) / 1e6 }]
    },
    gauge('process_resident_memory_bytes', 'memory of the process, mapped files included', rss),
    gauge(
      'process_start_time_seconds',
      'when the process began, Unix time',
      Math.round(performance.timeOrigin) / 1_000
    ),
    gauge('nodejs_heap_size_used_bytes', 'heap in use', heapUsed),
    gauge('nodejs_heap_size_total_bytes', 'size of the heap', heapTotal),
    gauge('nodejs_external_memory_bytes', 'memory of buffers', external),
    {
      name: 'nodejs_version_info',
      type: 'gauge',
      help: 'version of Node; always 1',
      samples: [{ labels: { version: process.version }, value: 1 }]
    }
  ];
}
