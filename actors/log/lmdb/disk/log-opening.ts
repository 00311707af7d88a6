/**
 * What happens to a log before it is used: is it one, is it of a format we know, and may
 * clients go on trusting the history they have seen.
 */
import { LogCorruptError, LogFormatError } from '../../log-errors.js';
import {
  CLOSED_FORMAT,
  decodeCount,
  decodeMeta,
  decodeRun,
  fenceKey,
  LOG_FORMAT,
  META_KEY,
  RUN_KEY,
  SEALED_FORMAT,
  within,
  type LocalDurability,
  type LogKey,
  type LogMeta,
  type LogRow,
  type RunMark
} from '../log-keys.js';
import type { LogStore, LogWrite } from '../log-store.js';
import { entryProblem } from './entry-problem.js';
import { newestHeader } from './pages/log-file.js';
import { isBehind, type FoundMark } from './log-mark.js';
import { upgradeLog } from './log-upgrade.js';

/** Rows decoded at each end of the entries of a log without checksums when it is opened. */
const SAMPLE_ROWS = 64;

/** What {@link prepareLog} works with. */
export interface PrepareOptions {
  readonly dir: string;
  readonly durability: LocalDurability;
  readonly newEpoch: () => string;
  /** Makes the id of this opening: a text that has not been used before. */
  readonly newWriter: () => string;
  readonly now: () => number;
  /** Boot id of the machine, null where there is none. */
  readonly bootId: () => string | null;
  /** What stands beside the log; null when it is not to be looked at. */
  readonly mark: FoundMark | null;
  /** Number of the last record of the write-ahead log. */
  readonly record: number;
  /** Whether something that was acknowledged is known to be missing. */
  readonly isLost: boolean;
}

/**
 * Fences that are kept: a writer that another has followed may still run as long as its row is here. Older ones are
 * removed. Nobody runs through so many starts of others.
 */
export const FENCES_KEPT = 64;

/**
 * Why clients may have more than the log: `lost` = the machine went down under a log that promised less than that,
 * `behind` = the log is an older one than was here, or came from elsewhere.
 */
export type Renewal = 'lost' | 'behind';

/** What {@link prepareLog} has found and done. */
export interface PreparedLog {
  readonly epoch: string;
  /** Whether there was ever another epoch. */
  readonly isRenewed: boolean;
  /** Why the epoch is a new one; null when it is the old one, or the log is new. */
  readonly renewed: Renewal | null;
  /** Id of this opening. */
  readonly writer: string;
}

/**
 * Checks a log, writes its meta row when it is new, takes it from the writer before, and marks it as in use. From then
 * on the store refuses to commit when a later opening has taken the log: whatever became of the lock of the directory,
 * no offset is given twice. A log of an older format is upgraded.
 * @throws {LogFormatError} written by a newer version
 * @throws {LogCorruptError} not a log, or the meta rows do not decode, or a sampled entry of an old one
 * @throws {LogFencedError} another process opened it in the same moment
 */
export async function prepareLog(store: LogStore, options: PrepareOptions): Promise<PreparedLog> {
  const { dir, durability } = options;
  const found = readMeta(store, dir);
  if (found === null || found.format >= SEALED_FORMAT) store.requireSeals();
  else sample(store, dir);
  const boot = options.bootId();
  const writer = options.newWriter();
  let renewed: Renewal | null = null;
  const transaction = newestHeader(dir)?.transaction ?? 0n;
  if (found === null) {
    // Of two processes that lay down a new log, the second finds the meta row of the first.
    store.guard(META_KEY);
  } else {
    const before = readRun(store, dir);
    // Versions that wrote older formats left no marks.
    const isMarked = options.mark !== null && found.format >= SEALED_FORMAT;
    const at = { transaction, record: options.record };
    if (isMarked && isBehind(store, before, options.mark, at)) renewed = 'behind';
    else if (options.mark === 'restored') renewed = 'behind';
    else if (options.isLost || mayHaveLost(before, boot)) renewed = 'lost';
    await take(store, before, writer, options.now());
    await upgradeLog(store, found.format);
    store.requireSeals();
  }
  // Only now: until here a log that is being upgraded is one of its old format, and the next start does it again.
  const isNew = found === null || renewed !== null;
  // A mark without a log: there was another log, so also another epoch.
  const hadAnother = options.mark !== null && options.mark !== 'none';
  const meta: LogMeta = {
    format: LOG_FORMAT,
    epoch: isNew ? options.newEpoch() : found.epoch,
    isRenewed: found === null ? hadAnother : renewed !== null || found.isRenewed
  };
  const run: RunMark = { durability, boot, clean: false, writer };
  await store.commit([
    { key: META_KEY, value: JSON.stringify(meta) },
    { key: RUN_KEY, value: JSON.stringify(run) }
  ]);
  store.guard(fenceKey(writer));
  // The mark must be on disk before what it warns of: the machine may go down at any time from here.
  await store.sync();
  return { epoch: meta.epoch, isRenewed: meta.isRenewed, renewed, writer };
}

/** Takes the log from the writer before, in one commit that only one of several can make. */
async function take(store: LogStore, before: RunMark, writer: string, now: number): Promise<void> {
  // A damaged one keeps its writer out as well: only its time is not known.
  const damaged: LogRow[] = [];
  const onDamage = (key: LogKey): void => void damaged.push({ key, value: '0' });
  const fences = [...store.range({ ...within('x', 'fence'), onDamage }), ...damaged]
    .sort((a, b) => Number(b.value) - Number(a.value))
    .slice(FENCES_KEPT - 1)
    .map(({ key }) => ({ key, value: null }));
  const run: LogWrite = { key: RUN_KEY, value: JSON.stringify({ ...before, writer }) };
  if (before.writer === null) {
    await store.commit([run]);
  } else {
    const fence = fenceKey(before.writer);
    store.guard(fence);
    await store.commit([...fences, { key: fence, value: String(now) }, run]);
  }
  store.guard(fenceKey(writer));
}

/** Marks a log as closed in good order. Everything must have been committed. */
export async function markClean(
  store: LogStore,
  run: Pick<RunMark, 'durability' | 'boot' | 'writer'>,
  { epoch, isRenewed }: Pick<LogMeta, 'epoch' | 'isRenewed'>
): Promise<void> {
  await store.sync();
  const meta: LogMeta = { format: CLOSED_FORMAT, epoch, isRenewed };
  await store.commit([
    { key: META_KEY, value: JSON.stringify(meta) },
    { key: RUN_KEY, value: JSON.stringify({ ...run, clean: true }) }
  ]);
  await store.sync();
}

/** The meta row; null when the log is new. */
function readMeta(store: LogStore, dir: string): LogMeta | null {
  const text = store.get(META_KEY);
  if (text === undefined) {
    for (const { key } of store.range({ from: ['a'], to: ['z'], limit: 1 })) {
      throw new LogCorruptError(dir, `it has rows (${JSON.stringify(key)}) but no meta row`);
    }
    return null;
  }
  const meta = decodeMeta(text);
  if (meta === null) throw new LogCorruptError(dir, 'the meta row does not decode');
  if (meta.format > LOG_FORMAT) throw new LogFormatError(dir, meta.format, LOG_FORMAT);
  return meta;
}

function readRun(store: LogStore, dir: string): RunMark {
  const run = decodeRun(store.get(RUN_KEY) ?? '');
  if (run === null) throw new LogCorruptError(dir, 'the run row does not decode');
  return run;
}

/** An unclean end of a process-durable run is harmless only if the machine is known to have stayed up. */
function mayHaveLost(run: RunMark, boot: string | null): boolean {
  return run.durability === 'process' && !run.clean && (boot === null || run.boot !== boot);
}

function sample(store: LogStore, dir: string): void {
  const ends = [false, true].map((reverse) =>
    store.range({ ...within('e'), reverse, limit: SAMPLE_ROWS })
  );
  for (const rows of ends) {
    for (const row of rows) {
      const problem = entryProblem(row);
      if (problem !== null) throw new LogCorruptError(dir, problem);
    }
  }
  for (const { key, value } of store.range({ ...within('m'), reverse: true, limit: SAMPLE_ROWS })) {
    if (decodeCount(value) === null) {
      throw new LogCorruptError(dir, `the index row ${JSON.stringify(key)} does not decode`);
    }
  }
}
