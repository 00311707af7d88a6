import { LocalBus } from '../../../actors/bus/local-bus.js';
import { DeliveryCounts } from '../../../actors/monitor/delivery-counts.js';
import { Incidents } from '../../../actors/monitor/incidents.js';
import { Threads } from '../../../actors/threads/threads.js';
import { Transitions } from '../../../actors/facts/transitions.js';
import { TEST_THREAD_PREFIXES } from '../../../machines/delivery/test-thread.js';
import { MemoryLog } from '../../actors/log/memory-log.js';
import { RecordedLogger } from '../../actors/recorded-logger.js';
import type { VirtualClock } from '../../virtual-clock.js';

/** Threads over a log in memory, without subscribers. */
export function threadRig(clock: VirtualClock, graceMs: number) {
  const log = new MemoryLog();
  const logger = new RecordedLogger();
  const counts = new DeliveryCounts();
  const bus = new LocalBus({
    tell: () => undefined,
    isReachable: () => false,
    fallback: () => 0,
    cut: () => undefined,
    kick: () => 0
  });
  const threads = new Threads({
    log,
    feed: log.feed,
    clock,
    logger,
    incidents: new Incidents({ clock, logger }),
    monitor: { undelivered: () => undefined, delivered: () => undefined, watched: () => undefined },
    transitions: new Transitions({ clock, record: () => null }),
    stopwatch: () => clock.now(),
    counts,
    testThreadPrefixes: TEST_THREAD_PREFIXES,
    graceMs,
    bus,
    audience: { fanOut: () => undefined }
  });
  let mid = 0;
  const publish = (thread: string, text = 'hello'): void => {
    threads.publish(
      threads.get(thread),
      {
        mid: `m${String((mid += 1))}`,
        user: 'ada',
        kind: 'user_message',
        bodyJson: JSON.stringify({ text }),
        at: clock.now()
      },
      false,
      () => undefined
    );
  };
  return { threads, bus, log, logger, counts, publish };
}
