/** The parts of `/status` that `rollcall verify` judges. */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

const NullableNumber = Type.Union([Type.Number(), Type.Null()]);
const NullableText = Type.Union([Type.String(), Type.Null()]);

const reportSchema = Type.Object({
  status: Type.String(),
  reason: NullableText,
  environment: Type.String(),
  version: Type.String(),
  node: Type.String(),
  since: Type.String(),
  startup: Type.Object({
    complete: Type.Boolean(),
    phase: Type.String(),
    tookMs: NullableNumber,
    phases: Type.Array(
      Type.Object({
        name: Type.String(),
        startedAtMs: NullableNumber,
        tookMs: NullableNumber,
        status: Type.String()
      })
    )
  }),
  handlers: Type.Object({
    status: Type.String(),
    count: Type.Number(),
    registrationMs: NullableNumber,
    message: Type.String()
  }),
  services: Type.Array(
    Type.Object({
      service: Type.String(),
      required: Type.Boolean(),
      status: Type.String(),
      error: NullableText,
      mode: Type.String()
    })
  ),
  log: Type.Object({ writable: Type.Boolean(), reason: NullableText, durability: Type.String() }),
  monitor: Type.Object({
    status: Type.String(),
    issues: Type.Array(Type.String()),
    outcomes: Type.Record(Type.String(), Type.Number())
  }),
  waitingFor: Type.Array(
    Type.Object({ what: Type.String(), attempt: Type.Number(), of: NullableNumber })
  ),
  inspect: Type.String()
});

/** The parts of `/status` that the checks read. */
export type Report = Static<typeof reportSchema>;

const compiled = Compile(reportSchema);

/** Returns the report in a body; null when it is none of Rollcall. */
export function reportIn(body: unknown): Report | null {
  return compiled.Check(body) ? body : null;
}

/** Says in words why the server lets nobody in; null when it does. */
export function notServing({ status, reason, startup, waitingFor }: Report): string | null {
  if (status === 'ready' || status === 'degraded') return null;
  // A server that lost a required part goes on with the clients that it has, and lets others in.
  if (status === 'failed' && startup.complete) return null;
  const [first] = waitingFor;
  const of = first?.of === null || first === undefined ? '' : ` of ${String(first.of)}`;
  const waits =
    first === undefined
      ? ''
      : `, which waits for ${first.what} (attempt ${String(first.attempt)}${of})`;
  if (!startup.complete && status === 'initializing') {
    return `the server is still starting: phase ${startup.phase}${waits}`;
  }
  return `the server is ${status}${reason === null ? '' : `: ${reason}`}`;
}
