/**
 * Places in a thread's history as text, `<epoch>:<offset>`: the ids of the events of an event stream, and `after` of the
 * HTTP API. An offset alone says nothing once the history has begun anew.
 */

/** A place in the history of a thread: everything up to this offset has been seen. */
export interface Place {
  readonly offset: number;
  /** Null when whoever remembered the place kept the offset only. */
  readonly epoch: string | null;
}

/** Returns the text of a place. */
export function placeText(epoch: string, offset: number): string {
  return `${epoch}:${String(offset)}`;
}

/** Reads a place: `<epoch>:<offset>`, or the offset alone. Null when the text is neither. */
export function readPlace(text: string): Place | null {
  const [, epoch = null, digits = ''] = /^(?:([^\s]{1,64}):)?(\d{1,16})$/.exec(text) ?? [];
  const offset = Number(digits);
  return digits !== '' && Number.isSafeInteger(offset) ? { offset, epoch } : null;
}
