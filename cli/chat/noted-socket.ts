/**
 * The WebSocket of `ws` for the SDK. It also reports why an attempt failed: the SDK sees only close code 1006, as in a
 * browser.
 */
import { WebSocket } from 'ws';
import type { WebSocketConstructor } from '../../client/sdk/client.js';
import { codeOf } from '../../machines/error-code.js';

/** Reason of a failed attempt to connect. */
export interface AttemptFault {
  readonly words: string;
  /** Whether the address is wrong, so that another attempt would fail the same way. */
  readonly isFinal: boolean;
}

/** HTTP statuses of faults that pass: the server or proxy is there. */
const PASSING_STATUS: readonly number[] = [408, 425, 429];

/** Error codes of the platform, in words. `isFinal` ones mean a wrong address. */
const FAULTS: Readonly<Record<string, AttemptFault>> = {
  ECONNREFUSED: { words: 'nothing listens there', isFinal: false },
  ECONNRESET: { words: 'the connection was reset', isFinal: false },
  EHOSTUNREACH: { words: 'there is no way to that host now', isFinal: false },
  ENETUNREACH: { words: 'there is no network to reach it', isFinal: false },
  ETIMEDOUT: { words: 'it did not answer in time', isFinal: false },
  EAI_AGAIN: { words: 'its name cannot be looked up now', isFinal: false },
  ENOTFOUND: { words: 'there is no host of that name', isFinal: true },
  EPROTO: { words: 'it does not speak TLS: try http: or ws:', isFinal: true },
  ERR_SSL_WRONG_VERSION_NUMBER: { words: 'it does not speak TLS: try http: or ws:', isFinal: true },
  ERR_TLS_CERT_ALTNAME_INVALID: { words: 'its certificate is for another name', isFinal: true },
  CERT_HAS_EXPIRED: { words: 'its certificate has expired', isFinal: true },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    words:
      'its certificate is signed by nobody known (NODE_EXTRA_CA_CERTS names further authorities)',
    isFinal: true
  },
  SELF_SIGNED_CERT_IN_CHAIN: {
    words:
      'its certificate is signed by nobody known (NODE_EXTRA_CA_CERTS names further authorities)',
    isFinal: true
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    words: 'its certificate cannot be verified (NODE_EXTRA_CA_CERTS names further authorities)',
    isFinal: true
  },
  // What an SSH or SMTP server sends first is not HTTP.
  HPE_INVALID_CONSTANT: { words: 'what listens there does not speak HTTP', isFinal: true }
};

/** Returns in words why an attempt failed with an error of the platform. */
export function faultOf(error: Error): AttemptFault {
  const code = codeOf(error);
  const known = Object.hasOwn(FAULTS, code) ? FAULTS[code] : undefined;
  // An error of several addresses at once has no message of its own.
  return known ?? { words: error.message === '' ? code : error.message, isFinal: false };
}

/** Returns in words what an HTTP answer that is no upgrade means. */
export function faultOfStatus(status: number): AttemptFault {
  if (status === 503) return { words: 'it is starting or stopping (503)', isFinal: false };
  if (status >= 500 || PASSING_STATUS.includes(status)) {
    return { words: `it answers ${String(status)}`, isFinal: false };
  }
  const isElsewhere = status >= 300 && status < 400;
  const hint = isElsewhere
    ? ', which sends elsewhere: give that address'
    : ': there is no Rollcall';
  return { words: `it answers ${String(status)}${hint}`, isFinal: true };
}

/** Returns a WebSocket class that reports the reason of each failed attempt before its `close`. */
export function notedWebSocket(note: (fault: AttemptFault) => void): WebSocketConstructor {
  return class NotedWebSocket extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      let isNoted = false;
      const noteOnce = (fault: AttemptFault): void => {
        // Only the first error says why; ending the attempt raises another one.
        if (!isNoted) note(fault);
        isNoted = true;
      };
      this.on('error', (error) => {
        noteOnce(faultOf(error));
      });
      this.on('unexpected-response', (_request, { statusCode = 0 }) => {
        noteOnce(faultOfStatus(statusCode));
        this.terminate();
      });
    }
  };
}
