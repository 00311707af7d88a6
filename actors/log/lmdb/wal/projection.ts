/** Brings the data file up to the write-ahead log: while the server runs, and at its start. */
import { randomUUID } from 'node:crypto';
import { orDamaged } from '../../log-errors.js';
import {
  decodeCount,
  decodeMeta,
  LIST_TAGS,
  LISTED_FORMAT,
  LOG_FORMAT,
  META_KEY,
  PROJECTED_KEY,
  RUN_KEY
} from '../log-keys.js';
import type { LogStore, LogWrite } from '../log-store.js';
import { OverlaidStore } from './overlaid-store.js';
import { Overlay } from './overlay.js';
import { removeSegments, segmentFiles, takeSegments, type SegmentFile } from './wal-files.js';
import { readWal, type WalReading } from './wal-reading.js';
import { keyText } from './wal-record.js';

/** Most rows in one transaction of the data file: a larger one keeps the processor for longer. */
const PROJECT_ROWS = 128;

/** What {@link replayWal} has found. */
export interface Replayed {
  /** Number of the last record. */
  readonly record: number;
  /** What is missing though it was acknowledged, in words for an operator; null when nothing is known to be. */
  readonly damage: string | null;
}

/**
 * Brings the data file up to the write-ahead log, which is taken from whoever wrote it before, and removes that. What
 * holds for the whole log stays as the data file has it: a rebuilt one has a new epoch, and makes its lists anew.
 * @throws when the data file cannot be written
 */
export async function replayWal(store: LogStore, dir: string): Promise<Replayed> {
  const files = takeSegments(dir, randomUUID());
  const projected = projectedOf(store);
  if (files.length === 0) return { record: projected ?? 0, damage: null };
  const { format } = decodeMeta(store.get(META_KEY) ?? '') ?? { format: LOG_FORMAT };
  const kept = [META_KEY, RUN_KEY].map(keyText);
  const isReplayed = ({ key }: LogWrite): boolean =>
    !(key[0] === 'x' && kept.includes(keyText(key))) &&
    (format >= LISTED_FORMAT || !LIST_TAGS.includes(key[0]));
  const { overlay, last, damage } = changesOf(files, projected, isReplayed);
  await projectRows(store, overlay, last);
  await store.sync();
  await removeSegments(files);
  return { record: last, damage };
}

/** The changes that a log's segments have, whether the data file has them already or not. */
export function walRows(dir: string): Overlay {
  return changesOf(segmentFiles(dir), null).overlay;
}

/**
 * The rows of a log with its write-ahead log over them, for reading. Nothing is changed.
 * @param onDamage is told what is missing though it was acknowledged
 */
export function overWal(store: LogStore, dir: string, onDamage: (what: string) => void): LogStore {
  const { overlay, damage } = changesOf(segmentFiles(dir), projectedOf(store));
  if (damage !== null) onDamage(damage);
  return new OverlaidStore(store, overlay);
}

/** The changes of the records after `projected` (null: of all), and what {@link readWal} tells besides. */
function changesOf(
  files: readonly SegmentFile[],
  projected: number | null,
  isTaken: (write: LogWrite) => boolean = () => true
): WalReading & { readonly overlay: Overlay } {
  const overlay = new Overlay();
  const reading = readWal(files, projected, ({ number, writes }) => {
    overlay.put(number, writes.filter(isTaken));
  });
  return { ...reading, overlay };
}

/** Number of the last record that the data file has; null when the row that says it is damaged. */
export function projectedOf(store: LogStore): number | null {
  return decodeCount(orDamaged(() => store.get(PROJECTED_KEY) ?? '0', ''));
}

/** Writes what the overlay has, and takes it out of there; `upTo` is the number of the last record in it. */
export async function projectRows(store: LogStore, overlay: Overlay, upTo: number): Promise<void> {
  const rows = overlay.all();
  let at = 0;
  do {
    const some = rows.slice(at, at + PROJECT_ROWS);
    at += PROJECT_ROWS;
    const writes: LogWrite[] = some.map(({ row, value }) => ({ key: row.key, value }));
    // With the last rows: before, the data file has some of the records' changes and not all.
    if (at >= rows.length) writes.push({ key: PROJECTED_KEY, value: String(upTo) });
    await store.commit(writes);
    for (const { row, record } of some) overlay.settle(row, record);
  } while (at < rows.length);
}
