/**
 * The records of the write-ahead log: one for each commit, with everything that the commit changes.
 *
 * | bytes | what |
 * |---|---|
 * | 4 | magic |
 * | 4 | bytes of the payload |
 * | 6 | number of the record; they grow by one from record to record, over all segments |
 * | 4 | CRC-32 of length, number and payload |
 * | n | payload, UTF-8 |
 *
 * The payload is the rows one after the other: characters of the key, characters of the value (`-` for a row that is
 * removed), a line feed, key, value.
 */
import { crc32 } from 'node:zlib';
import type { LogKey } from '../log-keys.js';
import type { LogWrite } from '../log-store.js';

const MAGIC = 0x4c_41_57_52;
const AT = { length: 4, number: 8, checksum: 14 };
const NUMBER_BYTES = 6;
const HEADER_BYTES = 18;
/** Begins a part of a key that is a number. No text in a key has control characters (log-keys.ts). */
const NUMBER_MARK = '\u0001';
const PART_END = '\n';

/** A key as one text; different keys have different texts. */
export function keyText(key: LogKey): string {
  let text: string = key[0];
  for (let index = 1; index < key.length; index += 1) {
    const part = key[index];
    text +=
      typeof part === 'number' ? PART_END + NUMBER_MARK + String(part) : PART_END + String(part);
  }
  return text;
}

function keyOf(text: string): LogKey {
  const [tag = '', ...rest] = text.split(PART_END);
  return [
    tag,
    ...rest.map((part) => (part.startsWith(NUMBER_MARK) ? Number(part.slice(1)) : part))
  ];
}

/** A record as bytes; `names` are the texts of the keys. */
export function encodeRecord(
  number: number,
  writes: readonly LogWrite[],
  names = writes.map(({ key }) => keyText(key))
): Buffer {
  let text = '';
  for (const [index, { value }] of writes.entries()) {
    const name = names[index] ?? '';
    const size = value === null ? '-' : String(value.length);
    text += `${String(name.length)},${size}\n${name}${value ?? ''}`;
  }
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + length);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(length, AT.length);
  bytes.writeUIntLE(number, AT.number, NUMBER_BYTES);
  bytes.write(text, HEADER_BYTES);
  bytes.writeUInt32LE(checksumOf(bytes), AT.checksum);
  return bytes;
}

/** A record where it was found. */
export interface FoundRecord {
  readonly number: number;
  readonly payload: Buffer;
  /** Where the next one begins. */
  readonly end: number;
}

/** The record at a place; null when there is none or it is damaged. */
export function recordAt(bytes: Buffer, at: number): FoundRecord | null {
  if (at + HEADER_BYTES > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return null;
  const end = at + HEADER_BYTES + bytes.readUInt32LE(at + AT.length);
  if (end > bytes.length) return null;
  const record = bytes.subarray(at, end);
  if (record.readUInt32LE(AT.checksum) !== checksumOf(record)) return null;
  return {
    number: record.readUIntLE(AT.number, NUMBER_BYTES),
    payload: record.subarray(HEADER_BYTES),
    end
  };
}

/** The first record behind a place at which there is none; null when nothing follows. */
export function nextRecord(bytes: Buffer, after: number): (FoundRecord & { at: number }) | null {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(MAGIC);
  for (let at = bytes.indexOf(mark, after + 1); at !== -1; at = bytes.indexOf(mark, at + 1)) {
    const found = recordAt(bytes, at);
    if (found !== null) return { ...found, at };
  }
  return null;
}

/** The changes of a record whose checksum was right. */
export function decodePayload(payload: Buffer): LogWrite[] {
  const text = payload.toString('utf8');
  const writes: LogWrite[] = [];
  for (let at = 0; at < text.length;) {
    const line = text.indexOf('\n', at);
    const [keyChars = '', valueChars = ''] = text.slice(at, line).split(',');
    const keyEnd = line + 1 + Number(keyChars);
    const end = valueChars === '-' ? keyEnd : keyEnd + Number(valueChars);
    const value = valueChars === '-' ? null : text.slice(keyEnd, end);
    writes.push({ key: keyOf(text.slice(line + 1, keyEnd)), value });
    at = end;
  }
  return writes;
}

function checksumOf(record: Buffer): number {
  const head = crc32(record.subarray(AT.length, AT.checksum));
  return crc32(record.subarray(HEADER_BYTES), head);
}
