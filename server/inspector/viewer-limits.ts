/** Limits of the viewers of the inspector. */

/** Most viewers at once. */
export const VIEWERS_MAX = 32;

/** When more bytes than this wait in a viewer's socket, messages to it are dropped. */
export const VIEWER_LAG_BYTES = 1_048_576;

/** Most requests of a viewer per second; a search over thousands of threads in use takes some milliseconds. */
export const VIEWER_REQUESTS_PER_SECOND = 20;

/** How long a viewer may read nothing before it is disconnected, in milliseconds. */
export const VIEWER_STUCK_MS = 60_000;

/** Time between pings to a viewer, in milliseconds: without them, one that has gone in silence would never be noticed. */
export const VIEWER_PING_MS = 30_000;
