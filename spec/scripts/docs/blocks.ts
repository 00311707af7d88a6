/** The blocks of code in README and docs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A block of code in a page. */
export interface Block {
  /** Page and line, as `docs/client.md:6`. */
  readonly at: string;
  /** Empty for a block without a language. */
  readonly language: string;
  readonly text: string;
  /** Why the specs do not run it, from a comment `<!-- not run: why -->` above it; null when they do. */
  readonly notRun: string | null;
}

const PAGES = [
  'README.md',
  'packages/rollcall-client/README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
];

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const pattern = /^(?:<!-- not run: (.+) -->\n\n?)?```(\w*)\n([^]*?)^```$/gm;
  return Array.from(text.matchAll(pattern), (match) => ({
    at: `${page}:${String(text.slice(0, match.index).split('\n').length)}`,
    language: match[2] ?? '',
    text: match[3] ?? '',
    notRun: match[1] ?? null
  }));
}

/** Every block, page by page. */
export const BLOCKS: readonly Block[] = PAGES.flatMap(blocksOf);

/** The blocks in these languages. */
export function inLanguage(...languages: readonly string[]): Block[] {
  return BLOCKS.filter(({ language }) => languages.includes(language));
}
