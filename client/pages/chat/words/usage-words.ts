import type { Run, RunUsage } from '../../../sdk/client.js';
import { safeName } from '../../../sdk/safe-name.js';
import { durationWords } from './run-words.js';

/** Says in a few letters what an answer cost, and when it failed after what time; empty when that is not known. */
export function costLine({ state, ms, usage }: Pick<Run, 'state' | 'ms' | 'usage'>): string {
  const time = state === 'failed' && ms !== null ? `after ${durationWords(ms)}` : '';
  return [time, tokenWords(usage)].filter((words) => words !== '').join(' · ');
}

function tokenWords(usage: RunUsage | null): string {
  if (usage === null) return '';
  const { input, output } = usage;
  return input === null && output === null
    ? ''
    : `${((input ?? 0) + (output ?? 0)).toLocaleString('en')} tokens`;
}

/** Says all that is known of the costs of an answer. */
export function usageWords(usage: RunUsage | null): string {
  if (usage === null) return '';
  const { input, output, cached, reasoning, model } = usage;
  const parts = [
    part(input, 'read'),
    part(cached, 'of them from the cache'),
    part(output, 'written'),
    part(reasoning, 'of them for thinking'),
    model === null || model === '' ? '' : `by ${safeName(model)}`
  ];
  return parts.filter((words) => words !== '').join(', ');
}

function part(count: number | null, what: string): string {
  return count === null ? '' : `${count.toLocaleString('en')} ${what}`;
}
