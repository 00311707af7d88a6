/**
 * The little markup that people and agents write, taken apart: code fences, inline code, bold, headings, addresses.
 * Everything else stays the text that it is. What comes out is data; `rich-text-view.ts` makes elements of it.
 */

/** A block of a text. `source` is the part of the text that it was: equal sources are equal blocks. */
export type TextBlock =
  | { readonly type: 'text'; readonly source: string }
  | {
      readonly type: 'code';
      readonly source: string;
      /** As written behind the fence; empty when nothing was. */
      readonly language: string;
      readonly text: string;
    };

/** A piece of a line. What is strong, and a heading, may hold pieces itself. */
export type TextPiece =
  | { readonly type: PlainPieceType; readonly text: string }
  | { readonly type: 'link'; readonly text: string; readonly href: string };

type PlainPieceType = 'plain' | 'code' | 'strong' | 'heading';

// What stands behind a fence is taken apart in a second step: two runs that take the same signs cost the square of them.
const FENCE = /^ {0,3}`{3,}([^`]*)$/;
const LANGUAGE = /^[ \t]*([\w+#.-]*)/;
const FENCE_END = /^ {0,3}```+[ \t]*$/;
const MARKED = /`([^`\n]+)`|\*\*([^*\s](?:[^*\n]*[^*\s])?)\*\*|https?:\/\/[^\s<>"'`]+/g;
const LINE = new RegExp(`${MARKED.source}|^#{1,6} +([^\\n]+)$`, 'gm');
const SENTENCE_MARKS = '.,;:!?)]}*';

/** Splits a text into paragraphs and fenced code; a fence that is still open reaches to the end. */
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

/** Answers a text without its marks, in one line. */
export function plainLine(text: string): string {
  return text
    .replace(/\*\*|`+|^#{1,6} +/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * Splits a paragraph into its pieces; sentence marks behind an address are no part of it. What is marked already, the
 * text of a heading or of bold words, holds no heading: else a line of `# # # …` would nest as deep as it is long.
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

/** A loop and no pattern: one that looks for its end from every mark costs the square of them. */
function withoutSentenceMarks(address: string): string {
  let end = address.length;
  while (end > 0 && SENTENCE_MARKS.includes(address.charAt(end - 1))) end -= 1;
  return address.slice(0, end);
}

/** Lines with their line feeds, so that nothing of a text is lost. */
function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/);
}

/** Blank lines part paragraphs and are none themselves. */
function paragraphs(text: string): TextBlock[] {
  const parts = text.split(/(?<=\n\n)(?!\n)/).filter((part) => part.trim() !== '');
  return parts.map((source) => ({ type: 'text', source }));
}
