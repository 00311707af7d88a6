/** Number, name and purpose of each check of `rollcall verify`. */

/** What each check shows, by its number. */
export const CHECK_WORDS: Readonly<Record<number, readonly [name: string, shows: string]>> = {
  1: ['logs', 'no error in the last 30 minutes and while it watches'],
  2: ['chat', 'messages arrive in order, also over a reconnect; an agent answers, once'],
  3: ['handlers', 'registered in less than 100 ms'],
  4: ['ClickHouse', 'connected, or not required'],
  5: ['requests', '100 of them, none with a fault of the server'],
  6: ['phases', 'the start went in order, each with its duration'],
  7: ['test thread', 'a message to it is skipped silently'],
  8: ['probes', '/livez, /startupz, /readyz and /status answer as they should'],
  9: ['refusals', 'a bad token, a foreign thread, a reserved thread in production'],
  10: ['environment', 'status, monitor, clocks, and doors that only operators may open']
};

/** Number of checks. */
export const CHECKS = Object.keys(CHECK_WORDS).length;
