/**
 * Parses the small markup that people and agents write: code fences, inline code, bold, headings, addresses. Everything
 * else stays plain text. The result is data; `rich-text-view.ts` makes elements of it.
 */

/** A block of a text. `source` is the text that it was parsed from: equal sources make equal blocks. */
export type TextBlock =
  | { readonly type: 'text'; readonly source: string }
  | {
      readonly type: 'code';
      readonly source: string;
      /** The language written after the fence; empty when there is none. */
      readonly language: string;
      readonly text: string;
    };

/** A piece of a line. What is strong, and a heading, may hold pieces itself. */
export type TextPiece =
  | { readonly type: PlainPieceType; readonly text: string }
  | { readonly type: 'link'; readonly text: string; readonly href: string };

type PlainPieceType = 'plain' | 'code' | 'strong' | 'heading';

// The language is parsed in a second step: in one pattern, two runs that match the same characters take quadratic time.
const FENCE = /^ {0,3}`{3,}([^`]*)$/;
const LANGUAGE = /^[ \t]*([\w+#.-]*)/;
const FENCE_END = /^ {0,3}```+[ \t]*$/;
const MARKED = /`([^`\n]+)`|\*\*([^*\s](?:[^*\n]*[^*\s])?)\*\*|https?:\/\/[^\s<>"'`]+/g;
const LINE = new RegExp(`${MARKED.source}|^#{1,6} +([^\\n]+)$`, 'gm');
const SENTENCE_MARKS = '.,;:!?)]}*';

/** Splits a text into paragraphs and fenced code. A fence without an end reaches to the end of the text. */
export function textBlocks(text: string): TextBlock[] {
  const blocks: TextBlock[] = [];
  let plain = '';
  let code: { source: string; language: string; text: string } | null = null;
  for (const line of linesOf(text)) {
    const bare = line.replace(/\r?\n$/, '');
    if (code !== null) {
      code.source += line;
      if (FENCE_END.test(bare)) {
        blocks.push({ type: 'code', ...code });
        code = null;
      } else code.text += line;
      continue;
    }
    const fence = FENCE.exec(bare);
    if (fence === null) {
      plain += line;
      continue;
    }
    blocks.push(...paragraphs(plain));
    plain = '';
    code = { source: line, language: LANGUAGE.exec(fence[1] ?? '')?.[1] ?? '', text: '' };
  }
  blocks.push(...paragraphs(plain));
  if (code !== null) blocks.push({ type: 'code', ...code });
  return blocks;
}

/** Returns a text in one line without its markup. */
export function plainLine(text: string): string {
  return text
    .replace(/\*\*|`+|^#{1,6} +/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * Splits a paragraph into its pieces. An address does not include the punctuation after it. Text that is marked already
 * (a heading or bold words) holds no heading: otherwise a line of `# # # …` would nest as deep as it is long.
 */
export function textPieces(text: string, where: 'paragraph' | 'marked' = 'paragraph'): TextPiece[] {
  const pieces: TextPiece[] = [];
  let done = 0;
  for (const match of text.matchAll(where === 'marked' ? MARKED : LINE)) {
    const [whole, code, strong, heading] = match;
    let piece: TextPiece;
    let length = whole.length;
    if (code !== undefined) piece = { type: 'code', text: code };
    else if (strong !== undefined) piece = { type: 'strong', text: strong };
    else if (heading !== undefined) {
      piece = { type: 'heading', text: heading };
    } else {
      const address = withoutSentenceMarks(whole);
      if (!URL.canParse(address)) continue;
      piece = { type: 'link', text: address, href: address };
      length = address.length;
    }
    if (match.index > done) pieces.push({ type: 'plain', text: text.slice(done, match.index) });
    pieces.push(piece);
    done = match.index + length;
  }
  if (done < text.length) pieces.push({ type: 'plain', text: text.slice(done) });
  return pieces;
}

/** Uses a loop, because a pattern would take quadratic time for many punctuation marks. */
function withoutSentenceMarks(address: string): string {
  let end = address.length;
  while (end > 0 && SENTENCE_MARKS.includes(address.charAt(end - 1))) end -= 1;
  return address.slice(0, end);
}

/** Splits a text into lines and keeps their line feeds, so that no character is lost. */
function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/);
}

/** Splits a text into paragraphs at blank lines. */
function paragraphs(text: string): TextBlock[] {
  const parts = text.split(/(?<=\n\n)(?!\n)/).filter((part) => part.trim() !== '');
  return parts.map((source) => ({ type: 'text', source }));
}
