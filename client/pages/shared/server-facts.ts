/** What a page that shows no report needs to know of the server: its parts that may be switched off. */
import { parsedJson } from '../../sdk/json.js';

/** Facts from `/status`. */
export interface ServerFacts {
  /** Whether the server has an inspector. */
  readonly hasInspector: boolean;
}

/** Reads the facts of a report; what it does not tell counts as switched off. */
export function readFacts(report: unknown): ServerFacts {
  const inspect =
    typeof report === 'object' && report !== null && 'inspect' in report ? report.inspect : 'off';
  return { hasInspector: inspect === 'on' || inspect === 'token' };
}

/** Asks the server once. Where it does not answer, all counts as switched off. */
export async function askFacts(): Promise<ServerFacts> {
  try {
    const response = await fetch('/status', { headers: { accept: 'application/json' } });
    return readFacts(parsedJson(await response.text()));
  } catch {
    return readFacts(null);
  }
}
