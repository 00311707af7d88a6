/** Asks the server which of its optional parts are on, for pages that do not show its status report. */
import { isRecord, parsedJson } from '../../sdk/json.js';

/** Facts from `/status`. */
export interface ServerFacts {
  /** Whether the server has an inspector. */
  readonly hasInspector: boolean;
  /** Where people sign in; null when the server knows no such page. */
  readonly loginUrl: string | null;
}

/** How long the server has for its answer, in milliseconds. */
const PATIENCE_MS = 3_000;

/** Reads the facts of a report. A part that it does not mention counts as switched off. */
export function readFacts(report: unknown): ServerFacts {
  const { inspect, loginUrl } = isRecord(report) ? report : {};
  return {
    hasInspector: inspect === 'on' || inspect === 'token',
    loginUrl: typeof loginUrl === 'string' && isPage(loginUrl) ? loginUrl : null
  };
}

/** Whether an address is of a page. Others, such as `javascript:…`, could do something in this one. */
function isPage(address: string): boolean {
  return /^https?:\/\//i.test(address) && URL.canParse(address);
}

/** Asks the server once. Without an answer every part counts as switched off. */
export async function askFacts(): Promise<ServerFacts> {
  try {
    const response = await fetch('/status', {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(PATIENCE_MS)
    });
    return readFacts(parsedJson(await response.text()));
  } catch {
    return readFacts(null);
  }
}
