/**
 * Reads server-sent events from a stream of bytes. The bytes may be split anywhere, also inside a character or between
 * CR and LF. An event that is not complete when the stream ends is dropped, as the standard says.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */

/** Most characters of an event and of a line. No model sends more, and more would fill the memory. */
export const EVENT_CHARS_MAX = 1_048_576;

/** Thrown when an event or a line has more than {@link EVENT_CHARS_MAX} characters. */
export class EventTooLongError extends Error {
  constructor() {
    super(`an event has more than ${EVENT_CHARS_MAX.toLocaleString('en')} characters`);
    this.name = 'EventTooLongError';
  }
}

/** Reads the data of events; comments and fields other than `data` are skipped. */
export class EventReader {
  private readonly decoder = new TextDecoder('utf-8');
  /** The parts of a line that has not ended. */
  private line: string[] = [];
  private lineChars = 0;
  private data: string[] = [];
  private dataChars = 0;
  /** Whether the last character was CR: an LF after it belongs to the same line end. */
  private hasEndedByCr = false;

  /**
   * Returns the data of each event that is complete now.
   * @throws {EventTooLongError}
   */
  read(bytes: Uint8Array): string[] {
    let text = this.decoder.decode(bytes, { stream: true });
    if (this.hasEndedByCr && text !== '') {
      if (text.startsWith('\n')) text = text.slice(1);
      this.hasEndedByCr = false;
    }
    if (text.endsWith('\r')) this.hasEndedByCr = true;
    const lines = text.split(/\r\n|\n|\r/);
    const rest = lines.pop() ?? '';
    const events: string[] = [];
    for (const part of lines) {
      this.add(part);
      const line = this.line.join('');
      this.line = [];
      this.lineChars = 0;
      this.take(line, events);
    }
    this.add(rest);
    return events;
  }

  private add(part: string): void {
    if (part === '') return;
    this.line.push(part);
    this.lineChars += part.length;
    if (this.lineChars > EVENT_CHARS_MAX) throw new EventTooLongError();
  }

  private take(line: string, events: string[]): void {
    if (line === '') {
      if (this.data.length > 0) events.push(this.data.join('\n'));
      this.data = [];
      this.dataChars = 0;
      return;
    }
    const match = /^data(?:: ?(.*))?$/s.exec(line);
    if (match === null) return;
    const value = match[1] ?? '';
    this.data.push(value);
    this.dataChars += value.length + 1;
    if (this.dataChars > EVENT_CHARS_MAX) throw new EventTooLongError();
  }
}
