/** The checks that need no more than the server's report: handlers, ClickHouse, phases. */
import { PHASES } from '../../../machines/startup.machine.js';
import { msText, type Bench, type Finding } from '../bench/check.js';

/** Time in which the handlers must be registered, in milliseconds. */
export const REGISTRATION_MS = 100;

/** Times of the report are rounded to whole milliseconds. */
const ROUNDING_MS = 1;

/** Check 3: the handlers are ready, and were so at once. */
export function checkHandlers({ report: { handlers } }: Bench): Finding {
  const { status, count, registrationMs, message } = handlers;
  const faults: string[] = [];
  if (status !== 'ready') faults.push(`the handlers are ${status}: ${message}`);
  else if (count === 0) faults.push('no handler is registered');
  if (registrationMs !== null && registrationMs >= REGISTRATION_MS) {
    const limit = `${String(REGISTRATION_MS)} ms`;
    faults.push(
      `they were registered in ${msText(registrationMs)}, and should be in less than ${limit}`
    );
  }
  const took = registrationMs === null ? '' : ` in ${msText(registrationMs)}`;
  return { figure: `${status}, ${String(count)} registered${took}`, faults };
}

/** Check 4: ClickHouse is connected, or the chat may do without it. */
export function checkClickhouse({ report: { services } }: Bench): Finding {
  const row = services.find(({ service }) => service === 'clickhouse');
  if (row === undefined) {
    return { figure: 'switched off', faults: [], notes: ['search and reports are off'] };
  }
  const { status, required, mode, error } = row;
  const figure = `${status}, ${mode}, ${required ? 'required' : 'optional'}`;
  if (status === 'connected' || status === 'skipped') return { figure, faults: [] };
  const why = `ClickHouse is ${status}${error === null ? '' : `: ${error}`}`;
  return required
    ? { figure, faults: [`${why}; it is required`] }
    : {
        figure,
        faults: [],
        notes: [`${why}; the chat works without it, search and reports do not`]
      };
}

/** Check 6: each phase of the start came after the one before, and has a duration. */
export function checkPhases({ report: { startup } }: Bench): Finding {
  const { phases, tookMs } = startup;
  const faults: string[] = [];
  const names = phases.map(({ name }) => name).join(' ');
  if (names !== PHASES.join(' ')) {
    faults.push(
      `the phases are ${names === '' ? 'none' : names}, and should be ${PHASES.join(' ')}`
    );
  }
  let before: { readonly name: string; readonly endedMs: number } | null = null;
  for (const phase of phases) {
    const { name, startedAtMs, status } = phase;
    if (startedAtMs === null || phase.tookMs === null) {
      faults.push(`${name} is ${status}, not done`);
      continue;
    }
    if (before !== null && startedAtMs + ROUNDING_MS < before.endedMs) {
      faults.push(`${name} began before ${before.name} was done`);
    }
    before = { name, endedMs: startedAtMs + phase.tookMs };
  }
  if (tookMs !== null && before !== null && before.endedMs > tookMs + ROUNDING_MS) {
    faults.push(`${before.name} ended after the start was complete`);
  }
  const each = phases.map(
    (phase) => `${phase.name} ${phase.tookMs === null ? '–' : String(phase.tookMs)}`
  );
  const whole = tookMs === null ? 'not complete' : msText(tookMs);
  return { figure: `${whole} (${each.join(', ')})`, faults };
}
