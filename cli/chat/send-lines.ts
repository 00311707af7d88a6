/**
 * Sends lines of standard input that comes from a script: each line is a message, and it waits until all are stored.
 */
import { RollcallError, type Client } from '../../client/sdk/client.js';
import { reasonOf } from '../../machines/reason.js';
import { unsentWords } from './chat-session.js';
import { EXIT } from '../cli-outside.js';
import { safeLine } from '../terminal/safe-text.js';
import { linesOf } from '../terminal/stdin-lines.js';

/** Most messages on their way at once, a few round trips' worth; beyond it the input waits for the oldest. */
export const SENDING_MAX = 100;

/** Options of {@link sendLines}. */
export interface SendLinesOptions {
  readonly client: Client;
  readonly thread: string;
  readonly input: AsyncIterable<Uint8Array | string>;
  /** Shows a line to the user. */
  readonly tell: (words: string) => void;
  /** Resolves when sending should end before the input does. */
  readonly stopped: Promise<void>;
}

/** Sends every line that is not blank, in order. Returns exit code 1 when one of them may not be stored. */
export async function sendLines(options: SendLinesOptions): Promise<number> {
  const { client, thread, input, tell, stopped } = options;
  const sending: Promise<void>[] = [];
  let failed = 0;
  let unsent = 0;
  let number = 0;
  const refuse = (line: number, why: string): void => {
    failed += 1;
    tell(`line ${String(line)} was not sent: ${safeLine(why)}`);
  };
  const send = async (line: number, text: string): Promise<void> => {
    try {
      // A script does not wait for a reader, so a thread without subscribers is no incident.
      await client.publish(thread, { text }, { expect: 'stored' });
      unsent -= 1;
    } catch (error) {
      // Closed by the user or the server: reported once for all messages.
      if (error instanceof RollcallError && error.code === 'closed') return;
      unsent -= 1;
      refuse(line, reasonOf(error));
    }
  };
  const all = async (): Promise<void> => {
    for await (const { text, isCut } of linesOf(input)) {
      number += 1;
      if (isCut) refuse(number, 'it is too long for a message');
      else if (text.trim() !== '') {
        unsent += 1;
        sending.push(send(number, text));
      }
      if (sending.length >= SENDING_MAX) await sending.shift();
    }
    await Promise.all(sending);
  };
  await Promise.race([all(), stopped]);
  if (unsent > 0) tell(unsentWords(unsent));
  return failed === 0 && unsent === 0 ? EXIT.good : EXIT.failed;
}
