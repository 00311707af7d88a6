/** Bounds that several settings share. */

/** Largest value of any setting in milliseconds: one day. */
export const TIME_MAX_MS = 86_400_000; // Node's timers hold at most 24.8 days; more than a day is probably the wrong unit

/** Largest value of any LIMIT_* setting. */
export const LIMIT_MAX = 1_000_000; // more connections or frames a second than one process can hold; 0 means no limit
