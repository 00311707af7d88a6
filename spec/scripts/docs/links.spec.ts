import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const pages = [
  ...readdirSync(ROOT),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true }).map((name) => `docs/${String(name)}`)
].filter((name) => name.endsWith('.md'));

/** What a page links to in the checkout, without the part after `#`. */
function linked(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return Array.from(text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g), ([, target]) => target ?? '').filter(
    (target) => !target.includes(':')
  );
}

describe('links in the docs', () => {
  it('are found', () => {
    expect(pages).to.include.members(['README.md', 'docs/client.md', 'docs/charts/README.md']);
    expect(linked('README.md')).to.include('docs/client.md');
  });

  for (const page of pages) {
    it(`lead to files that are there: ${page}`, () => {
      const missing = linked(page).filter((to) => !existsSync(join(ROOT, dirname(page), to)));
      expect(missing).to.deep.equal([]);
    });
  }
});
