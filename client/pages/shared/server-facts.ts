/** Asks the server which of its optional parts are on, for pages that do not show its status report. */
import { parsedJson } from '../../sdk/json.js';

/** Facts from `/status`. */
export interface ServerFacts {
  /** Whether the server has an inspector. */
  readonly hasInspector: boolean;
}

/** Reads the facts of a report. A part that it does not mention counts as switched off. */
export function readFacts(report: unknown): ServerFacts {
  const inspect =
    typeof report === 'object' && report !== null && 'inspect' in report ? report.inspect : 'off';
  return { hasInspector: inspect === 'on' || inspect === 'token' };
}

/** Asks the server once. Without an answer every part counts as switched off. */
export async function askFacts(): Promise<ServerFacts> {
  try {
    const response = await fetch('/status', { headers: { accept: 'application/json' } });
    return readFacts(parsedJson(await response.text()));
  } catch {
    return readFacts(null);
  }
}
