/** Check 7: a message to a test thread without subscribers is skipped, and nobody is told. */
import { probeThread, refused } from './probe-thread.js';
import type { Bench, Finding } from '../bench/check.js';
import { VerifyFault } from '../bench/verify-fault.js';
import { reportIn } from '../bench/report.js';

/** Messages that are sent: several, since other probes may send to test threads at the same time. */
const MESSAGES = 3;

/** Runs the check. */
export async function checkTestThread(bench: Bench): Promise<Finding> {
  const wire = await bench.connect();
  try {
    const thread = probeThread(wire.hello?.user ?? '', 'startup_test_', 'skipped');
    const before = await outcomes(bench);
    for (let n = 0; n < MESSAGES; n += 1) {
      const mid = `${bench.run}-s${String(n)}`;
      const answer = await wire.ask({ type: 'publish', thread, mid, body: {} });
      if (answer.type !== 'ack') throw refused('a message to a test thread', answer);
    }
    const after = await outcomes(bench);
    const skipped = grown(before, after, 'skipped_test_thread');
    const faults =
      skipped >= MESSAGES
        ? []
        : [
            `${String(skipped)} of ${String(MESSAGES)} messages to ${thread} were skipped, the others are ` +
              `waited for: see TEST_THREAD_PREFIXES`
          ];
    return {
      figure: `${String(Math.min(skipped, MESSAGES))} of ${String(MESSAGES)} skipped`,
      faults
    };
  } finally {
    wire.drop();
  }
}

async function outcomes({ door }: Bench): Promise<Readonly<Record<string, number>>> {
  const report = reportIn((await door.ask('status')).body);
  if (report === null) throw new VerifyFault('/status has no report');
  return report.monitor.outcomes;
}

function grown(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  name: string
): number {
  return (after[name] ?? 0) - (before[name] ?? 0);
}
