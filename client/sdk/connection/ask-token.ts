import { reasonOf } from '../../../machines/reason.js';

/** Passed to `getToken`, so that it can tell when a cached token no longer helps. */
export interface TokenQuestion {
  /** True when the latest token has expired, or is about to: a cached one does not help. */
  readonly expired: boolean;
}

/** Gives a token, at once or later. */
export type GetToken = (question: TokenQuestion) => string | Promise<string>;

/**
 * Asks the application for a token, and calls `gave` with it, or `failed` with the reason why there is none. After a call
 * of the returned function neither is called.
 */
export function askToken(
  getToken: GetToken | null,
  expired: boolean,
  gave: (token: string) => void,
  failed: (reason: string) => void
): () => void {
  let isOver = false;
  void new Promise<unknown>((resolve) => {
    resolve(getToken?.({ expired }));
  }).then(
    (token) => {
      if (isOver) return;
      if (typeof token === 'string') gave(token);
      else failed(`getToken gave ${typeof token}, not text`);
    },
    (cause: unknown) => {
      if (!isOver) failed(reasonOf(cause));
    }
  );
  return () => {
    isOver = true;
  };
}
