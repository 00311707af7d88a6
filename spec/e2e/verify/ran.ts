/** Runs `rollcall verify` and reads its JSON document. */
import { tmpdir } from 'node:os';
import { runVerify } from '../../../cli/verify/verify-command.js';
import type { VerifyClock } from '../../../cli/verify/bench/check.js';
import type { VerifyWords } from '../../../cli/verify/verify-order.js';
import { fakeSeat } from '../../cli/chat/fake-seat.js';

/** A check in the document. */
export interface RanCheck {
  readonly check: number;
  readonly name: string;
  readonly ok: boolean;
  readonly figure: string;
  readonly faults: readonly string[];
  readonly notes: readonly string[];
  readonly tookMs: number;
}

/** What came of a run. */
export interface Ran {
  readonly code: number;
  /** The lines for people. */
  readonly lines: string;
  readonly ok: boolean;
  readonly error: string | null;
  readonly checks: readonly RanCheck[];
  /** The numbers of the checks that do not hold. */
  readonly bad: readonly number[];
  /** All faults. */
  readonly faults: string;
  readonly document: Readonly<Record<string, unknown>>;
}

/** Runs it with these words. */
export async function ran(
  url: string,
  words: Partial<VerifyWords> = {},
  clock?: VerifyClock
): Promise<Ran> {
  const seat = fakeSeat({ cwd: tmpdir() });
  const given: VerifyWords = {
    token: undefined,
    apiKey: undefined,
    agent: undefined,
    watch: undefined,
    only: undefined,
    ...words,
    url,
    isJson: true
  };
  const code = await runVerify(given, seat, clock);
  const document = JSON.parse(seat.stdout.text) as Record<string, unknown>;
  const checks = document['checks'] as RanCheck[];
  return {
    code,
    lines: seat.stderr.text,
    ok: document['ok'] === true,
    error: document['error'] as string | null,
    checks,
    bad: checks.filter(({ ok }) => !ok).map(({ check }) => check),
    faults: checks.flatMap(({ faults }) => faults).join('\n'),
    document
  };
}
