/** The agent `echo`: repeats the text of the message word by word, slowly enough to try stopping and reloading. */
import { defineAgent, type Agent } from './agent.js';
import { isErasedBody } from '../../protocol/erased.js';
import type { Clock } from '../clock.js';

/** Makes the agent. `wordsPerSecond`: how fast it speaks. */
export function createEcho(
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
  wordsPerSecond: number
): Agent {
  return defineAgent({
    name: 'echo',
    description: 'says back what you write',
    async *run({ message, signal }) {
      const words = textOf(message.body).match(/\s*\S+/g) ?? [];
      for (const [index, word] of words.entries()) {
        if (index > 0) await pause(clock, 1_000 / wordsPerSecond, signal);
        if (signal.aborted) return;
        yield word;
      }
    }
  });
}

/** Returns the text of a message's body: `text` of an object, a string itself, nothing of an erased one, or the JSON of anything else. */
export function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  if (isErasedBody(body)) return '';
  const isObject = typeof body === 'object' && body !== null;
  if (isObject && 'text' in body && typeof body.text === 'string') return body.text;
  return JSON.stringify(body);
}

/** Resolves after a time, or as soon as the signal is aborted. */
function pause(
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
  ms: number,
  signal: AbortSignal
): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = clock.setTimeout(done, ms);
    function done(): void {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
