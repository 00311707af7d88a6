import { expect } from 'chai';
import { AI_VERSIONS, type AiVersion } from '../../../protocol/ai/ai-chunk.js';
import { RunChunks } from '../../../protocol/ai/run-chunks.js';
import { isTaken, read, shownText, type ReadMessage } from './ai-readers.js';
import { HistoryWriter, RUN_HISTORIES, type RunFrame, type RunHistory } from './run-histories.js';

interface Chunk {
  readonly type: string;
}

const ENDS = new Set(['finish', 'error', 'abort']);

function feed(chunks: RunChunks<AiVersion>, frame: RunFrame): Chunk[] {
  return frame.type === 'chunk'
    ? chunks.text(frame.at, frame.text, frame.attempt)
    : chunks.entry(frame);
}

/** The answer so far, as the server tells a new subscriber. */
function told(frames: readonly RunFrame[]): { text: string; attempt: number } {
  let known = { text: '', attempt: 1 };
  for (const frame of frames) {
    if (frame.type !== 'chunk') continue;
    const attempt = frame.attempt ?? 1;
    if (attempt > known.attempt) known = { text: '', attempt };
    known = { attempt, text: known.text.slice(0, frame.at) + frame.text };
  }
  return known;
}

/** A new stream of a history of which `past` has happened. */
function resumed(version: AiVersion, run: string, past: readonly RunFrame[]) {
  const chunks = new RunChunks(version, run);
  const entries = past.flatMap((frame) => (frame.type === 'message' ? [frame] : []));
  const out: Chunk[] = chunks.replay(entries, told(past));
  return { chunks, out };
}

/**
 * Reads a history to its end. Where a stream ends at a question, the message goes on in a further stream.
 * @param cut number of frames before which the first stream begins
 */
async function readAll(version: AiVersion, { run, frames }: RunHistory, cut: number) {
  let { chunks, out } = resumed(version, run, frames.slice(0, cut));
  let message: ReadMessage | null = null;
  const streams: Chunk[][] = [];
  const errors: string[] = [];
  const end = async (): Promise<void> => {
    const got = await read(version, out, message);
    message = got.message;
    errors.push(...got.errors);
    streams.push(out);
    out = [];
  };
  for (const [index, frame] of frames.entries()) {
    if (index < cut) continue;
    if (chunks.isOver && out.length > 0) {
      await end();
      ({ chunks } = resumed(version, run, frames.slice(0, index)));
      chunks.skip();
    }
    out.push(...feed(chunks, frame));
    // A frame that comes twice changes nothing.
    expect(feed(chunks, frame)).to.deep.equal([]);
  }
  if (out.length > 0) await end();
  return { message: message as ReadMessage | null, streams, errors };
}

describe('RunChunks', () => {
  for (const version of AI_VERSIONS) {
    describe(`read by ai ${String(version)}`, () => {
      for (const history of RUN_HISTORIES) {
        it(`${history.name}: whole, and from every frame on`, async () => {
          for (let cut = 0; cut <= history.frames.length; cut += 1) {
            const { message, streams, errors } = await readAll(version, history, cut);
            const where = `from frame ${String(cut)}`;
            expect(shownText(message), where).to.equal(history.text);
            for (const stream of streams) {
              const ends = stream.filter(({ type }) => ENDS.has(type));
              expect(ends, where).to.have.length(1);
              expect(ends[0], where).to.equal(stream.at(-1));
            }
            expect(streams.at(-1)?.at(-1)?.type, where).to.equal(history.end);
            expect(errors.length, where).to.equal(history.end === 'error' ? 1 : 0);
          }
        });

        it(`${history.name}: in pieces that its schema takes`, async () => {
          const { streams } = await readAll(version, history, 0);
          for (const chunk of streams.flat()) {
            expect(await isTaken(version, chunk), JSON.stringify(chunk)).to.equal(true);
          }
        });
      }
    });
  }

  it('is checked by schemas that refuse what a version does not know', async () => {
    expect(
      await isTaken(5, { type: 'tool-approval-request', approvalId: 'a', toolCallId: 'a' })
    ).to.equal(false);
    expect(await isTaken(6, { type: 'reset-step' })).to.equal(false);
  });

  it('says how the run went in the metadata of the message', async () => {
    const ends = ['text', 'interrupted', 'cancelled', 'queued, then answered'];
    const said = await Promise.all(
      RUN_HISTORIES.filter(({ name }) => ends.includes(name)).map(
        async (history) => (await readAll(7, history, 0)).message?.metadata
      )
    );
    const base = { run: 'r1', agent: 'helper' };
    expect(said).to.deep.equal([
      { ...base, state: 'completed', offset: 3, usage: { input: 3, output: 4 } },
      { ...base, state: 'cancelled', offset: 3, by: 'bob' },
      {
        ...base,
        state: 'failed',
        offset: 3,
        error: { code: 'interrupted', message: 'the server stopped' }
      },
      { ...base, state: 'completed', offset: 4, position: 2, usage: { input: 3, output: 4 } }
    ]);
  });

  it('shows a question as a tool that waits, also for approval where that is known', async () => {
    const { frames } = new HistoryWriter().started().ask('a1', 'How many?', { type: 'integer' });
    const states: unknown[] = [];
    for (const version of AI_VERSIONS) {
      const { out } = resumed(version, 'r1', frames);
      const { message } = await read(version, out);
      states.push(message?.parts.find(({ type }) => type === 'dynamic-tool')?.state);
    }
    expect(states).to.deep.equal(['input-available', 'approval-requested', 'approval-requested']);
  });

  it('ends with an error when the end of the run is not known any more', async () => {
    const { frames } = new HistoryWriter().started().text(['half']);
    const { chunks, out } = resumed(5, 'r1', frames);
    out.push(...chunks.lost('not known'));
    expect(chunks.lost('again')).to.deep.equal([]);
    const { message, errors } = await read(5, out);
    expect(shownText(message)).to.equal('half');
    expect(errors).to.deep.equal(['not known']);
  });

  it('gives nothing for entries of other runs and damaged ones', () => {
    const chunks = new RunChunks(7, 'r2');
    for (const { frames } of RUN_HISTORIES.slice(0, 3)) {
      for (const frame of frames) {
        if (frame.type === 'message') expect(chunks.entry(frame)).to.deep.equal([]);
      }
    }
    for (const body of [null, 1, [], 'r2', { run: 3 }]) {
      expect(chunks.entry({ kind: 'agent_started', offset: 50, body })).to.deep.equal([]);
    }
    expect(chunks.entry({ kind: 'tool_executing', offset: 51, body: { run: 'r2' } })).to.deep.equal(
      []
    );
  });
});
