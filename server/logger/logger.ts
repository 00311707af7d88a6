/**
 * Log lines with winston: JSON for collectors, or coloured lines for people. All levels go to standard output, which
 * keeps their order and needs one limit only. Standard error is for the command line itself.
 */
import { type Writable } from 'node:stream';
import winston from 'winston';
import { type Clock, systemClock } from '../../actors/clock.js';
import { type LineFields, type Logger } from '../../actors/log-line.js';
import { LineWriter } from './line-writer.js';
import { type Paint, paintIf, type Style, wantsColours } from './paint.js';
import { maskText, redact } from './redact.js';

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
  /**
   * Resolves once every line so far has left the process, or after {@link LOG_FLUSH_MS}. The logger keeps working.
   * Await it before `process.exit`.
   */
  flush(): Promise<void>;
}

const LEVELS = { error: 0, warn: 1, info: 2, debug: 3 } as const;
const OWN_NAMES: ReadonlySet<string> = new Set(['time', 'level', 'message']);

/** Makes a logger. It masks secrets in messages and fields. A slow output loses lines but never fills the memory. */
export function createLogger(options: LoggerOptions): ServerLogger {
  const stream = options.stream ?? process.stdout;
  const clock = options.clock ?? systemClock;
  const paint = paintIf(options.colours ?? wantsColours(stream, process.env));
  const sink = new LineWriter(stream);
  const logger = winston.createLogger({
    levels: LEVELS,
    level: options.level,
    format: winston.format.printf(({ level, message, at, fields }) => {
      const line: Line = {
        time: new Date(Number(at)).toISOString(),
        level,
        message: maskText(String(message)),
        fields: redactedFields(fields)
      };
      return options.format === 'json' ? jsonLine(line) : prettyLine(line, paint);
    }),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston types its own class as an interface
    transports: [new winston.transports.Stream({ stream: sink, eol: '\n' })]
  });
  const log = (level: LogLevel, message: string, fields: LineFields = {}): void => {
    if (LEVELS[level] > LEVELS[options.level]) return;
    logger.log({ level, message, at: clock.now(), fields });
  };
  sink.onRecovered = (droppedLines) => {
    log('warn', `Dropped ${String(droppedLines)} log lines: the log output was too slow`, {
      actor: 'logger',
      dropped: droppedLines
    });
  };
  return {
    isDebug: options.level === 'debug',
    error: (message, fields) => {
      log('error', message, fields);
    },
    warn: (message, fields) => {
      log('warn', message, fields);
    },
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

interface Line {
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function redactedFields(fields: unknown): Record<string, unknown> {
  const plain = redact(fields);
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(isRecord(plain) ? plain : { fields: plain })) {
    if (value === undefined) continue;
    // A field must not replace the line's own time, level or message.
    kept[OWN_NAMES.has(name) ? `${name}_` : name] = value;
  }
  return kept;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonLine({ time, level, message, fields }: Line): string {
  return JSON.stringify({ time, level, message, ...fields });
}

function prettyLine({ time, level, message, fields }: Line, paint: Paint): string {
  const details: string[] = [];
  const stacks: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const stack = isRecord(value) ? value['stack'] : undefined;
    if (isRecord(value) && typeof stack === 'string') {
      stacks.push(...stack.split('\n').map((row) => `\n    ${visible(row.trim())}`));
      details.push(`${name}=${prettyValue(value['message'])}`);
    } else {
      details.push(`${name}=${prettyValue(value)}`);
    }
  }
  const style = STYLES[level] ?? 'bold';
  return [
    paint('dim', time.slice(11, 23)),
    ' ',
    paint(style, level.toUpperCase().padEnd(5)),
    ' ',
    level === 'error' || level === 'warn' ? paint(style, visible(message)) : visible(message),
    details.length === 0 ? '' : `  ${paint('dim', details.join(' '))}`,
    stacks.length === 0 ? '' : paint('dim', stacks.join(''))
  ].join('');
}

const STYLES: Readonly<Record<string, Style>> = {
  error: 'red',
  warn: 'yellow',
  info: 'green',
  debug: 'cyan'
};

function prettyValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return visible(value);
  return visible(JSON.stringify(value ?? null));
}

/** Shows control and direction characters as escapes, so that a user's text cannot change the operator's terminal. */
function visible(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
}
