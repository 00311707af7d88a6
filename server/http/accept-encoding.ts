/** Which coding a client takes a file in: the header `Accept-Encoding` (RFC 9110, 12.5.3). */

/** A coding that files are stored in, the smallest first: of two that a client likes as much, the first is sent. */
export const CODINGS = ['br', 'gzip'] as const;

/** One of {@link CODINGS}. */
export type Coding = (typeof CODINGS)[number];

const ITEM = /^([!#$%&'*+.^_`|~0-9a-z-]+)(?:\s*;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

/**
 * Returns the coding of those available that the client likes best; null for the file as it is. An item that is not
 * well formed does not count. A client that takes nothing at all gets the file as it is: most then can read it.
 */
export function codingFor(header: string | undefined, available: readonly Coding[]): Coding | null {
  const likings = readLikings(header ?? '');
  const any = likings.get('*') ?? 0;
  const likingOf = (coding: string): number => likings.get(coding) ?? any;
  let best: Coding | null = null;
  for (const coding of CODINGS) {
    if (!available.includes(coding) || likingOf(coding) === 0) continue;
    if (best === null || likingOf(coding) > likingOf(best)) best = coding;
  }
  // Unnamed, the file as it is comes last.
  return best !== null && (likings.get('identity') ?? 0) > likingOf(best) ? null : best;
}

/** Returns the weight of each coding that is named. */
function readLikings(header: string): Map<string, number> {
  const likings = new Map<string, number>();
  for (const item of header.toLowerCase().split(',')) {
    const [, name, weight = '1'] = ITEM.exec(item.trim()) ?? [];
    if (name !== undefined) likings.set(name === 'x-gzip' ? 'gzip' : name, Number(weight));
  }
  return likings;
}
