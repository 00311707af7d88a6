/** Sends an answer to a client of the AI SDK as server-sent events, as fast as the client reads. */
import { reasonOf } from '../../machines/reason.js';
import type { AiChunk7 } from '../../protocol/ai/ai-chunk.js';
import { StreamPeer } from '../http/stream-peer.js';
import type { HttpStream } from '../transport/transport.js';
import type { AiAnswer, AnswerPeer } from './ai-answer.js';

/** Writes an answer to its end; `open` begins to follow it. Never rejects. */
export async function sendAnswer(
  out: HttpStream,
  answer: AiAnswer,
  open: (peer: AnswerPeer) => void
): Promise<void> {
  const peer = new StreamPeer(out);
  const write = (chunks: readonly AiChunk7[]): void => {
    peer.write(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join(''));
  };
  peer.follow(answer);
  try {
    open({
      buffered: () => peer.buffered,
      onPing: () => {
        peer.stillHere();
      }
    });
  } catch (error) {
    // Too late for a status, and nobody else would catch it.
    answer.close();
    write([{ type: 'error', errorText: `unavailable: ${reasonOf(error)}` }]);
  }
  for (let chunks = await answer.next(); chunks !== null; chunks = await answer.next()) {
    write(chunks);
    await peer.room();
  }
  peer.write('data: [DONE]\n\n');
  peer.end();
}
