/** Sets, over the HTTP API, which agent answers in a thread: the WebSocket has no request for it. */
import { isRecord, parsedJson } from '../../../../sdk/json.js';

/** How long the server has for its answer, in milliseconds. */
const PATIENCE_MS = 10_000;

/** What the server answered: the agent, null for none; or why it refused. */
export type AgentAnswer =
  | { readonly ok: true; readonly agent: string | null }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** Lets an agent answer in a thread, or with null none. Never rejects. */
export async function setAgent(
  thread: string,
  token: string | null,
  agent: string | null
): Promise<AgentAnswer> {
  try {
    const response = await fetch(`/api/threads/${encodeURIComponent(thread)}/agent`, {
      method: 'PUT',
      body: JSON.stringify({ agent }),
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` })
      },
      signal: AbortSignal.timeout(PATIENCE_MS)
    });
    return readAnswer(response.ok, parsedJson(await response.text()));
  } catch {
    return { ok: false, code: 'unreachable', message: 'the server did not answer' };
  }
}

/** Reads an answer of the server; anything that is none counts as a refusal. */
export function readAnswer(ok: boolean, body: unknown): AgentAnswer {
  const { agent, code, detail, title } = isRecord(body) ? body : {};
  if (ok && (typeof agent === 'string' || agent === null)) return { ok: true, agent };
  const words = [detail, title].find((one) => typeof one === 'string');
  return {
    ok: false,
    code: typeof code === 'string' ? code : 'unknown',
    message: typeof words === 'string' ? words : 'the server refused it'
  };
}
