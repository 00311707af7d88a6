import { expect } from 'chai';
import fc from 'fast-check';
import { createActor, fromPromise } from 'xstate';
import { deliveryMachine } from '../../../machines/delivery/delivery.machine.js';
import { MASK } from '../../../server/logger/redact.js';
import {
  SHOWN_CHARS_MAX,
  SHOWN_ENTRIES_MAX,
  SHOWN_TEXT_MAX,
  shown,
  shownEvent,
  shownSnapshot
} from '../../../server/inspector/shown.js';

class Engine {
  readonly password = 'swordfish';
}

describe('shown', () => {
  it('masks what has the name of a secret, at any depth, and passwords in addresses', () => {
    const context = {
      input: { apiKey: 'k-123', nested: [{ authToken: 't-456' }] },
      url: 'https://ada:swordfish@db.example/x?token=t-789'
    };
    const text = JSON.stringify(shown(context, true));
    for (const secret of ['k-123', 't-456', 'swordfish', 't-789']) {
      expect(text).not.to.include(secret);
    }
    expect(text).to.include(MASK);
  });

  it('replaces the texts of messages by their length unless they are asked for', () => {
    const event = { type: 'x', body: { text: 'meet me' }, bodyJson: '"meet me"', mid: 'm1' };
    const hidden = JSON.stringify(shown(event, false));
    expect(hidden).to.include('m1');
    expect(hidden).not.to.include('meet me');
    expect(JSON.stringify(shown(event, true))).to.include('meet me');
  });

  it('names actors, machines and other objects of a class, and does not open them', () => {
    const actor = createActor(fromPromise(() => Promise.resolve(1)));
    expect(shown({ actor, logic: deliveryMachine, engine: new Engine() }, true)).to.deep.equal({
      actor: '[Actor]',
      logic: '[machine delivery]',
      engine: '[Engine]'
    });
  });

  it('is bounded in depth, width, text and as a whole', () => {
    const wide = Array.from({ length: SHOWN_ENTRIES_MAX + 10 }, (_, n) => n);
    expect(shown(wide, true)).to.have.length(SHOWN_ENTRIES_MAX + 1);
    expect(shown('x'.repeat(SHOWN_TEXT_MAX + 7), true)).to.include('7 more characters');
    const circle: Record<string, unknown> = {};
    circle['again'] = circle;
    expect(shown(circle, true)).to.deep.equal({ again: '[circular]' });
    const large = Object.fromEntries(
      wide.map((n) => [`k${String(n)}`, 'x'.repeat(SHOWN_TEXT_MAX)])
    );
    expect(shown(large, true)).to.match(/^\[too large to show: \d+ characters\]$/);
  });

  it('says what cannot be read instead of throwing', () => {
    const trap = {
      get value(): string {
        throw new Error('a trap');
      }
    };
    expect(shown(trap, true)).to.equal('[unreadable: a trap]');
  });

  it('gives JSON of bounded size for anything', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withSet: true }), (value) => {
        const text = JSON.stringify(shown(value, false));
        expect(text.length).to.be.at.most(SHOWN_CHARS_MAX);
        expect(JSON.parse(text)).to.deep.equal(JSON.parse(JSON.stringify(shown(value, false))));
      })
    );
  });
});

describe('shownEvent', () => {
  it('keeps the type, and the rest as it may be shown', () => {
    expect(shownEvent({ type: 'child.ready', results: { handlers: ['a'] } }, false)).to.deep.equal({
      type: 'child.ready',
      results: { handlers: ['a'] }
    });
  });
});

describe('shownSnapshot', () => {
  it('tells state, tags and context of a chart', () => {
    const actor = createActor(deliveryMachine, {
      input: { thread: 'lobby', isTestThread: false, held: null }
    }).start();
    expect(shownSnapshot(actor.getSnapshot(), false)).to.deep.include({
      status: 'active',
      value: 'idle',
      tags: ['passive']
    });
  });

  it('tells of an actor without a chart only how it is and why it failed', () => {
    expect(
      shownSnapshot({ status: 'error', error: new Error('no disk'), input: 1 }, false)
    ).to.deep.equal({ status: 'error', error: 'no disk' });
    expect(shownSnapshot(undefined, false)).to.deep.equal({ status: 'active' });
  });
});
