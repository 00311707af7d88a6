import { expect } from 'chai';
import { ChunkPace, SLOW_MAX_MS } from '../../../../server/chat/runs/chunk-pace.js';
import { FLUSH_BYTES } from '../../../../server/transport/fan-out.js';
import { settle, VirtualClock } from '../../../virtual-clock.js';
import { ENGINES, Rig } from '../../transport/transport-rig.js';

for (const [engine, create] of Object.entries(ENGINES)) {
  describe(`ChunkPace on ${engine}`, () => {
    let rig: Rig;
    beforeEach(async () => {
      rig = new Rig(create);
      await rig.start();
    });
    afterEach(() => rig.stop());

    it('passes over a client that does not read, and brings it the whole text when it reads', async () => {
      const clock = new VirtualClock();
      const pace = new ChunkPace({ clock, fanOut: rig.transport.fanOut });
      const [quick, socket] = await rig.open('quick');
      socket.join('t');
      const { client: slow, socket: behind, taken } = await rig.lag('slow', 't', 60_000);
      await quick.until(() => quick.texts.length >= taken.length);
      let at = 0;
      const tell = async (text: string): Promise<void> => {
        pace.tell({ type: 'chunk', thread: 't', run: 'r', at, text, attempt: 2 });
        at += text.length;
        await quick.until(() => quick.texts.some((frame) => frame.includes(`"${text}"`)));
        await clock.advance(40);
      };
      for (const word of ['one ', 'two ', 'three ']) await tell(word);
      expect(pace.slowRuns).to.equal(1);
      slow.tcp.resume();
      await slow.until(() => slow.texts.length >= taken.length);
      // The server learns a little later than the client that all is read.
      while (behind.buffered() > FLUSH_BYTES) await settle();
      await clock.advance(SLOW_MAX_MS);
      expect(pace.slowRuns).to.equal(0);
      await tell('four');
      const pieces = (): { at: number; text: string; attempt: number }[] =>
        slow.texts
          .filter((text) => text.includes('"chunk"'))
          .map((text) => JSON.parse(text) as { at: number; text: string; attempt: number });
      await slow.until(() => pieces().some(({ text }) => text.endsWith('four')));
      expect(pieces().map(({ at: from, text, attempt }) => [from, text, attempt])).to.eql([
        [0, 'one two three ', 2],
        [14, 'four', 2]
      ]);
    });
  });
}
