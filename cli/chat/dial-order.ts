/** Server, thread and user that a command line names. */
import Value from 'typebox/value';
import { socketUrl } from '../../client/sdk/connection/socket.js';
import { reasonOf } from '../../machines/reason.js';
import { AgentName } from '../../protocol/run-fields.js';
import { isLongerThan, isThreadId, USER_MAX } from '../../protocol/frames.js';

/** Default address of the server. */
export const DEFAULT_URL = 'http://127.0.0.1:8080';

/** Default thread; the chat page opens the same. */
export const DEFAULT_THREAD = 'lobby';

/** Server, thread and user to connect with. */
export interface DialOrder {
  readonly url: string;
  readonly thread: string;
  /** The agent that is to answer in the thread; undefined for whichever does. */
  readonly agent?: string | undefined;
  /** User name where authentication is off; undefined uses the name of the operating system's account. */
  readonly user: string | undefined;
  readonly token: string | undefined;
  /** File with the token, read anew whenever one is needed; undefined when there is none. */
  readonly tokenFile?: string | undefined;
}

/** Returns every fault of an order, as sentences. */
export function dialFaults({ url, thread, agent, user, token, tokenFile }: DialOrder): string[] {
  const faults: string[] = [];
  if (token !== undefined && tokenFile !== undefined) {
    faults.push('--token and --token-file are two tokens: give one of them');
  }
  try {
    socketUrl(url);
  } catch (error) {
    faults.push(`--url: ${reasonOf(error)}`);
  }
  if (!isThreadId(thread)) {
    faults.push(
      `"${thread}" is no thread: 1 to 128 letters, digits and . _ : @ -, and not . or ..`
    );
  }
  const isAgent: boolean = agent === undefined || Value.Check(AgentName, agent);
  if (!isAgent) {
    faults.push(`--agent: "${agent ?? ''}" is no name of an agent: small letters, digits, _ and -`);
  }
  if (user !== undefined && isLongerThan(user, USER_MAX)) {
    faults.push(`--user is longer than ${String(USER_MAX)} characters`);
  }
  return faults;
}
