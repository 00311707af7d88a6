/**
 * Rows `fan-out` and `members`: as many messages as the server takes.
 */
import { Audience } from '../fan-out.js';
import type { Figure } from '../figures.js';
import { gatherMembers } from '../members.js';
import { compare, type Load } from '../slices.js';
import { BODY_BYTES, inGroups, withAll, type RowContext } from './row.js';

/** One publisher and many subscribers of one thread: one message at a time, and bursts of them. */
export async function fanOut(context: RowContext): Promise<Figure[]> {
  const { subscribers, burst } = context.size;
  const name = `fan-out 1 → ${subscribers.toLocaleString('en')}`;
  const common = { ...loadOptions(context), unit: 'deliveries/s' };
  return withAll(
    context.kinds.map((kind) => context.options(kind)),
    (target, tally) => Audience.gather(target, tally, subscribers, BODY_BYTES),
    async (audiences) => {
      const loads = (count: number): Load[] => audiences.map((audience) => audience.load(count));
      return [
        ...(await compare(loads(1), {
          ...common,
          scenario: name,
          base: 'uws',
          atLeast: { off: 0.95, embedded: 0.85 }
        })),
        ...(await compare(loads(burst), {
          ...common,
          scenario: `${name}, bursts of ${String(burst)}`,
          base: 'json-uws',
          atLeast: { off: 0.85, embedded: 0.7 }
        }))
      ];
    }
  );
}

/** Many small threads, one message of each in flight. */
export async function members(context: RowContext): Promise<Figure[]> {
  const { threads, members: each } = context.size;
  const base = 'json-uws';
  return inGroups(context.kinds, base, threads * each, (group) =>
    withAll(
      group.map((kind) => context.options(kind)),
      (target, tally) => gatherMembers(target, tally, threads, each, BODY_BYTES),
      (loads) =>
        compare(loads, {
          ...loadOptions(context),
          scenario: `${threads.toLocaleString('en')} threads × ${String(each)} members`,
          unit: 'acked/s',
          base,
          atLeast: { off: 0.8, embedded: 0.65 }
        })
    )
  );
}

function loadOptions({ size, untilMs, tell }: RowContext) {
  return {
    rounds: size.rounds,
    sliceMs: size.sliceMs,
    untilMs,
    tell
  };
}
