/**
 * Whom the command line calls: server, thread, user.
 */
import { socketUrl } from '../../client/sdk/connection/socket.js';
import { reasonOf } from '../../machines/reason.js';
import { isThreadId, USER_MAX } from '../../protocol/frames.js';

/** Where a server is when nothing else is said. */
export const DEFAULT_URL = 'http://127.0.0.1:8080';

/** Thread of a chat that names none: the one that the chat page opens. */
export const DEFAULT_THREAD = 'lobby';

/** Whom to call and as whom. */
export interface DialOrder {
  readonly url: string;
  readonly thread: string;
  /** Name where authentication is off; undefined = the one of the operating system's account. */
  readonly user: string | undefined;
  readonly token: string | undefined;
}

/** Everything that is wrong with an order, in sentences. */
export function dialFaults({ url, thread, user }: DialOrder): string[] {
  const faults: string[] = [];
  try {
    socketUrl(url);
  } catch (error) {
    faults.push(`--url: ${reasonOf(error)}`);
  }
  if (!isThreadId(thread)) {
    faults.push(`"${thread}" is no thread: 1 to 128 letters, digits and . _ : @ -`);
  }
  if (user !== undefined && user.length > USER_MAX) {
    faults.push(`--user is longer than ${String(USER_MAX)} characters`);
  }
  return faults;
}
