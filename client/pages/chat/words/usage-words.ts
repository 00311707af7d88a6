import type { RunUsage } from '../../../sdk/client.js';
import { safeName } from '../../../sdk/safe-name.js';

/** Says in a few letters what an answer cost; empty when the agent did not tell. */
export function usageLine(usage: RunUsage | null): string {
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
