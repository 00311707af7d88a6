/**
 * Pages of rows out of many: those that match, in the order of their keys, a few at a time and in one pass.
 */
import type { RowsPage } from '../../protocol/inspection.js';

/** How to page. */
export interface PageRule<Item> {
  /** Name of an item; unique, and what pages are sorted by. */
  readonly key: (item: Item) => string;
  readonly matches: (item: Item) => boolean;
  /** Key of the last row of the page before; null for the first page. */
  readonly after: string | null;
  readonly limit: number;
}

/** The next page of what matches. It keeps no more than a page while it looks, however many there are. */
export function pageOf<Item>(
  items: Iterable<Item>,
  { key, matches, after, limit }: PageRule<Item>
): RowsPage<Item> {
  const page: { readonly key: string; readonly item: Item }[] = [];
  let total = 0;
  let isMore = false;
  for (const item of items) {
    if (!matches(item)) continue;
    total++;
    const name = key(item);
    if (after !== null && name <= after) continue;
    const last = page.at(-1);
    if (page.length === limit) {
      isMore = true;
      if (last === undefined || name >= last.key) continue;
      page.pop();
    }
    page.splice(placeOf(page, name), 0, { key: name, item });
  }
  return {
    rows: page.map(({ item }) => item),
    total,
    next: isMore ? (page.at(-1)?.key ?? null) : null
  };
}

/** Where a key belongs in a sorted page. */
function placeOf(page: readonly { readonly key: string }[], name: string): number {
  let [low, high] = [0, page.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((page[middle]?.key ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
