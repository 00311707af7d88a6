/** Check 10: the environment is sane. */
import { VERSION } from '../../../server/wiring/version.js';
import { isLoopback } from '../../../server/config/open-doors.js';
import { isDevelopment, msText, type Bench, type Finding } from '../bench/check.js';
import { VerifyFault } from '../bench/verify-fault.js';

/** Most milliseconds that the clocks may differ: tokens are accepted with as much. */
export const CLOCK_MS = 5_000;

const ENVIRONMENTS: readonly string[] = ['development', 'staging', 'production'];

/** Doors that only operators may open, outside development. */
const OPERATORS_ONLY: readonly string[] = ['api/incidents', 'api/stats'];

/** Runs the check. */
export async function checkEnvironment(bench: Bench): Promise<Finding> {
  const { report, door } = bench;
  const { environment, status, reason, version, monitor, log, inspect } = report;
  const faults: string[] = [];
  const notes: string[] = [];
  if (!ENVIRONMENTS.includes(environment)) faults.push(`there is no environment ${environment}`);
  if (status !== 'ready' && status !== 'degraded') {
    faults.push(`the server is ${status}${reason === null ? '' : `: ${reason}`}`);
  }
  if (status === 'degraded') notes.push(`the server is degraded: ${reason ?? 'no reason given'}`);
  const isBad = monitor.status === 'critical' || monitor.status === 'failed';
  if (isBad) faults.push(...monitor.issues);
  else notes.push(...monitor.issues);
  if (!log.writable)
    faults.push(`the thread log takes no messages: ${log.reason ?? 'no reason given'}`);
  if (log.durability === 'process') {
    notes.push('DURABILITY=process: an ack does not survive the loss of the machine');
  }
  if (version !== VERSION) notes.push(`the server is ${version}, this command ${VERSION}`);
  const { hostname, protocol } = new URL(door.base);
  if (protocol === 'http:' && !isLoopback(hostname) && bench.token !== undefined) {
    notes.push('the token goes over the network without TLS');
  }
  const clock = await clockDifference(bench);
  if (clock !== null && Math.abs(clock) > CLOCK_MS) {
    faults.push(
      `its clock is ${msText(Math.abs(clock))} ${clock > 0 ? 'ahead of' : 'behind'} this one: set the wrong one right`
    );
  }
  if (!isDevelopment(bench)) {
    if (inspect === 'on') faults.push('the inspector is open to everybody (INSPECT=on)');
    for (const path of OPERATORS_ONLY) {
      const { status: answered } = await door.ask(path);
      if (answered !== 401 && answered !== 403) {
        faults.push(`/${path} answers strangers with ${String(answered)}`);
      }
    }
  }
  const off = clock === null ? '' : `, clocks ${msText(Math.abs(clock))} apart`;
  return {
    figure: `${environment}, ${version}, ${status}, monitor ${monitor.status}${off}`,
    faults,
    notes
  };
}

/** By how much the server's clock is ahead; null when nobody is let in, which other checks say. */
async function clockDifference(bench: Bench): Promise<number | null> {
  try {
    const wire = await bench.connect();
    const { hello } = wire;
    wire.drop();
    return hello === null ? null : hello.time - bench.clock.now();
  } catch (error) {
    if (error instanceof VerifyFault) return null;
    throw error;
  }
}
