/** Decodes text from a socket into typed frames or typed faults. Every frame is validated here, once, by its schema. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { CLIENT_FRAMES, type ClientFrame } from '../../protocol/frames.js';
import type { ErrorCode } from '../../protocol/errors.js';

/** `id` of a request; undefined when there was none, or it could not be read. */
export type RequestId = string | number | undefined;

/** A decoded frame, or what is wrong with it. */
export type Decoded =
  | { readonly ok: true; readonly frame: ClientFrame }
  | {
      readonly ok: false;
      readonly code: Extract<ErrorCode, 'bad_json' | 'bad_frame' | 'unknown_type'>;
      readonly message: string;
      readonly id: RequestId;
    };

/** A compiled schema of one frame type. */
interface Check {
  fits(value: unknown): value is ClientFrame;
  /** Returns the first fault as a sentence that names the field. */
  fault(value: unknown): string;
}

function compile(schema: TSchema): Check {
  const compiled = Compile(schema);
  return {
    fits: (value): value is ClientFrame => compiled.Check(value),
    fault: (value) => {
      const [first] = compiled.Errors(value);
      return first === undefined
        ? 'the frame does not fit'
        : `${first.instancePath} ${first.message}`.trimStart();
    }
  };
}

const CHECKS: ReadonlyMap<string, Check> = new Map(
  Object.entries(CLIENT_FRAMES).map(([type, schema]) => [type, compile(schema)])
);

function idOf(value: object): RequestId {
  if (!('id' in value)) return undefined;
  // JSON allows numbers larger than a double holds; as infinity such an id would be sent back as null.
  if (typeof value.id === 'number') return Number.isFinite(value.id) ? value.id : undefined;
  return typeof value.id === 'string' ? value.id : undefined;
}

function decodeOne(text: string): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, code: 'bad_json', message: 'the frame is not JSON', id: undefined };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = 'a frame is one JSON object';
    return { ok: false, code: 'bad_frame', message, id: undefined };
  }
  const id = idOf(value);
  if (!('type' in value) || typeof value.type !== 'string') {
    return { ok: false, code: 'bad_frame', message: '/type must be string', id };
  }
  const check = CHECKS.get(value.type);
  if (check === undefined) {
    const message = `no handler takes the type ${JSON.stringify(value.type.slice(0, 64))}`;
    return { ok: false, code: 'unknown_type', message, id };
  }
  if (check.fits(value)) return { ok: true, frame: value };
  return { ok: false, code: 'bad_frame', message: check.fault(value), id };
}

/** Decodes a text message: one JSON object, or several separated by line feeds; empty lines are skipped. */
export function decodeFrames(text: string): Decoded[] {
  if (!text.includes('\n')) return [decodeOne(text)];
  const decoded: Decoded[] = [];
  for (const line of text.split('\n')) if (line.trim() !== '') decoded.push(decodeOne(line));
  // A message of blank lines only counts as one bad frame, so that it is not free.
  return decoded.length === 0 ? [decodeOne(text)] : decoded;
}
