import { parseBlocks } from './blocks.js';
import { Meter, TooManySteps } from './meter.js';
import { blocksText } from './tree.js';

/** Returns a text in one line without its markup; as it was written when nothing else is in it. */
export function plainLine(text: string): string {
  return inOneLine(shownText(text)) || inOneLine(text);
}

function shownText(text: string): string {
  try {
    const blocks = parseBlocks(text, new Meter(text.length));
    return blocksText(
      blocks.map(({ block }) => block),
      ' '
    );
  } catch (error) {
    if (error instanceof TooManySteps) return text;
    throw error;
  }
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
