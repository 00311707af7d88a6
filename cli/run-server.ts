/** Runs one server from start to end: its signals, its exit code, and the last line that says why it ended. */
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../actors/clock.js';
import type { Config } from '../server/config/settings.js';
import { EXIT } from './cli-outside.js';
import { STOP_SIGNALS, StopSignals } from './stop-signals.js';
import type { ServerLogger } from '../server/logger/logger.js';
import { Server } from '../server/wiring/server.js';

/** Exit code after a second signal: 128 + SIGINT, as shells count. */
const EXIT_INTERRUPTED = 130;

/**
 * Returns the flags of V8 that make the collection of garbage fit for so many processors: with one, its helpers would take
 * that away from the event loop, for 30 to 40 ms each time (docs/adr/0027).
 */
export function collectorFlags(processors: number): string[] {
  return processors > 1 ? [] : ['--no-concurrent-marking', '--no-concurrent-sweeping'];
}

/**
 * Runs a server until it has stopped or failed. Resolves to the exit code: 0 stopped, 3 startup failed, 1 failed later
 * or not everything stopped in time. The first of {@link STOP_SIGNALS} drains; a second one ends the process at once.
 */
export async function runServer(config: Config, logger: ServerLogger): Promise<number> {
  for (const flag of collectorFlags(availableParallelism())) setFlagsFromString(flag);
  const server = new Server(config, { clock: systemClock, logger, random: Math.random });
  logger.reportBy(server.logger);
  const signals = new StopSignals(() => performance.now());
  const onSignal = (signal: NodeJS.Signals): void => {
    const order = signals.take(signal);
    if (order === 'end') process.exit(EXIT_INTERRUPTED);
    if (order === 'copy') return;
    logger.info(`${signal}: stopping; once more ends at once`, { actor: 'startup' });
    server.root.send({ type: 'server.stop' });
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  try {
    return await new Promise<number>((resolve) => {
      server.root.subscribe({
        complete: () => {
          const { output, context } = server.root.getSnapshot();
          if (output?.forced === true) {
            logger.warn(`not everything had stopped after ${String(config.shutdownMs)} ms`, {
              actor: 'startup',
              live: context.live
            });
          }
          if (output?.status === 'failed') {
            resolve(context.served ? EXIT.failed : EXIT.startupFailed);
          } else if (output?.forced === true) {
            resolve(EXIT.failed);
          } else {
            logger.info('Stopped', { actor: 'startup' });
            resolve(EXIT.good);
          }
        },
        error: (error) => {
          logger.error(`❌ CRITICAL: the root chart failed: ${String(error)}`, {
            actor: 'startup'
          });
          resolve(EXIT.failed);
        }
      });
      server.start();
    });
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
  }
}
