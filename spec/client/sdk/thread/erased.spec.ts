import { expect } from 'chai';
import { textOf } from '../../../../actors/agents/echo.js';
import { branchOf } from '../../../../actors/agents/history/branch.js';
import { MessageLines } from '../../../../cli/chat/message-lines.js';
import { chatMessages } from '../../../../client/ai/messages/chat-messages.js';
import { Transcript } from '../../../../client/pages/chat/log/transcript.js';
import { ERASED_WORDS, messageText } from '../../../../client/pages/chat/words/message-text.js';
import { lineOf } from '../../../../client/pages/chat/words/run-words.js';
import { erasedBy, isErased, isErasure } from '../../../../client/sdk/thread/erased.js';
import { MessageStream } from '../../../../client/sdk/thread/message-stream.js';
import { MessageWindow } from '../../../../client/sdk/thread/message-window.js';
import { foldRun, runOf, type Run } from '../../../../client/sdk/thread/runs/run.js';
import { RunBook } from '../../../../client/sdk/thread/runs/run-book.js';
import type { MessageFrame } from '../../../../protocol/frames.js';
import { paintIf } from '../../../../server/logger/paint.js';

function said(
  offset: number,
  kind = 'user_message',
  body: unknown = secretOf(offset)
): MessageFrame {
  const run = kind === 'user_message' ? `m${String(offset)}` : `r1:${String(offset)}`;
  return {
    type: 'message',
    thread: 't',
    offset,
    mid: run,
    from: { user: 'bob' },
    at: 0,
    kind,
    body
  };
}

function secretOf(offset: number): object {
  return { text: `secret ${String(offset)}` };
}

function erases({ offset, mid }: MessageFrame, at: number): MessageFrame {
  return { ...said(at, 'message_erased', { target: offset, mid }), mid: `e${String(at)}` };
}

const RUN = [
  said(1),
  said(2, 'agent_started', { run: 'r1', agent: 'helper', inReplyTo: 'm1' }),
  said(3, 'agent_thinking', { run: 'r1', text: 'secret thought' }),
  said(4, 'tool_executing', { run: 'r1', call: 'c', tool: 'look', args: { q: 'secret' } }),
  said(5, 'tool_completed', { run: 'r1', call: 'c', ok: true, result: 'secret result' }),
  said(6, 'agent_completed', { run: 'r1', text: 'secret answer' })
];

function runAfter(entries: readonly MessageFrame[]): Run | undefined {
  let run: Run | undefined;
  for (const entry of entries) run = foldRun(run, entry);
  return run;
}

describe('eraseIn', () => {
  const first = said(1);

  it('takes the text of a message out of a window, at its place', () => {
    const window = new MessageWindow(10);
    for (const message of [first, said(2), erases(first, 3)]) window.append(message);
    const kept = JSON.stringify(window.items);
    expect(kept).to.include('secret 2');
    expect(kept).to.not.include('secret 1');
    const [item] = window.items;
    expect(item).to.deep.include({ type: 'message' });
    expect(item?.type === 'message' && isErased(item.message)).to.equal(true);
    expect(window.newest).to.equal(3);
  });

  it('takes it out of a window that no longer grows, and of one that knew of the erasure first', () => {
    const detached = new MessageWindow(2);
    detached.append(said(3));
    detached.prepend([first, said(2)]);
    expect(detached.detached).to.equal(true);
    detached.append(erases(first, 4));
    expect(JSON.stringify(detached.items)).to.not.include('secret 1');
    const early = new MessageWindow(10);
    early.append(erases(first, 4));
    early.prepend([first]);
    expect(JSON.stringify(early.items)).to.not.include('secret 1');
  });

  it('takes it out of what a slow reader has not read', async () => {
    const stream = new MessageStream(10, () => undefined);
    for (const message of [first, erases(first, 2)]) stream.push({ type: 'message', message });
    expect(JSON.stringify(await stream.next())).to.not.include('secret');
  });

  it('changes nothing when the entry names nothing that is there', () => {
    expect(erasedBy(first, erases(said(7), 8))).to.equal(first);
    expect(erasedBy(first, said(8, 'message_erased', null))).to.equal(first);
    expect(erasedBy(first, said(2))).to.equal(first);
  });
});

describe('foldRun', () => {
  it('forgets an answer that was erased, and keeps that the run has ended', () => {
    const [, , , , , end = said(6)] = RUN;
    const run = runAfter([...RUN, erases(end, 7)]);
    expect(run).to.deep.include({ state: 'completed', text: '', endOffset: 6 });
    expect(run?.steps).to.have.length(2);
    const book = new RunBook();
    for (const entry of RUN) book.take(entry);
    expect(book.take(erases(end, 7))).to.have.length(1);
    expect(JSON.stringify(book.all)).to.not.include('secret answer');
  });

  for (const at of [2, 3, 4]) {
    it(`forgets the steps when entry ${String(at + 1)} was erased`, () => {
      const run = runAfter([...RUN, erases(RUN[at] ?? said(0), 7)]);
      expect(run).to.deep.include({ text: 'secret answer', steps: [] });
    });
  }

  it('is not begun by the erasure of something that it does not know', () => {
    expect(runAfter([erases(RUN[5] ?? said(0), 7)])).to.equal(undefined);
    expect(runOf(erases(said(1), 7))).to.equal(null);
  });
});

describe('isErased', () => {
  const erased = erasedBy(said(1), erases(said(1), 2));
  const news = erases(said(1), 2);

  it('is what the chat page shows in place of the text', () => {
    expect(messageText(erased)).to.deep.equal({ text: ERASED_WORDS, json: false });
    const transcript = new Transcript();
    for (const message of [said(1), news]) transcript.append(message);
    const rows = transcript.rows('bob').filter(({ type }) => type === 'message');
    expect(rows).to.have.length(1);
    expect(JSON.stringify(rows)).to.not.include('secret');
    expect(isErasure(news)).to.equal(true);
    expect(lineOf(news)).to.equal('erased a message');
  });

  it('is a line without the text in the terminal', () => {
    const lines = new MessageLines({ paint: paintIf(false), columns: () => 80, stamp: 'date' });
    expect(lines.of(erased).join()).to.match(/\[erased\]$/);
    expect(lines.of(news).join()).to.match(/\[erased message 1\]$/);
  });

  it('is a message without parts for the AI SDK, and its news none', () => {
    const [message, ...others] = chatMessages(7, [erased, news], []);
    expect(message).to.deep.include({ id: 'm1', parts: [] });
    expect(message?.metadata.erased).to.equal(true);
    expect(others).to.have.length(0);
  });

  it('is not read by agents', () => {
    const question = said(3);
    const read = branchOf(
      [erased, news, question],
      { mid: question.mid, regenerates: null, edits: null },
      question
    );
    expect(read.map(({ offset }) => offset)).to.deep.equal([]);
    expect(textOf(erased.body)).to.equal('');
  });
});
