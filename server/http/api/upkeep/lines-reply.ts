/** How an answer of many lines of JSON is sent: as they are made, in the memory of a few. */

/** What each of them has. A blank line says nothing: the engines put some between the others. */
export const LINES_REPLY = {
  status: 200,
  headers: {
    'content-type': 'application/x-ndjson; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no'
  },
  filler: '\n'
} as const;
