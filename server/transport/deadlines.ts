/**
 * How long a peer may keep a TCP connection on which nothing moves. uWebSockets.js has deadlines of its own, which it
 * looks at every 4 s: 10 s for all of HTTP, which come to 8 to 12 s. Those of the other engine are set to 10 s too.
 */

/** How long the head of a request may take, in milliseconds. */
export const HEAD_WITHIN_MS = 10_000;

/** How long a request may take with its body, in milliseconds. uWebSockets.js asks for 160 kB in each 10 s instead. */
export const REQUEST_WITHIN_MS = 60_000;

/** How long a body may bring nothing that is waited for, and a peer may read nothing of a reply, in milliseconds. */
export const STALLED_MS = 10_000;

/** How long a connection is kept for another request, in milliseconds. */
export const KEEP_ALIVE_MS = 10_000;

/** How often the engine on `node:http` looks at the first two, in milliseconds: its own 30 s would make 40 s of 10. */
export const CHECK_MS = 2_000;

/** How long a WebSocket that the server ends may take to read the rest and to answer, in milliseconds. */
export const END_WITHIN_MS = 5_000;
