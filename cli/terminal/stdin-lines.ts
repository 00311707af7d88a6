/** Yields lines of standard input one by one; it holds at most one line. */

/** Longest line, in characters; a longer one is cut and marked. */
export const LINE_MAX = 1_048_576; // more than any server accepts in one message

/** A line of input without its line end. */
export interface InputLine {
  readonly text: string;
  readonly isCut: boolean;
}

/** Splits UTF-8 input into lines; the last one needs no line end. */
export async function* linesOf(
  input: AsyncIterable<Uint8Array | string>
): AsyncGenerator<InputLine, void, undefined> {
  const decoder = new TextDecoder();
  let line = '';
  let isCut = false;
  const take = (piece: string): void => {
    const room = LINE_MAX - line.length;
    isCut ||= piece.length > room;
    line += piece.slice(0, room);
  };
  const give = (): InputLine => {
    const given = { text: line.replace(/\r$/, ''), isCut };
    line = '';
    isCut = false;
    return given;
  };
  for await (const chunk of input) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const [first = '', ...others] = text.split('\n');
    take(first);
    for (const other of others) {
      yield give();
      take(other);
    }
  }
  take(decoder.decode());
  if (line !== '') yield give();
}
