import { expect } from 'chai';
import fc from 'fast-check';
import type { RowsPage } from '../../../protocol/inspection.js';
import { pageOf } from '../../../server/rows/row-page.js';

const all = { key: (name: string) => name, matches: () => true };

describe('pageOf', () => {
  it('gives every match once and in order, page after page, whatever the order of the items', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ maxLength: 6 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        (names, limit) => {
          const matches = (name: string) => !name.includes('a');
          const seen: string[] = [];
          let after: string | null = null;
          do {
            const page: RowsPage<string> = pageOf(names, { ...all, matches, after, limit });
            expect(page.rows.length).to.be.at.most(limit);
            expect(page.total).to.equal(names.filter(matches).length);
            seen.push(...page.rows);
            after = page.next;
          } while (after !== null);
          expect(seen).to.deep.equal(names.filter(matches).sort((a, b) => (a < b ? -1 : 1)));
        }
      )
    );
  });

  it('says that there is no next page when the last one is full', () => {
    expect(pageOf(['a', 'b'], { ...all, after: null, limit: 2 }).next).to.equal(null);
    expect(pageOf(['c', 'b', 'a'], { ...all, after: null, limit: 2 }).next).to.equal('b');
  });
});
