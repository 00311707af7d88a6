/**
 * Asks an agent what comes from a script: each line is a message, and its answer is printed once it is complete, before
 * the next line is sent.
 */
import type { Client, Run, Thread } from '../../../client/sdk/client.js';
import { newMid } from '../../../client/sdk/outbox/mid.js';
import { reasonOf } from '../../../machines/reason.js';
import { EXIT } from '../../cli-outside.js';
import { safeLine } from '../../terminal/safe-text.js';
import { linesOf } from '../../terminal/stdin-lines.js';
import { agentName } from './run-lines.js';

/** Options of {@link askLines}. */
export interface AskLinesOptions {
  readonly client: Client;
  readonly thread: string;
  readonly agent: string;
  /** Returns the time, Unix milliseconds. */
  readonly now: () => number;
  readonly input: AsyncIterable<Uint8Array | string>;
  /** Prints an answer; resolves when the output has taken it. */
  readonly print: (answer: string) => Promise<void>;
  /** Shows a line to the user. */
  readonly tell: (words: string) => void;
  /** Resolves when asking should end before the input does. */
  readonly stopped: Promise<void>;
}

/**
 * Asks the agent every line that is not blank. Returns exit code 1 when a line was not sent, a run did not complete, or it
 * was stopped before the input ended.
 */
export async function askLines(options: AskLinesOptions): Promise<number> {
  const { client, input, tell, stopped } = options;
  const thread = client.thread(options.thread);
  const ends = new Set<'stopped'>();
  void stopped.then(() => ends.add('stopped'));
  const all = async (): Promise<number> => {
    await joined(thread);
    let code: number = EXIT.good;
    let number = 0;
    for await (const { text, isCut } of linesOf(input)) {
      number += 1;
      if (text.trim() === '') continue;
      const fault = isCut ? 'it is too long for a message' : await asked(thread, text, options);
      if (ends.size > 0) break;
      if (fault === null) continue;
      code = EXIT.failed;
      tell(`line ${String(number)}: ${safeLine(fault)}`);
    }
    return code;
  };
  const refused = new Promise<number>((resolve) => {
    thread.on('refused', (error) => {
      tell(`${options.thread} cannot be read: ${safeLine(error.message)}`);
      resolve(EXIT.failed);
    });
  });
  return await Promise.race([all(), refused, stopped.then(() => EXIT.failed)]);
}

/** Resolves once the thread is joined, so that no event of a run is missed. */
function joined(thread: Thread): Promise<void> {
  if (thread.joined) return Promise.resolve();
  return new Promise((resolve) => {
    thread.on('subscribed', () => {
      resolve();
    });
  });
}

/** Sends a line and prints its answer; returns why there is none. */
async function asked(
  thread: Thread,
  text: string,
  options: AskLinesOptions
): Promise<string | null> {
  const { agent, now, print, tell } = options;
  const mid = newMid(now());
  const told = new Set<string>();
  const ended = new Promise<Run>((resolve) => {
    const end = thread.on('run', (run) => {
      if (run.inReplyTo !== mid) return;
      if (run.state === 'waiting' && run.ask !== null && !told.has(run.ask.ask)) {
        told.add(run.ask.ask);
        tell(
          `${agentName(run)} asks: ${safeLine(run.ask.prompt)}; somebody must answer it in the chat`
        );
      }
      if (run.state === 'queued' || run.state === 'streaming' || run.state === 'waiting') return;
      end();
      resolve(run);
    });
  });
  try {
    await thread.send({ text }, { mid, agent, expect: 'stored' });
  } catch (error) {
    return `it was not sent: ${reasonOf(error)}`;
  }
  const run = await ended;
  if (run.state === 'completed') {
    await print(run.text);
    return null;
  }
  return endWords(run);
}

function endWords(run: Run): string {
  if (run.state === 'cancelled') return `its answer was stopped by ${run.by ?? 'somebody'}`;
  if (run.error?.code === 'interrupted') return 'the server stopped in the middle of its answer';
  if (run.error !== null)
    return `${agentName(run)} failed: ${run.error.message} (${run.error.code})`;
  return 'the end of its answer is not kept any more';
}
