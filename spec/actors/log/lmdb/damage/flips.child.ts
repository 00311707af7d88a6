/**
 * Flips bits of a log's data file and uses the log each time in all ways: reads, appends, a read mark, trimming, closing
 * and opening again. Its arguments are a sound data file and the folder to work in; each line of its input is a list of
 * bits to flip, as `[[byte, bit], …]`. It answers each with a line: `sound`, `rebuilt`, `refused`, or what was wrong.
 * It is a process of its own because an assertion of the storage engine ends it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../../../../actors/clock.js';
import { LogCorruptError, LogFormatError } from '../../../../../actors/log/log-errors.js';
import { openLmdbLog } from '../../../../../actors/log/lmdb/lmdb-log.js';
import type { EmbeddedLog } from '../../../../../actors/log/lmdb/replica/embedded-log.js';
import { append, entry } from '../log-fixture.js';

const [file = '', folder = ''] = process.argv.slice(2);
const bytes = readFileSync(file);
const THREADS = Array.from({ length: 10 }, (_, n) => `t${String(n)}`);
const BIG = JSON.stringify('x'.repeat(9_000));
let runs = 0;

function open(dir: string, messages: number | null): Promise<EmbeddedLog> {
  return openLmdbLog({
    dir,
    durability: 'process',
    clock: systemClock,
    retention: { messages, days: null },
    isFeedRead: false,
    onListenerFault: () => undefined,
    newEpoch: () => 'e-new',
    bootId: () => 'boot-1'
  });
}

/** Frames by thread and offset; null where reading was refused as damaged. */
function reading(log: EmbeddedLog): Map<string, string | null> {
  const found = new Map<string, string | null>();
  for (const thread of THREADS) {
    let head: ReturnType<EmbeddedLog['head']> = null;
    try {
      head = log.head(thread);
    } catch (error) {
      refusal(error);
      found.set(thread, null);
    }
    for (let offset = head?.first ?? 1; offset <= (head?.last ?? 0); offset += 1) {
      const place = `${thread}@${String(offset)}`;
      try {
        for (const { frame } of log.read(thread, offset - 1, 1, Infinity)) found.set(place, frame);
      } catch (error) {
        refusal(error);
        found.set(place, null);
      }
    }
  }
  return found;
}

/** Throws what is no refusal of damage. */
function refusal(error: unknown): void {
  if (!(error instanceof LogCorruptError || error instanceof LogFormatError)) throw error;
}

async function truth(): Promise<Map<string, string | null>> {
  const dir = join(folder, 'truth');
  mkdirSync(dir);
  writeFileSync(join(dir, 'data.mdb'), bytes);
  const log = await open(dir, null);
  const found = reading(log);
  await log.close();
  return found;
}

async function use(log: EmbeddedLog, name: string): Promise<string | null> {
  for (const thread of ['t1', 't2', 'new']) {
    for (const [mid, bodyJson] of [
      ['small', '{"text":"hi"}'],
      ['big', BIG]
    ] as const) {
      const result = await append(log, thread, entry(`${name}-${mid}`, { bodyJson }));
      if (!result.ok && !result.reason.includes('was altered'))
        return `append to ${thread}: ${result.reason}`;
    }
    try {
      await log.setReadMark(thread, 'bob', 1);
    } catch (error) {
      refusal(error);
    }
  }
  return null;
}

async function outcome(flips: readonly (readonly [number, number])[]): Promise<string> {
  const dir = join(folder, String((runs += 1)));
  mkdirSync(dir);
  const spoilt = Buffer.from(bytes);
  for (const [at, bit] of flips) spoilt[at] = (spoilt[at] ?? 0) ^ (1 << bit);
  writeFileSync(join(dir, 'data.mdb'), spoilt);
  let log: EmbeddedLog | null = null;
  try {
    log = await open(dir, null);
    const { rebuilt } = log;
    const found = reading(log);
    for (const [place, frame] of expected) {
      const isThere = found.has(place) || found.get(place.slice(0, place.indexOf('@'))) === null;
      if (!isThere && rebuilt === null) return `${place} was lost in silence`;
      const read = found.get(place) ?? null;
      if (read !== null && read !== frame) return `${place} was altered`;
    }
    for (const place of found.keys()) {
      if (place.includes('@') && !expected.has(place)) return `${place} never was`;
    }
    const problem = await use(log, 'first');
    if (problem !== null) return problem;
    await log.close();
    log = await open(dir, 5);
    const again = log.rebuilt ?? (await use(log, 'second'));
    if (again !== null) return `opened again: ${again}`;
    await log.close();
    log = await open(dir, null);
    if (log.rebuilt !== null) return `opened a third time: ${log.rebuilt}`;
    reading(log);
    return rebuilt === null ? 'sound' : 'rebuilt';
  } catch (error) {
    refusal(error);
    return 'refused';
  } finally {
    await log?.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

const expected = await truth();
for await (const line of createInterface({ input: process.stdin })) {
  const answer = await outcome(JSON.parse(line) as [number, number][]).catch(String);
  process.stdout.write(`${answer.replaceAll('\n', ' ')}\n`);
}
process.exit(0);
