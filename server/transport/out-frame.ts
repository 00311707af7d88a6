/**
 * A frame on its way to one socket or to many. What somebody on the way has to know of it stands beside its text, so
 * that nobody reads the text again. Each encoding is made once, however many sockets take the frame.
 */
export class OutFrame {
  readonly text: string;
  /** The text as UTF-8: a message of a WebSocket. Made at once, as each socket of a topic reads it several times. */
  readonly bytes: Buffer;
  /** `type` of the frame; also the name of its event in an event stream. */
  readonly type: string;
  /** Thread that it is about; null when it is about none. */
  readonly thread: string | null;
  /** Offset of the stored message that it carries; null for every other frame. */
  readonly offset: number | null;
  /** When a client that is sent away should come back, in milliseconds; null for every other frame. */
  readonly afterMs: number | null;
  /** Where an event stream resumes that has got this frame, as the id of its event; null when it says no place. */
  readonly place: string | null;
  private asEvent: Buffer | null = null;

  constructor(
    text: string,
    type: string,
    thread: string | null = null,
    offset: number | null = null,
    afterMs: number | null = null,
    place: string | null = null
  ) {
    this.text = text;
    this.bytes = Buffer.from(text);
    this.type = type;
    this.thread = thread;
    this.offset = offset;
    this.afterMs = afterMs;
    this.place = place;
  }

  /** The frame as an event of a `text/event-stream`, which resumes by the ids of its events. */
  get event(): Buffer {
    return (this.asEvent ??= Buffer.from(eventText(this)));
  }
}

/** A browser knows no frames: its own fields tell it where to resume, when to come back, and what to skip. */
function eventText({ text, type, place, afterMs }: OutFrame): string {
  if (type === 'ping') return ': still here\n\n';
  const retry = afterMs === null || afterMs === 0 ? '' : `retry: ${String(afterMs)}\n`;
  const id = place === null ? '' : `id: ${place}\n`;
  return `${retry}${id}event: ${type}\ndata: ${text}\n\n`;
}
