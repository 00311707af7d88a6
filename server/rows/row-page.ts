/** Pages of rows: it finds the matching items in the order of their keys, one page at a time and in one pass. */
import type { RowsPage } from '../../protocol/inspection.js';

/** Options of {@link pageOf}. */
export interface PageRule<Item> {
  /** Returns the unique key of an item; pages are sorted by it. */
  readonly key: (item: Item) => string;
  readonly matches: (item: Item) => boolean;
  /** Key of the last row of the page before; null for the first page. */
  readonly after: string | null;
  readonly limit: number;
}

/** Returns the next page of matching items. It holds at most one page while it searches. */
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

/** Returns where a key belongs in a sorted page. */
function placeOf(page: readonly { readonly key: string }[], name: string): number {
  let [low, high] = [0, page.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((page[middle]?.key ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
