/** The context of a trace, as clients send it. @see https://www.w3.org/TR/trace-context/#traceparent-header */
import Type from 'typebox';

/** Longest `traceparent` that is read, in characters; later versions of the standard may have more fields. */
export const TRACEPARENT_MAX = 256;

/** A `traceparent`. One that does not fit the standard is ignored, as the standard asks: no message fails by it. */
export const Traceparent = Type.String({ maxLength: TRACEPARENT_MAX });

/** What a `traceparent` says. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads a `traceparent`; null when it is none. */
export function readTraceparent(text: string): TraceContext | null {
  if (text.length > TRACEPARENT_MAX) return null;
  const [, version, traceId = '', spanId = '', flags = '', more] = FORM.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) {
    return null;
  }
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Writes the `traceparent` of a span that is recorded. */
export function sampledTraceparent(traceId: string, spanId: string): string {
  return `00-${traceId}-${spanId}-01`;
}
