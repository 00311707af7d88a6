/** Decodes text from a socket into typed frames or typed faults. Every frame is validated here, once, by its schema. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import {
  CLIENT_FRAMES,
  isLongerThan,
  REQUEST_ID_MAX,
  type ClientFrame,
  type ClientFrameType
} from '../../protocol/frames.js';
import type { ErrorCode } from '../../protocol/errors.js';
import {
  BODY_DEPTH_MAX,
  isSameJson,
  keptMembers,
  memberBody,
  NumberText,
  type BodyText
} from '../../protocol/json-text.js';
import { userNameFault } from '../../protocol/user-name.js';

/**
 * `id` of a request; undefined when there was none, or it could not be read. A number that JavaScript would write in
 * another way is kept as text, so that it is echoed as it came.
 */
export type RequestId = string | number | NumberText | undefined;

/** A frame as it was decoded: its schema's, but with the texts of `id` and `body` as they were written. */
export type Received<T extends ClientFrameType = ClientFrameType> = {
  [K in T]: Omit<ClientFrame<K>, 'id' | 'body'> & { readonly id?: RequestId } & (K extends 'publish'
      ? { readonly body: BodyText }
      : object);
}[T];

/** A decoded frame, or what is wrong with it. */
export type Decoded =
  | { readonly ok: true; readonly frame: Received }
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

/** Puts the kept texts into a frame that fits its schema. */
function received(frame: ClientFrame, id: RequestId, body: BodyText | null): Received {
  if (frame.type !== 'publish') return id === undefined ? frame : Object.assign(frame, { id });
  return Object.assign(frame, { id, body: body ?? NO_BODY });
}

/** Never used: a publish without a body does not fit its schema. */
const NO_BODY: BodyText = { json: 'null', depth: 0 };

/** Returns a number as it was written, as a number where that is the same text. */
function numberId(text: string): RequestId {
  const number = Number(text);
  return String(number) === text ? number : new NumberText(text);
}

/** Returns what is wrong with the name that a frame gives to a user; null when it gives none, or a good one. */
function nameFault(frame: ClientFrame): string | null {
  // A member from before the rule can still be removed.
  const isNaming = frame.type === 'connect' || (frame.type === 'member' && frame.role !== null);
  const fault = isNaming && frame.user !== undefined ? userNameFault(frame.user) : null;
  return fault === null ? null : `/user ${fault}`;
}

/**
 * Returns why the value of an answer would be stored in another form than it was written, or could not be read by every
 * client; null when neither is so.
 */
function valueFault(frame: ClientFrame, text: string): string | null {
  const written = frame.type === 'answer' ? memberBody(text, 'value') : null;
  if (frame.type !== 'answer' || written === null) return null;
  if (written.depth > BODY_DEPTH_MAX) {
    return `/value must not be nested more than ${String(BODY_DEPTH_MAX)} deep`;
  }
  const isKept = isSameJson(written.json, JSON.stringify(frame.value));
  return isKept ? null : '/value has a number that a double does not hold: send it as text';
}

/** Decodes the text of one frame. */
export function decodeFrame(text: string): Decoded {
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
  let id: RequestId;
  let body: BodyText | null = null;
  const isPublish = 'type' in value && value.type === 'publish';
  if ('id' in value) {
    // One that is too long is not echoed: the schema of errors does not have it, and it would be sent twice.
    if (typeof value.id === 'string') {
      id = isLongerThan(value.id, REQUEST_ID_MAX) ? undefined : value.id;
    }
    // Its text is the id. A number past all doubles does not fit the schema, and a client could not read its echo.
    else if (Number.isFinite(value.id)) value.id = 0;
  }
  if (isPublish || ('id' in value && value.id === 0)) {
    const kept = keptMembers(text);
    body = kept.body;
    if ('id' in value && value.id === 0 && kept.id !== null) {
      if (kept.id.length > REQUEST_ID_MAX) {
        const message = `/id must not have more than ${String(REQUEST_ID_MAX)} characters`;
        return { ok: false, code: 'bad_frame', message, id: undefined };
      }
      id = numberId(kept.id);
    }
  }
  if (!('type' in value) || typeof value.type !== 'string') {
    return { ok: false, code: 'bad_frame', message: '/type must be string', id };
  }
  const check = CHECKS.get(value.type);
  if (check === undefined) {
    const message = `no handler takes the type ${JSON.stringify(value.type.slice(0, 64))}`;
    return { ok: false, code: 'unknown_type', message, id };
  }
  if (!check.fits(value)) return { ok: false, code: 'bad_frame', message: check.fault(value), id };
  const fault = nameFault(value) ?? valueFault(value, text);
  if (fault !== null) return { ok: false, code: 'bad_frame', message: fault, id };
  return { ok: true, frame: received(value, id, body) };
}
