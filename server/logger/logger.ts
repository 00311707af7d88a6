/**
 * Log lines with winston: JSON for collectors, or coloured lines for people. All levels go to standard output, which
 * keeps their order and needs one limit only. Standard error is for the command line itself.
 */
import { type Writable } from 'node:stream';
import winston from 'winston';
import { type Clock, systemClock } from '../../actors/clock.js';
import { type LineFields, type Logger } from '../../actors/log-line.js';
import { lineText } from './line-text.js';
import { LineWriter } from './line-writer.js';
import { paintIf, wantsColours } from './paint.js';

/** Longest time that `flush` waits for the output, in milliseconds. */
export const LOG_FLUSH_MS = 2_000; // a stuck reader must not delay the exit of the process

/** Severity of a line, worst first. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Options of {@link createLogger}. */
export interface LoggerOptions {
  /** Least severe level that is logged. */
  readonly level: LogLevel;
  readonly format: 'json' | 'pretty';
  /** Output for the lines; standard output when absent. */
  readonly stream?: Writable & { readonly isTTY?: boolean };
  /** Whether pretty lines are coloured; when absent, they are on a terminal without NO_COLOR. */
  readonly colours?: boolean;
  /** Source of the time stamps. */
  readonly clock?: Omit<Clock, 'elapsed'>;
}

/** The server's logger; actors see only its {@link Logger} part. */
export interface ServerLogger extends Logger {
  /** Number of lines lost because the output was slow or gone. */
  readonly dropped: number;
  /** Logs that lines were lost by this logger from now on, so that whatever follows the lines gets that one too. */
  reportBy(logger: Pick<Logger, 'warn'>): void;
  /**
   * Resolves once every line so far has left the process, or after {@link LOG_FLUSH_MS}. The logger keeps working.
   * Await it before `process.exit`.
   */
  flush(): Promise<void>;
}

const LEVELS = { error: 0, warn: 1, info: 2, debug: 3 } as const;

/** Makes a logger. It masks secrets in messages and fields. A slow output loses lines but never fills the memory. */
export function createLogger(options: LoggerOptions): ServerLogger {
  const stream = options.stream ?? process.stdout;
  const clock = options.clock ?? systemClock;
  const paint = paintIf(options.colours ?? wantsColours(stream, process.env));
  const sink = new LineWriter(stream);
  const logger = winston.createLogger({
    levels: LEVELS,
    level: options.level,
    format: winston.format.printf(({ level, message, at, fields }) =>
      lineText(options.format, { at: Number(at), level, message: String(message), fields }, paint)
    ),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston types its own class as an interface
    transports: [new winston.transports.Stream({ stream: sink, eol: '\n' })]
  });
  const log = (level: LogLevel, message: string, fields: LineFields = {}): void => {
    if (LEVELS[level] > LEVELS[options.level]) return;
    logger.log({ level, message, at: clock.now(), fields });
  };
  let reporter: Pick<Logger, 'warn'> | null = null;
  const warn: Logger['warn'] = (message, fields) => {
    log('warn', message, fields);
  };
  sink.onRecovered = (droppedLines) => {
    (reporter ?? { warn }).warn(
      `Dropped ${String(droppedLines)} log lines: the log output was too slow`,
      { actor: 'logger', dropped: droppedLines }
    );
  };
  return {
    reportBy: (other) => {
      reporter = other;
    },
    isDebug: options.level === 'debug',
    error: (message, fields) => {
      log('error', message, fields);
    },
    warn,
    info: (message, fields) => {
      log('info', message, fields);
    },
    debug: (message, fields) => {
      log('debug', message, fields);
    },
    get dropped() {
      return sink.dropped;
    },
    async flush() {
      let timer: unknown;
      const tooLong = new Promise<void>((resolve) => {
        timer = clock.setTimeout(resolve, LOG_FLUSH_MS);
      });
      await Promise.race([sink.written(), tooLong]);
      clock.clearTimeout(timer);
    }
  };
}
