import { expect } from 'chai';
import { AI_VERSIONS, type AiVersion } from '../../../protocol/ai/ai-chunk.js';
import { read, shownText, type ReadMessage } from '../../protocol/ai/ai-readers.js';
import { RUN_HISTORIES, type RunFrame, type RunHistory } from '../../protocol/ai/run-histories.js';
import { settle } from '../../virtual-clock.js';
import { bodyField, TransportRig, type Reading } from './transport-rig.js';

const ENDS = new Set(['finish', 'error', 'abort']);

/** The kind of an entry; empty for a piece of text. */
const kindOf = (frame: RunFrame | undefined): string =>
  frame?.type === 'message' ? frame.kind : '';

interface Told {
  readonly message: ReadMessage | null;
  /** What the streams ended with, one after the other. */
  readonly ends: readonly string[];
}

/**
 * Plays a history to a chat that sends the question, answers what is asked, and resumes where somebody else did.
 * @param at called before each frame, with its number
 */
async function play(
  version: AiVersion,
  { frames }: RunHistory,
  at: (rig: TransportRig, index: number, stream: Reading | null) => Promise<Reading | null>
): Promise<Told> {
  const rig = new TransportRig(version);
  const { server } = rig;
  server.thread('lobby').agent = 'helper';
  await settle();
  const question = frames[0];
  let stream: Reading | null = await rig.send(
    'what?',
    kindOf(question) === '' ? 'q' : (question as { mid: string }).mid
  );
  let message: ReadMessage | null = null;
  const ends: string[] = [];
  const take = async (): Promise<void> => {
    if (stream === null) return;
    expect(stream.error).to.equal(null);
    const found = stream.chunks.filter(({ type }) => ENDS.has(type));
    expect(found, JSON.stringify(stream.chunks)).to.have.length(1);
    expect(found[0]).to.equal(stream.chunks.at(-1));
    ends.push(found[0]?.type ?? '');
    // A message that is resumed comes whole.
    const goesOn =
      stream.chunks.some(({ type }) => type === 'start') && ends.length > 1 && !isWhole;
    message = (await read(version, stream.chunks, goesOn ? message : null)).message ?? message;
    stream = null;
  };
  let isWhole = false;
  for (const [index, frame] of frames.entries()) {
    if (index === 0) continue;
    if (stream?.isClosed === true) await take();
    if (stream === null && kindOf(frame) === 'agent_answered' && bodyField(frame, 'by') !== null) {
      isWhole = false;
      stream = await rig.answer(
        message as unknown as ReadMessage,
        String(bodyField(frame, 'ask')),
        bodyField(frame, 'value')
      );
      expect(rig.received('answer').at(-1)?.ask).to.equal(bodyField(frame, 'ask'));
    } else if (stream === null) {
      stream = await rig.resume();
      isWhole = stream !== null;
      if (stream?.isClosed === true) stream = null;
    }
    const before: Reading | null = stream;
    stream = await at(rig, index, stream);
    if (stream !== before) isWhole = true;
    server.play([frame]);
    await settle();
  }
  if (stream !== null) {
    await settle();
    expect(stream.isClosed).to.equal(true);
    await take();
  }
  // A page that is opened later shows the same.
  const loaded = await rig.transport.loadMessages('lobby');
  const answer = loaded.find(({ role }) => role === 'assistant');
  expect(answer === undefined ? '' : shownText(answer)).to.equal(shownText(message));
  rig.client.close();
  return { message, ends };
}

describe('RollcallChatTransport', () => {
  for (const version of AI_VERSIONS) {
    describe(`for ai ${String(version)}`, () => {
      for (const history of RUN_HISTORIES.filter(({ name }) => !name.startsWith('recorded: q1'))) {
        it(`keeps its stream when the connection breaks at any frame: ${history.name}`, async () => {
          for (let cut = 0; cut < history.frames.length; cut += 1) {
            const { message, ends } = await play(version, history, async (rig, index, stream) => {
              if (index === cut) await rig.reconnect();
              return stream;
            });
            expect(shownText(message), `cut at ${String(cut)}`).to.equal(history.text);
            // A stream is over at a question; what becomes of one that nobody answers is in the log.
            const end = kindOf(history.frames.at(-2)) === 'agent_waiting' ? 'finish' : history.end;
            expect(ends.at(-1), `cut at ${String(cut)}`).to.equal(end);
          }
        });
      }
    });
  }
});
