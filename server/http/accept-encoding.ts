/** Chooses the coding of a file by the request header `Accept-Encoding` (RFC 9110, 12.5.3). */

/** Codings of stored files, the smallest first: of two with the same weight the first is sent. */
export const CODINGS = ['br', 'gzip'] as const;

/** One of {@link CODINGS}. */
export type Coding = (typeof CODINGS)[number];

const ITEM = /^([!#$%&'*+.^_`|~0-9a-z-]+)(?:\s*;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

/**
 * Returns the available coding with the highest weight; null for the uncompressed file. Malformed items are ignored. A
 * client that accepts nothing at all gets the uncompressed file, because most can read it all the same.
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
  // Unless it is named, the uncompressed file comes last.
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
