import { expect } from 'chai';
import { regeneration } from '../../../server/ai/ai-again.js';
import { editedMid } from '../../../server/ai/ai-mids.js';
import type { AiSend } from '../../../server/ai/ai-request.js';
import { RunRig } from '../../actors/agents/run-rig.js';

/** A request for a further answer to `m1`. */
function asked(text: string, again: string | null = null): AiSend {
  const body = { json: JSON.stringify({ text }), depth: 1 };
  return { type: 'send', thread: 't', mid: 'm1', body, again };
}

describe('regeneration', () => {
  it('has a mid of its own each time, and the same one while its run is at work', async () => {
    const rig = new RunRig({});
    const again = (more?: string | null): AiSend =>
      regeneration(rig, asked('hello to all of you', more));
    await rig.say('hello', { mid: 'm1' });
    await rig.ended('t');
    const mids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const { mid, regenerates } = again();
      expect(regenerates).to.equal('m1');
      await rig.say('hello to all of you', { mid, regenerates });
      expect(again().mid, 'at work').to.equal(mid);
      await rig.pass(2_000);
      mids.push(mid);
    }
    expect(new Set(mids)).to.have.lengthOf(3);
    // A client that names the answer says by itself which request it is.
    expect(again('r1').mid).to.equal(again('r1').mid).and.not.equal(again('r2').mid);
    expect(again('m1').mid, 'the message is no answer').to.equal(again().mid);
  });

  it('names the version of an edited message that people see', async () => {
    const rig = new RunRig({});
    await rig.say('hello', { mid: 'm1' });
    await rig.pass(2_000);
    const edited = editedMid('m1', '{"text":"bye"}');
    await rig.say('bye', { mid: edited, edits: 'm1' });
    await rig.pass(2_000);
    const again = regeneration(rig, asked('bye'));
    expect(again.regenerates).to.equal(edited);
    expect(regeneration(rig, asked('hello')).regenerates).to.equal('m1');
    expect(again.mid).to.not.equal(regeneration(rig, asked('hello')).mid);
  });
});
