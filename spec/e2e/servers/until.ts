/** Waits for a state that the server does not announce, by repeated HTTP requests. */

/** Longest wait, in milliseconds; the error then contains the last answer. */
const PATIENCE_MS = 25_000;

/** The parts of `/status` that specs look at. */
export interface StatusBody {
  readonly status: string;
  readonly reason: string | null;
  readonly startup: {
    readonly complete: boolean;
    readonly phases: readonly {
      readonly name: string;
      readonly startedAtMs: number | null;
      readonly tookMs: number | null;
    }[];
  };
  readonly services: readonly {
    readonly service: string;
    readonly required: boolean;
    readonly status: string;
    readonly error: string | null;
    readonly mode: string;
    readonly since: string;
    readonly restarts: number;
    readonly nextAttemptMs: number | null;
  }[];
  readonly sink: {
    readonly status: string;
    readonly backlog: { readonly threads: number; readonly facts: number };
  } | null;
  readonly waitingFor: readonly {
    readonly what: string;
    readonly attempt: number;
    readonly of: number | null;
    readonly nextAttemptMs: number | null;
  }[];
  readonly log: { readonly writable: boolean; readonly reason: string | null };
  readonly monitor: {
    readonly status: string;
    readonly issues: readonly string[];
    readonly findings: readonly {
      readonly kind: string;
      readonly about: string | null;
      readonly level: string;
      readonly message: string;
      readonly count: number;
      readonly since: string;
      readonly lastAt: string;
      readonly endedAt: string | null;
      readonly closesAt: string | null;
      readonly thread: string | null;
      readonly mid: string | null;
    }[];
    readonly outcomes: Readonly<Record<string, number>>;
  };
  readonly threads: {
    readonly active: number;
    readonly test: number;
    readonly waiting: number;
    readonly undelivered: number;
  };
}

function isStatusBody(value: unknown): value is StatusBody {
  return typeof value === 'object' && value !== null && 'monitor' in value && 'threads' in value;
}

/** Asks for `/status`. */
export async function statusOf(url: string): Promise<StatusBody> {
  const body: unknown = await (await fetch(`${url}/status`)).json();
  if (!isStatusBody(body)) throw new Error(`no status: ${JSON.stringify(body)}`);
  return body;
}

/** Asks until the answer fits, and resolves to it. @throws with the last answer after a while */
export async function until<T>(
  ask: () => Promise<T>,
  fits: (answer: T) => boolean,
  patienceMs = PATIENCE_MS
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`gave up at ${JSON.stringify(answer)}`);
  }
}

/** Asks for `/status` until it fits, and resolves to it. @throws with the last answer after a while */
export async function untilStatus(
  url: string,
  fits: (status: StatusBody) => boolean,
  patienceMs = PATIENCE_MS
): Promise<StatusBody> {
  return await until(() => statusOf(url), fits, patienceMs);
}
