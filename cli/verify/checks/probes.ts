/** Check 8: the probes answer as docs/http.md says. */
import { isRecord } from '../../../client/sdk/json.js';
import { msText, type Bench, type Finding } from '../bench/check.js';
import { VerifyFault } from '../bench/verify-fault.js';
import { reportIn } from '../bench/report.js';
import type { Reply } from '../bench/server-door.js';

/** Time limit of a probe in most orchestrators, in milliseconds. */
export const PROBE_MS = 1_000;

/** What each probe must say. Returns what is wrong, continuing "/livez"; null when nothing is. */
const PROBES: Readonly<Record<string, (reply: Reply) => string | null>> = {
  livez: (reply) => said(reply, ['live']),
  startupz: (reply) => said(reply, ['started']),
  readyz: (reply) => said(reply, ['ready', 'degraded']),
  status: ({ status, body }) =>
    status === 200 && reportIn(body) !== null ? null : `answers ${String(status)} without a report`
};

/** Runs the check. */
export async function checkProbes({ door }: Bench): Promise<Finding> {
  const faults: string[] = [];
  let slowest = 0;
  for (const [path, judge] of Object.entries(PROBES)) {
    try {
      const reply = await door.ask(path);
      slowest = Math.max(slowest, reply.tookMs);
      const wrong = judge(reply);
      if (wrong !== null) faults.push(`/${path} ${wrong}`);
      else if (reply.tookMs > PROBE_MS) {
        faults.push(`/${path} took ${msText(reply.tookMs)}: most orchestrators wait for 1 s`);
      }
    } catch (error) {
      if (!(error instanceof VerifyFault)) throw error;
      faults.push(error.message);
    }
  }
  const good = Object.keys(PROBES).length - faults.length;
  return {
    figure: `${String(good)} of ${String(Object.keys(PROBES).length)} right, slowest ${msText(slowest)}`,
    faults
  };
}

function said({ status, body }: Reply, words: readonly string[]): string | null {
  const word = isRecord(body) ? body['status'] : undefined;
  if (typeof word !== 'string') {
    return `answers ${String(status)} with something that is not Rollcall's: see the rules of the proxy`;
  }
  if (status !== 200) return `answers ${String(status)} ${word}`;
  return words.includes(word) ? null : `says ${word} instead of ${words.join(' or ')}`;
}
