/** The part of check 2 about agents: a run has its events in order and exactly one end. */
import type { MessageFrame } from '../../../protocol/frames.js';
import { bodyField, refused, subscribe } from './probe-thread.js';
import { msText, type Bench, type Finding } from '../bench/check.js';
import { VerifyFault } from '../bench/verify-fault.js';
import type { Wire } from '../bench/wire.js';

/** How long a run may take, in milliseconds. */
export const RUN_MS = 60_000;

const ENDS: readonly string[] = ['agent_completed', 'agent_failed', 'agent_cancelled'];

/** Agent that is asked where none is named: it costs nothing and does nothing. */
const HARMLESS = 'echo';

/** Asks an agent, if there is one. */
export async function checkRun(bench: Bench, wire: Wire, thread: string): Promise<Finding> {
  const names = (wire.hello?.agents ?? []).map(({ name }) => name);
  if (names.length === 0 && bench.agent === undefined) return { figure: 'no agents', faults: [] };
  if (bench.agent === 'none') return { figure: 'no agent asked', faults: [] };
  const agent = bench.agent ?? (names.includes(HARMLESS) ? HARMLESS : undefined);
  if (agent === undefined) {
    const which = `--agent ${names[0] ?? ''}`;
    const fault = `no agent was asked, since it may cost something: name one (${which}), or --agent none`;
    return { figure: `agents ${names.join(', ')}`, faults: [fault] };
  }
  if (!names.includes(agent)) return { figure: '', faults: [`there is no agent ${agent}`] };
  await subscribe(wire, thread, 'live');
  const mid = `${bench.run}-run`;
  const body = { text: 'rollcall verify' };
  const began = bench.clock.elapsed();
  const answer = await wire.ask({ type: 'publish', thread, mid, agent, body });
  if (answer.type !== 'ack') throw refused(`a message to the agent ${agent}`, answer);
  try {
    const start = await wire.next(
      (frame) => frame.type === 'message' && frame.thread === thread && isStartOf(frame, mid),
      `the start of the run of ${agent}`,
      RUN_MS
    );
    const run = start.type === 'message' ? bodyField(start, 'run') : '';
    await wire.next(
      (frame) =>
        frame.type === 'message' && ENDS.includes(frame.kind) && bodyField(frame, 'run') === run,
      `the end of the run of ${agent}`,
      RUN_MS
    );
    await wire.settle();
    const tookMs = bench.clock.elapsed() - began;
    return { figure: `${agent} answered in ${msText(tookMs)}`, faults: faultsOf(wire, run, agent) };
  } catch (error) {
    if (!(error instanceof VerifyFault)) throw error;
    // What does not end must not go on after the check.
    wire.send({ type: 'cancel', thread, mid });
    return { figure: `${agent} did not answer`, faults: [error.message] };
  }
}

function isStartOf(frame: MessageFrame, mid: string): boolean {
  return frame.kind === 'agent_started' && bodyField(frame, 'inReplyTo') === mid;
}

function faultsOf(wire: Wire, run: string, agent: string): string[] {
  const faults: string[] = [];
  const entries = wire.taken.flatMap(({ frame }) =>
    frame.type === 'message' && bodyField(frame, 'run') === run ? [frame] : []
  );
  const ends = entries.filter(({ kind }) => ENDS.includes(kind));
  const begun = entries.filter(({ kind }) => kind !== 'agent_queued');
  if (ends.length !== 1) faults.push(`the run of ${agent} has ${String(ends.length)} ends`);
  if (begun[0]?.kind !== 'agent_started')
    faults.push(`the run of ${agent} does not begin with its start`);
  const last = entries.at(-1);
  if (last !== undefined && !ENDS.includes(last.kind)) {
    faults.push(`the run of ${agent} goes on after its end, with ${last.kind}`);
  }
  if (entries.some(({ offset }, index) => offset <= (entries[index - 1]?.offset ?? 0))) {
    faults.push(`the events of the run of ${agent} are not in order`);
  }
  const [end] = ends;
  if (end !== undefined && end.kind !== 'agent_completed') {
    faults.push(`the run of ${agent} ended as ${end.kind.replace('agent_', '')}`);
  }
  let text = '';
  for (const { frame } of wire.taken) {
    if (frame.type !== 'chunk' || frame.run !== run || (frame.attempt ?? 1) > 1) continue;
    if (frame.at > text.length) faults.push(`a piece of the answer of ${agent} is missing`);
    text = text.slice(0, frame.at) + frame.text;
  }
  if (end?.kind === 'agent_completed' && !bodyField(end, 'text').startsWith(text)) {
    faults.push(`the pieces of the answer of ${agent} are not its text`);
  }
  return faults;
}
