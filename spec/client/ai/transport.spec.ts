import { expect } from 'chai';
import { RollcallChatTransport } from '../../../client/ai/transport.js';
import { HistoryWriter, type RunFrame } from '../../protocol/ai/run-histories.js';
import { settle } from '../../virtual-clock.js';
import { reading, TransportRig, type Reading } from './transport-rig.js';

const types = (stream: Reading | null): string[] => (stream?.chunks ?? []).map(({ type }) => type);
const deltas = (stream: Reading | null): string =>
  (stream?.chunks ?? []).map(({ delta }) => (typeof delta === 'string' ? delta : '')).join('');

/** The frames behind the question. */
const after = ({ frames }: HistoryWriter): RunFrame[] => frames.slice(1);
const begun = (): RunFrame[] => after(new HistoryWriter().started().text(['one ']));

describe('RollcallChatTransport', () => {
  let rig: TransportRig;

  beforeEach(async () => {
    rig = new TransportRig(7);
    await settle();
  });

  afterEach(() => {
    rig.client.close();
  });

  it('publishes a message under its own id, for the agent that is named', async () => {
    await rig.send('hello', 'q1');
    await rig.send('again', 'q2', { agent: 'other', whileRunning: 'interrupt' });
    expect(rig.received('publish').map(({ id: _, ...frame }) => frame)).to.deep.equal([
      { type: 'publish', thread: 'lobby', mid: 'q1', agent: 'helper', body: { text: 'hello' } },
      {
        type: 'publish',
        thread: 'lobby',
        mid: 'q2',
        agent: 'other',
        whileRunning: 'interrupt',
        body: { text: 'again' }
      }
    ]);
  });

  it('makes an answer anew, and replaces a message, each by a message of its own', async () => {
    const question = { id: 'q1', role: 'user' as const, parts: [{ type: 'text', text: 'hello' }] };
    const common = { chatId: 'lobby', messages: [question], abortSignal: undefined };
    await rig.transport.sendMessages({ ...common, trigger: 'regenerate-message', messageId: 'r1' });
    await rig.transport.sendMessages({ ...common, trigger: 'submit-message', messageId: 'q1' });
    await settle();
    const sent = rig.received('publish');
    expect(sent.map(({ regenerates, edits }) => ({ regenerates, edits }))).to.deep.equal([
      { regenerates: 'q1', edits: undefined },
      { regenerates: undefined, edits: 'q1' }
    ]);
    expect(new Set([...sent.map(({ mid }) => mid), 'q1'])).to.have.length(3);
  });

  it('streams the answer of a message that was sent before, from its beginning', async () => {
    rig.server.play(new HistoryWriter().started().text(['one']).completed('one two').frames);
    const stream = await rig.send('what is it?');
    expect(types(stream).slice(0, 2)).to.deep.equal(['start', 'start-step']);
    expect([deltas(stream), stream.isClosed]).to.deep.equal(['one two', true]);
  });

  it('ends at once where no agent answers', async () => {
    const { client, clock } = rig;
    const transport = new RollcallChatTransport({ client, clock });
    const stream = reading(
      await transport.sendMessages({
        trigger: 'submit-message',
        chatId: 'quiet',
        messageId: undefined,
        messages: [{ id: 'q1', role: 'user', parts: [{ type: 'text', text: 'hello' }] }],
        abortSignal: undefined
      })
    );
    await settle();
    await settle();
    expect([stream.chunks, stream.isClosed, stream.error]).to.deep.equal([[], true, null]);
  });

  it('ends where the message is given to the run that is at work', async () => {
    rig.server.play(new HistoryWriter().started().frames);
    const stream = await rig.send('and that', 'q2', { whileRunning: 'steer' });
    rig.server.say('lobby', 'agent:helper', { run: 'r1', mid: 'q2' }, 'm9', 0, 'agent_steered');
    await settle();
    expect([stream.chunks, stream.isClosed]).to.deep.equal([[], true]);
  });

  it('fails as the server refuses the message', async () => {
    rig.server.intercept = (frame, connection) => {
      if (frame.type !== 'publish') return false;
      rig.server.refuse(frame, connection, { code: 'queue_full', retry: false });
      return true;
    };
    const stream = await rig.send('hello');
    expect(stream.error).to.include({ code: 'queue_full' });
  });

  it('fails when the client is closed, before and in the middle', async () => {
    const stream = await rig.send('hello');
    rig.server.play(begun());
    await settle();
    rig.client.close();
    await settle();
    expect(stream.error).to.include({ code: 'closed' });
    const refused = await rig.send('hello').catch((error: unknown) => error);
    expect(refused).to.include({ code: 'closed' });
  });

  it('says that the end of a run is not known when the log has lost it', async () => {
    const stream = await rig.send('hello');
    rig.server.play(begun());
    await settle();
    rig.server.thread('lobby').runs.clear();
    await rig.reconnect();
    expect(stream.chunks.at(-1)?.type).to.equal('error');
    expect([deltas(stream), stream.isClosed]).to.deep.equal(['one ', true]);
  });

  it('waits for the connection, in a queue that sends each message once', async () => {
    rig.server.refusals = 1;
    rig.server.closeAll(1006, '');
    await settle();
    const stream = await rig.send('hello');
    expect(stream.isClosed).to.equal(false);
    await rig.reconnect();
    rig.server.play(after(new HistoryWriter().started().completed('hi')));
    await settle();
    expect([deltas(stream), stream.isClosed]).to.deep.equal(['hi', true]);
  });

  describe('resumes', () => {
    it('nothing where no run is at work', async () => {
      expect(await rig.resume()).to.equal(null);
    });

    it('the run at work from its beginning, with entries of many pages ago', async () => {
      const writer = new HistoryWriter().started();
      for (let n = 0; n < 250; n += 1) writer.entry('agent_thinking', { text: String(n) });
      rig.server.play(writer.text(['one ']).frames);
      const stream = await rig.resume();
      rig.server.play(after(new HistoryWriter().completed('one two')));
      await settle();
      const thoughts = types(stream).filter((type) => type === 'reasoning-start');
      expect([thoughts.length, types(stream).at(-1)]).to.deep.equal([250, 'finish']);
      expect(deltas(stream).endsWith('249one two')).to.equal(true);
    });

    it('the run at work rather than one of the queue', async () => {
      rig.server.play(begun());
      const queued = { run: 'r2', position: 1, inReplyTo: 'q2' };
      rig.server.play([
        { ...(begun()[0] as object), kind: 'agent_queued', body: queued, mid: 'm8' } as RunFrame
      ]);
      const stream = await rig.resume();
      expect(stream?.chunks[0]?.['messageId']).to.equal('r1');
    });
  });

  describe('stops', () => {
    const cancels = (): unknown[] => rig.received('cancel').map(({ id: _, ...frame }) => frame);

    it('the run when its stream is aborted', async () => {
      const stop = new AbortController();
      const stream = await rig.send('hello', 'q1', undefined, stop.signal);
      rig.server.play(begun());
      await settle();
      stop.abort();
      await settle();
      expect(cancels()).to.deep.equal([{ type: 'cancel', run: 'r1' }]);
      expect(stream.isClosed).to.equal(true);
    });

    it('a run that is not known yet, by its message', async () => {
      const stop = new AbortController();
      await rig.send('hello', 'q1', undefined, stop.signal);
      stop.abort();
      await settle();
      expect(cancels()).to.deep.equal([{ type: 'cancel', thread: 'lobby', mid: 'q1' }]);
    });

    it('the run when the connection is back', async () => {
      const stop = new AbortController();
      await rig.send('hello', 'q1', undefined, stop.signal);
      rig.server.play(begun());
      await settle();
      rig.server.closeAll(1006, '');
      await settle();
      stop.abort();
      await settle();
      expect(cancels()).to.deep.equal([]);
      await rig.reconnect();
      expect(cancels()).to.deep.equal([{ type: 'cancel', run: 'r1' }]);
    });

    it('a run that was resumed, but not when it is only resumed again', async () => {
      rig.server.play(begun());
      const first = new AbortController();
      const again = new AbortController();
      await rig.resume(first.signal);
      first.abort();
      const stream = await rig.resume(again.signal);
      await settle();
      expect(cancels()).to.deep.equal([]);
      expect(deltas(stream)).to.equal('one ');
      again.abort();
      await settle();
      expect(cancels()).to.deep.equal([{ type: 'cancel', run: 'r1' }]);
    });

    it('nothing where aborts only leave, or a reader goes', async () => {
      rig.client.close();
      rig = new TransportRig(7, 'leave');
      await settle();
      const stop = new AbortController();
      await rig.send('hello', 'q1', undefined, stop.signal);
      rig.server.play(begun());
      await settle();
      stop.abort();
      const stream = await rig.resume();
      await stream?.cancel();
      await settle();
      expect(cancels()).to.deep.equal([]);
    });

    it('and leaves the thread when no stream needs it', async () => {
      const stream = await rig.send('hello');
      rig.server.play(after(new HistoryWriter().started().completed('hi')));
      await settle();
      expect(stream.isClosed).to.equal(true);
      await settle();
      expect(rig.received('unsubscribe')).to.have.length(1);
    });
  });
});
