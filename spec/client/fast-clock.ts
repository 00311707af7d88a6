import type { ClientClock } from '../../client/clock.js';

/**
 * A clock for clients whose waits are many times shorter than they believe. Work that is due waits until what has come
 * in meanwhile has been read: a machine that is busy is no silent server.
 */
export function fastClock(times: number): ClientClock {
  const startedAt = Date.now();
  const started = performance.now();
  return {
    now: () => startedAt + (performance.now() - started) * times,
    after: (delayMs, work) => {
      let due: NodeJS.Immediate | undefined;
      const timer = setTimeout(() => {
        due = setImmediate(work);
      }, delayMs / times);
      return () => {
        clearTimeout(timer);
        clearImmediate(due);
      };
    }
  };
}
