import { expect } from 'chai';
import { readMessage, shownText } from '../../../client/ai/messages/message-reader.js';
import { AI_VERSIONS } from '../../../protocol/ai/ai-chunk.js';
import { RunChunks } from '../../../protocol/ai/run-chunks.js';
import { read, shownText as readText } from '../../protocol/ai/ai-readers.js';
import { RUN_HISTORIES } from '../../protocol/ai/run-histories.js';

/** Parts without fields that are undefined, and without those that only some versions have. */
const plain = (parts: readonly object[] | undefined): unknown =>
  (JSON.parse(JSON.stringify(parts ?? [])) as Record<string, unknown>[]).map(
    ({ id: _, ...part }) => part
  );

describe('readMessage', () => {
  for (const version of AI_VERSIONS) {
    for (const history of RUN_HISTORIES) {
      it(`makes of a run what ai ${String(version)} makes: ${history.name}`, async () => {
        const { run, frames } = history;
        const entries = frames.flatMap((frame) => (frame.type === 'message' ? [frame] : []));
        const chunks = new RunChunks(version, run).replay(entries, { text: '', attempt: 1 });
        const theirs = (await read(version, chunks)).message;
        const ours = readMessage(run, chunks);
        expect(plain(ours.parts)).to.deep.equal(plain(theirs?.parts));
        expect(shownText(ours)).to.equal(readText(theirs)).and.to.equal(history.text);
        if (theirs !== null) expect(ours.metadata).to.deep.equal(theirs.metadata);
      });
    }
  }
});
