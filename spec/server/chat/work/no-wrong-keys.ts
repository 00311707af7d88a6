import type { WrongKeys } from '../../../../server/chat/work/wrong-keys.js';

/** Charges nobody for wrong keys. */
export const NO_WRONG_KEYS: Pick<WrongKeys, 'refusal' | 'judge' | 'wrong' | 'waitMs' | 'charge'> = {
  refusal: () => null,
  judge: () => undefined,
  wrong: () => undefined,
  waitMs: () => 0,
  charge: () => undefined
};
