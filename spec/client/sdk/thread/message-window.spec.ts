import { expect } from 'chai';
import { MessageWindow } from '../../../../client/sdk/thread/message-window.js';
import type { MessageFrame } from '../../../../protocol/frames.js';

describe('MessageWindow', () => {
  it('takes a page of any size', () => {
    const page = Array.from({ length: 200_000 }, (_, index): MessageFrame => ({
      type: 'message',
      thread: 't',
      offset: index + 1,
      mid: String(index),
      from: { user: 'bob' },
      at: 0,
      kind: 'user_message',
      body: 0
    }));
    const window = new MessageWindow(10);
    window.prepend(page);
    expect(window.items).to.have.length(10);
    expect(window.detached).to.equal(true);
  });
});
