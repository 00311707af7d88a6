/** Picks the engine of the server, once, at the start. */
import { OPERATOR_ERRORS } from '../../actors/operator-errors.js';
import { reasonOf } from '../../machines/reason.js';
import type { FanOut } from './fan-out.js';
import { HEADER_BYTES_MAX } from './http-reply.js';
import type { Endpoint, HttpSide, Transport } from './transport.js';
import { createUwsTransport, type Uws } from './uws/uws-transport.js';
import { createWsTransport } from './ws-transport.js';

const { uws_not_loadable } = OPERATOR_ERRORS;

/** The picked engine, and why `auto` could not use uWebSockets.js. */
export interface PickedTransport {
  readonly transport: Transport;
  readonly fallbackReason: string | null;
}

/**
 * Makes the transport that `want` names; `auto` uses uWebSockets.js when its binary loads, else `ws`. `beside` are
 * further paths for WebSockets. `load` imports the engine; specs pass one that fails.
 * @throws {Error} when `want` is `uws` and uWebSockets.js does not load here
 */
export async function pickTransport<S>(
  want: 'auto' | 'uws' | 'ws',
  fanOut: FanOut<S>,
  http: HttpSide,
  load: () => Promise<Uws> = () => import('uWebSockets.js'),
  beside: readonly Endpoint<unknown>[] = []
): Promise<PickedTransport> {
  if (want === 'ws') {
    return { transport: createWsTransport(fanOut, http, beside), fallbackReason: null };
  }
  try {
    // the engine reads this while it loads; its default of 4 kB refuses requests with long tokens
    process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(HEADER_BYTES_MAX);
    const uws = await load();
    if (typeof uws.App !== 'function') throw new Error('the module has no App');
    return { transport: createUwsTransport(uws, fanOut, http, beside), fallbackReason: null };
  } catch (cause) {
    const reason = firstLineOf(cause);
    if (want === 'uws') {
      throw new Error(`${uws_not_loadable.message} (${reason}): ${uws_not_loadable.action}`, {
        cause
      });
    }
    return { transport: createWsTransport(fanOut, http, beside), fallbackReason: reason };
  }
}

/** Returns the first line of the error; the loader's message fills a screen. */
function firstLineOf(cause: unknown): string {
  const text = reasonOf(cause);
  return text.split('\n', 1)[0] ?? text;
}
