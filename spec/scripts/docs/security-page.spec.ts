import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKLIST_MARKS, checklistTable } from '../../../scripts/docs/production-checklist.js';
import { ROOT } from './blocks.js';

const PAGE = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');

/** The part of the page between two comments. */
function between(begin: string, end: string): string {
  const from = PAGE.indexOf(begin);
  expect(from, begin).to.be.at.least(0);
  return PAGE.slice(from + begin.length, PAGE.indexOf(end));
}

/** The cells of each row of the threat table. */
function threats(): string[][] {
  const [, , ...rows] = between(
    '<!-- threats: checked by spec/scripts/docs/security-page.spec.ts -->',
    '<!-- /threats -->'
  )
    .trim()
    .split('\n');
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  );
}

/** The specs that a cell names: a file, and titles of its cases with … for what they fill in. */
function specsIn(cell: string): { file: string; titles: string[] }[] {
  return cell.split('; ').map((part) => {
    const file = /^`(spec\/[^`]+\.spec\.ts)`: /.exec(part)?.[1] ?? '';
    return { file, titles: Array.from(part.matchAll(/“([^”]+)”/g), ([, title]) => title ?? '') };
  });
}

/** Whether a spec file has a case of this title. */
function hasCase(text: string, title: string): boolean {
  const parts = title.split('…').map((part) => part.replace(/[.*+?^${}()[\]\\|]/g, '\\$&'));
  return new RegExp(`\\bit\\(\\s*['"\`]${parts.join('\\$\\{[^`]+\\}')}['"\`]`).test(text);
}

describe('docs/security.md', () => {
  it('names for each threat who, what, what stops it, and specs', () => {
    const rows = threats();
    expect(rows).to.have.length.above(20);
    for (const row of rows) {
      expect(row, row.join(' | ')).to.have.lengthOf(4);
      expect(row, row.join(' | ')).to.not.include('');
    }
  });

  for (const [who = '', what = '', , shown = ''] of threats()) {
    it(`names specs that exist against ${who}, ${what}`, () => {
      for (const { file, titles } of specsIn(shown)) {
        expect(existsSync(join(ROOT, file)), `${file} of "${shown}"`).to.equal(true);
        expect(titles, shown).to.have.length.above(0);
        const text = readFileSync(join(ROOT, file), 'utf8');
        for (const title of titles)
          expect(hasCase(text, title), `${file}: ${title}`).to.equal(true);
      }
    });
  }

  it('would find a case that is not there', () => {
    const text = "  it(`gives ${caller} a row`, () => {});\n  it('has a row', () => {});";
    expect(hasCase(text, 'gives … a row')).to.equal(true);
    expect(hasCase(text, 'has a row')).to.equal(true);
    expect(hasCase(text, 'has a')).to.equal(false);
    expect(hasCase(text, 'gives … a column')).to.equal(false);
  });

  it('has the checklist that rollcall check ticks off', () => {
    expect(between(...CHECKLIST_MARKS).trim()).to.equal(checklistTable());
  });
});
