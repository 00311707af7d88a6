/** A token that came in an address, and what is left of the address's fragment without it. */
export interface HandedToken {
  /** Empty when it was empty or could not be read. */
  readonly token: string;
  /** With its `#`; empty when nothing else was in it. */
  readonly rest: string;
}

/**
 * Returns the token of a location hash such as `#token=…` or `#place&token=…`; null when it has none. Browsers send no
 * server the fragment of an address.
 */
export function handedToken(hash: string): HandedToken | null {
  const [, place = '', encoded] = /^#(?:([^&]*)&)?token=([^&]*)/.exec(hash) ?? [];
  if (encoded === undefined) return null;
  const rest = place === '' ? '' : `#${place}`;
  try {
    return { token: decodeURIComponent(encoded).trim(), rest };
  } catch {
    return { token: '', rest };
  }
}
