import { expect } from 'chai';
import { ChatStore } from '../../../client/ai/chat-store.js';
import type { RollcallChatSnapshot } from '../../../client/ai/chat-snapshot.js';
import { connect } from '../../../client/sdk/client.js';
import { settle, VirtualClock } from '../../virtual-clock.js';
import { FakeRollcall } from '../sdk/fake-rollcall.js';
import { memoryWebSocket } from '../sdk/memory-socket.js';

/** A chat of ada on a fake server, in which `helper` answers. */
class ChatRig {
  readonly clock = new VirtualClock();
  readonly server = new FakeRollcall(() => this.clock.now());
  readonly client = connect('ws://fake/ws', {
    WebSocket: memoryWebSocket(this.server),
    clock: this.clock,
    random: () => 0,
    user: 'ada'
  });
  readonly store: ChatStore;
  readonly actions;
  changes = 0;

  constructor(page = 50) {
    this.server.thread('club').agent = 'helper';
    this.store = new ChatStore(this.client, 'club', { page });
    this.actions = this.store.actions({ agent: 'helper' });
  }

  async open(): Promise<this> {
    this.store.subscribe(() => {
      this.changes += 1;
    });
    await settle();
    return this;
  }

  get shown(): RollcallChatSnapshot {
    return this.store.snapshot();
  }

  /** The messages that are shown, as `role: text`. */
  get lines(): string[] {
    return this.shown.messages.map(({ role, parts }) => {
      const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
      return `${role}: ${texts.join('')}`;
    });
  }

  async asks(mid: string, text: string): Promise<void> {
    this.server.say('club', 'ada', { text }, mid);
    await settle();
  }

  async tells(kind: string, body: object): Promise<void> {
    const offset = this.server.thread('club').log.length + 1;
    const place = { thread: 'club', offset, mid: `m${String(offset)}`, at: offset };
    const from = { user: 'agent:helper' };
    this.server.play([{ type: 'message', ...place, from, kind, body }]);
    await settle();
  }

  async answers(run: string, inReplyTo: string, text: string, more: object = {}): Promise<void> {
    await this.tells('agent_started', { run, agent: 'helper', inReplyTo, ...more });
    await this.tells('agent_completed', { run, text, usage: { input: 10, output: 2 } });
  }

  get sent(): object[] {
    return this.server.receivedOf('publish').map(({ body, agent, edits, regenerates }) => ({
      body,
      agent,
      ...(edits === undefined ? {} : { edits }),
      ...(regenerates === undefined ? {} : { regenerates })
    }));
  }
}

describe('ChatStore', () => {
  it('shows questions and answers, and is the same object until something changes', async () => {
    const rig = await new ChatRig().open();
    await rig.asks('q1', 'what is tea?');
    await rig.tells('agent_started', { run: 'r1', agent: 'helper', inReplyTo: 'q1' });
    expect(rig.shown.status).to.equal('streaming');
    await rig.tells('agent_completed', { run: 'r1', text: 'A drink.', usage: { input: 10 } });
    expect(rig.lines).to.eql(['user: what is tea?', 'assistant: A drink.']);
    expect(rig.shown).to.deep.include({ status: 'ready', agent: 'helper', error: null });
    expect(rig.shown.usage).to.include({ input: 10, output: null });
    expect(rig.shown).to.equal(rig.shown);
    const [question] = rig.shown.messages;
    await rig.asks('q2', 'thanks');
    expect(rig.shown.messages[0]).to.equal(question);
  });

  it('edits a message: it and its answer take the place of those before, which can be chosen again', async () => {
    const rig = await new ChatRig().open();
    await rig.asks('q1', 'what is tee?');
    await rig.answers('r1', 'q1', 'No idea.');
    await rig.actions.sendMessage({ text: 'what is tea?', messageId: 'q1' });
    await settle();
    const [{ body, ...fields }] = rig.sent as [{ body: unknown }];
    expect(fields).to.eql({ agent: 'helper', edits: 'q1' });
    expect(JSON.stringify(body)).to.include('what is tea?');
    const mid = rig.server.receivedOf('publish')[0]?.mid ?? '';
    await rig.answers('r2', mid, 'A drink.', { edits: 'q1' });
    expect(rig.lines).to.eql(['user: what is tea?', 'assistant: A drink.']);
    expect(rig.shown.messages[1]?.metadata.version).to.eql({ index: 1, count: 2 });
    rig.actions.showVersion('r2', 0);
    expect(rig.lines).to.eql(['user: what is tee?', 'assistant: No idea.']);
    rig.actions.showVersion('r2', 7);
    expect(rig.lines).to.eql(['user: what is tee?', 'assistant: No idea.']);
    // One that comes later is shown, whatever was chosen.
    await rig.asks('q3', 'what is tea?');
    await rig.answers('r3', 'q3', 'A hot drink.', { regenerates: mid });
    expect(rig.lines).to.eql(['user: what is tea?', 'assistant: A hot drink.']);
  });

  it('makes the last answer anew, or the one that is named, and says so when there is none', async () => {
    const rig = await new ChatRig().open();
    await rig.actions.regenerate();
    expect(rig.shown.error?.code).to.equal('not_found');
    expect(rig.shown.status).to.equal('error');
    rig.actions.clearError();
    expect(rig.shown).to.include({ error: null, status: 'ready' });
    for (const n of [1, 2]) {
      await rig.asks(`q${String(n)}`, `question ${String(n)}`);
      await rig.answers(`r${String(n)}`, `q${String(n)}`, 'x');
    }
    await rig.actions.regenerate();
    await rig.actions.regenerate({ messageId: 'r1', agent: 'other' });
    await rig.actions.regenerate({ messageId: 'q1' });
    expect(rig.sent).to.eql([
      { body: { text: 'question 2' }, agent: 'helper', regenerates: 'q2' },
      { body: { text: 'question 1' }, agent: 'other', regenerates: 'q1' },
      { body: { text: 'question 1' }, agent: 'helper', regenerates: 'q1' }
    ]);
  });

  it('does not show the question again that waits for another answer', async () => {
    const rig = await new ChatRig().open();
    await rig.asks('q1', 'what is tea?');
    await rig.answers('r1', 'q1', 'A drink.');
    await rig.asks('q2', 'what is tea?');
    const waits = { run: 'r2', position: 1, inReplyTo: 'q2', regenerates: 'q1' };
    await rig.tells('agent_queued', waits);
    expect(rig.lines.filter((line) => line.startsWith('user'))).to.eql(['user: what is tea?']);
    expect(rig.shown.queue).to.eql([
      { run: 'r2', agent: 'helper', position: 1, mid: 'q2', text: 'what is tea?' }
    ]);
    expect(rig.shown.status).to.equal('submitted');
  });

  it('keeps what has failed until it is sent again or discarded', async () => {
    const rig = await new ChatRig().open();
    rig.server.intercept = (frame, connection) => {
      if (frame.type !== 'publish') return false;
      rig.server.refuse(frame, connection, { code: 'queue_full', retry: false });
      return true;
    };
    await rig.actions.sendMessage({ text: 'one' });
    await rig.actions.sendMessage({ text: 'two' });
    expect(rig.shown.error?.code).to.equal('queue_full');
    const failed = rig.shown.messages.map(({ id, metadata }) => [id, metadata.sending]);
    expect(failed.map(([, state]) => state)).to.eql(['failed', 'failed']);
    rig.server.intercept = () => false;
    const [[one], [two]] = failed as [[string], [string]];
    rig.actions.discard(two);
    await rig.actions.retry(one);
    await settle();
    expect(rig.lines).to.eql(['user: one']);
    expect(rig.server.receivedOf('publish').at(-1)).to.include({ mid: one, agent: 'helper' });
    await rig.actions.retry(two);
    expect(rig.shown.error?.code).to.equal('not_found');
  });

  it('loads older messages, a page at a time, and the whole of a run with them', async () => {
    const rig = new ChatRig(2);
    for (const n of [1, 2, 3]) rig.server.say('club', 'ada', { text: String(n) }, `q${String(n)}`);
    await rig.answers('r3', 'q3', 'four');
    await rig.open();
    // The question is on the page before.
    expect(rig.lines).to.eql([]);
    expect(rig.shown.hasMore).to.equal(true);
    await rig.actions.loadOlder();
    expect(rig.lines).to.eql(['user: 2', 'user: 3', 'assistant: four']);
    await rig.actions.loadOlder();
    await rig.actions.loadOlder();
    expect(rig.lines).to.eql(['user: 1', 'user: 2', 'user: 3', 'assistant: four']);
    expect(rig.shown.hasMore).to.equal(false);
  });

  it('stops what is at work, and answers what is asked; without a thread it says why not', async () => {
    const rig = new ChatRig();
    await rig.actions.stop();
    expect(rig.shown.error?.code).to.equal('left');
    await rig.open();
    rig.actions.clearError();
    await rig.actions.answer('r1', true);
    expect(rig.shown.error?.code).to.equal('not_found');
    await rig.asks('q1', 'delete it');
    await rig.tells('agent_started', { run: 'r1', agent: 'helper', inReplyTo: 'q1' });
    const question = { ask: 'a1', prompt: 'May I?', schema: { type: 'boolean' }, expiresAt: 9 };
    await rig.tells('agent_waiting', { run: 'r1', ...question });
    expect(rig.shown.asks).to.eql([{ run: 'r1', agent: 'helper', ...question }]);
    rig.server.intercept = (frame, connection) => {
      if (frame.type !== 'answer') return false;
      rig.server.refuse(frame, connection, { code: 'conflict', retry: false });
      return true;
    };
    await rig.actions.answer('r1', true);
    expect(rig.server.receivedOf('answer')[0]).to.include({ run: 'r1', ask: 'a1', value: true });
    expect(rig.shown.error?.code).to.equal('conflict');
    await rig.actions.stop();
    expect(rig.server.receivedOf('cancel').map(({ run }) => run)).to.eql(['r1']);
  });
});
