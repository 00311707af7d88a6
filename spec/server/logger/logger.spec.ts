import { execFile } from 'node:child_process';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { RecordedLogger } from '../../actors/recorded-logger.js';
import { SimulatedClock } from 'xstate';
import { LINE_BUFFER_BYTES } from '../../../server/logger/line-writer.js';
import { createLogger, LOG_FLUSH_MS, type LoggerOptions } from '../../../server/logger/logger.js';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function stoppedClock(): SimulatedClock {
  const clock = new SimulatedClock();
  clock.set(AT);
  return clock;
}

/** An output whose writes end only when the spec calls `letGo`. */
class SlowOutput extends Writable {
  readonly lines: string[] = [];
  #held: (() => void) | null = null;
  #isOpen = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (chunk.length > 0) this.lines.push(chunk.toString());
    if (this.#isOpen) done();
    else this.#held = done;
  }

  letGo(): void {
    this.#isOpen = true;
    this.#held?.();
  }
}

async function linesOf(
  options: Partial<LoggerOptions>,
  log: (logger: ReturnType<typeof createLogger>) => void
): Promise<string[]> {
  const stream = new PassThrough();
  const logger = createLogger({
    level: 'info',
    format: 'json',
    clock: stoppedClock(),
    stream,
    ...options
  });
  log(logger);
  await logger.flush();
  const text = String(stream.read() ?? '');
  return text.split('\n').slice(0, -1);
}

async function jsonOf(log: (logger: ReturnType<typeof createLogger>) => void): Promise<unknown> {
  const [line] = await linesOf({}, log);
  return JSON.parse(line ?? 'null');
}

describe('createLogger', () => {
  it('writes time, level, message and fields when the format is json', async () => {
    const line = await jsonOf((logger) => {
      logger.info('✅ Registered 9 WebSocket handlers', { actor: 'handlers', count: 9 });
    });
    expect(line).to.deep.equal({
      time: '2026-01-02T03:04:05.678Z',
      level: 'info',
      message: '✅ Registered 9 WebSocket handlers',
      actor: 'handlers',
      count: 9
    });
  });

  for (const format of ['json', 'pretty'] as const) {
    it(`keeps the phrases of the contract findable when the format is ${format}`, async () => {
      const phrases = [
        'ZERO WebSocket message handlers',
        'Cannot deliver message',
        '❌ CRITICAL: ClickHouse required but it is down',
        'ℹ️ ClickHouse unavailable (optional): refused',
        '✅ ClickHouse connected',
        'PHASE COMPLETED: handlers (2 ms)'
      ];
      const lines = await linesOf({ format }, (logger) => {
        for (const phrase of phrases) logger.error(phrase, { thread: 't1' });
      });
      expect(lines).to.have.lengthOf(phrases.length);
      for (const [index, phrase] of phrases.entries()) expect(lines[index]).to.include(phrase);
    });
  }

  it('writes short lines with key=value when the format is pretty', async () => {
    const [line] = await linesOf({ format: 'pretty' }, (logger) => {
      logger.warn('Cannot deliver', { thread: 't1', count: 3, why: 'nobody there' });
    });
    expect(line).to.equal(
      '03:04:05.678 WARN  Cannot deliver  thread=t1 count=3 why="nobody there"'
    );
  });

  it('colours pretty lines only when it is told to or writes to a terminal', async () => {
    const log = (logger: ReturnType<typeof createLogger>): void => {
      logger.error('x', { thread: 't' });
    };
    const [plain] = await linesOf({ format: 'pretty' }, log);
    const [coloured] = await linesOf({ format: 'pretty', colours: true }, log);
    expect(plain).to.not.include('\u001b');
    expect(coloured).to.include('\u001b[31m');
  });

  it('shows control characters as escapes when somebody writes them into a field', async () => {
    const [line] = await linesOf({ format: 'pretty' }, (logger) => {
      logger.info('a\nb', { user: '\u001b[2Jeve', note: 'x\u202ey' });
    });
    expect(line).to.not.match(/[\u0000-\u001f\u202e]/);
    expect(line).to.include('a\\u000ab');
  });

  it('writes the stack below the line when a pretty field is an error', async () => {
    const lines = await linesOf({ format: 'pretty' }, (logger) => {
      logger.error('boom', { error: new TypeError('bad thing') });
    });
    expect(lines[0]).to.include('error="bad thing"');
    expect(lines[1]).to.equal('    TypeError: bad thing');
    expect(lines[2]).to.match(/^ {4}at /);
  });

  const levels = ['error', 'warn', 'info', 'debug'] as const;
  for (const [index, level] of levels.entries()) {
    it(`logs ${levels.slice(0, index + 1).join(', ')} and no other when the level is ${level}`, async () => {
      const lines = await linesOf({ level, format: 'pretty' }, (logger) => {
        for (const each of levels) logger[each](`a ${each}`);
      });
      expect(lines).to.have.lengthOf(index + 1);
      expect(createLogger({ level, format: 'json' }).isDebug).to.equal(level === 'debug');
    });
  }

  it('lets no field pass itself off as time, level or message', async () => {
    const line = await jsonOf((logger) => {
      logger.info('real', { message: 'false', level: 'error', time: 'never' });
    });
    expect(line).to.include({ message: 'real', level: 'info', message_: 'false', level_: 'error' });
  });

  it('masks secrets in fields at any depth and in the message', async () => {
    const lines = await linesOf({}, (logger) => {
      logger.info('connecting to http://ada:hunter2@ch:8123 with Bearer hunter2', {
        token: 'hunter2',
        error: new Error('http://ada:hunter2@ch'),
        request: {
          headers: { Authorization: 'hunter2', 'x-api-key': 'hunter2' },
          list: [{ password: 'hunter2' }]
        }
      });
    });
    expect(lines.join('')).to.not.include('hunter2');
    expect(lines.join('')).to.include('••••');
  });

  it('logs a line all the same when a field cannot be read', async () => {
    const line = await jsonOf((logger) => {
      logger.info('fine', {
        get bad(): string {
          throw new Error('no');
        }
      });
    });
    expect(line).to.include({ message: 'fine', fields: '[unreadable: no]' });
  });

  it('hands each line to the output before the call returns, however many come in one turn', () => {
    const stream = new SlowOutput();
    stream.letGo();
    const logger = createLogger({ level: 'info', format: 'json', stream, clock: stoppedClock() });
    // Because of this, `flush` need not wait for lines inside winston, and an exit loses none.
    for (let line = 1; line <= 5_000; line++) {
      logger.info('line');
      if (stream.lines.length !== line) expect.fail(`line ${String(line)} is still in winston`);
    }
  });

  it('drops lines past the bound and tells how many once when the output recovers', async () => {
    const stream = new SlowOutput();
    const logger = createLogger({ level: 'info', format: 'json', stream });
    const padding = 'x'.repeat(4096);
    const total = 1_000;
    for (let line = 0; line < total; line++) logger.info(padding);
    expect(stream.writableLength).to.be.within(LINE_BUFFER_BYTES, LINE_BUFFER_BYTES + 5_000);
    expect(logger.dropped).to.be.greaterThan(700);
    const lost = logger.dropped;
    const drained = new Promise((resolve) => stream.once('drain', resolve));
    stream.letGo();
    await drained;
    logger.info('after');
    await logger.flush();
    expect(stream.lines).to.have.lengthOf(total - lost + 2);
    expect(stream.lines.at(-2)).to.include(`Dropped ${String(lost)} log lines`);
    expect(stream.lines.at(-1)).to.include('after');
  });

  it('tells how many were dropped by the logger that it is given for that', async () => {
    const stream = new SlowOutput();
    const logger = createLogger({ level: 'info', format: 'json', stream });
    const other = new RecordedLogger();
    logger.reportBy(other);
    for (let line = 0; line < 300; line++) logger.info('x'.repeat(4096));
    const drained = new Promise((resolve) => stream.once('drain', resolve));
    stream.letGo();
    await drained;
    const message = `Dropped ${String(logger.dropped)} log lines: the log output was too slow`;
    expect(other.lines).to.eql([
      { level: 'warn', message, fields: { actor: 'logger', dropped: logger.dropped } }
    ]);
  });

  it('drops lines and goes on when the output is gone', async () => {
    const stream = new PassThrough();
    const logger = createLogger({ level: 'info', format: 'json', stream });
    stream.destroy(new Error('EPIPE'));
    logger.info('nobody reads this');
    await logger.flush();
    expect(logger.dropped).to.equal(1);
  });
});

describe('ServerLogger.flush', () => {
  it('gives up after its time when the output is stuck', async () => {
    const clock = stoppedClock();
    const logger = createLogger({ level: 'info', format: 'json', stream: new SlowOutput(), clock });
    logger.info('stuck');
    const flushed = logger.flush();
    clock.increment(LOG_FLUSH_MS);
    await flushed;
  });

  it('waits for the output when it is slow', async () => {
    const stream = new SlowOutput();
    const logger = createLogger({ level: 'info', format: 'json', stream, clock: stoppedClock() });
    for (let line = 0; line < 100; line++) logger.info('line');
    const flushed = logger.flush();
    stream.letGo();
    await flushed;
    expect(stream.lines.filter((line) => line.includes('line'))).to.have.lengthOf(100);
  });

  it('loses no line when the process exits right after it', async () => {
    const module = fileURLToPath(new URL('../../../server/logger/logger.ts', import.meta.url));
    const script = `import { createLogger } from ${JSON.stringify(module)};
      const logger = createLogger({ level: 'info', format: 'json' });
      for (let n = 0; n < 5000; n++) logger.info('line', { n });
      await logger.flush();
      process.exit(0);`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      { maxBuffer: 10_000_000 }
    );
    expect(stdout.trimEnd().split('\n')).to.have.lengthOf(5000);
  });
});
