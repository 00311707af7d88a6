import { expect } from 'chai';
import { LogUnavailableError } from '../../../actors/log/log-errors.js';
import type { AccessSettings } from '../../../server/access/authorize.js';
import { tokenless } from '../../../server/access/identity.js';
import { AiAnswer } from '../../../server/ai/ai-answer.js';
import { sendAnswer } from '../../../server/ai/ai-stream.js';
import { LAG_MAX_MS, PING_MS, SWEEP_MS } from '../../../server/chat/connections.js';
import { messageOut } from '../../../server/chat/frame-encoder.js';
import { RunFeed } from '../../../server/chat/runs/run-feed.js';
import type { HttpStream } from '../../../server/transport/transport.js';
import { settle } from '../../virtual-clock.js';
import { doors, OPEN } from '../doors-rig.js';

const MEMBERS = { mode: 'members', mayCreate: true, ownsOpenThreads: false } as const;
const READER = { ...tokenless('ada'), kind: 'user' } as const;

/** A client that reads as much as a spec says. */
class Out implements HttpStream {
  text = '';
  unread = 0;
  isOpen = true;
  drained = (): void => undefined;
  private closed = (): void => undefined;

  write(chunk: string | Uint8Array): boolean {
    this.text += chunk.toString();
    return this.unread === 0;
  }
  buffered(): number {
    return this.unread;
  }
  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.closed();
  }
  onDrain(listener: () => void): void {
    this.drained = listener;
  }
  onClose(listener: () => void): void {
    this.closed = listener;
  }
  /** The chunks that were sent. */
  get chunks(): { type: string; errorText?: string }[] {
    return this.text
      .split('\n\n')
      .filter((line) => line.startsWith('data: {'))
      .map((line) => JSON.parse(line.slice(6)) as { type: string });
  }
}

/** An answer that is being sent to a client. */
async function sending(
  open: (rig: ReturnType<typeof doors>) => void = () => undefined,
  settings: AccessSettings = MEMBERS
) {
  const rig = doors('token', 0, undefined, { settings });
  await rig.members.set('t', 'ada', 'reader', null);
  await rig.members.set('t', 'max', 'member', null);
  const { opener, fanOut, log, clock, connections } = rig;
  const ports = { log, runs: { of: () => [] } };
  const feed = new RunFeed({ opener, fanOut, ...ports });
  let mids = 0;
  const happens = (kind: string): void => {
    const mid = `r1:${String(++mids)}`;
    const bodyJson = JSON.stringify({ run: 'r1', agent: 'a', text: 'hi' });
    log.append('t', { mid, user: 'agent:a', kind, bodyJson, at: 1 }, (result) => {
      if (!result.ok) throw new Error(result.reason);
      const { offset, frame } = result;
      fanOut.publish('t', messageOut({ id: 't', epoch: 'e' }, { offset, frame }));
    });
  };
  const out = new Out();
  const answer = new AiAnswer(ports, { thread: 't', run: 'r1', version: 7 });
  const sent = sendAnswer(out, answer, (peer) => {
    open(rig);
    answer.open(feed, { thread: 't', reader: READER, address: '::1' }, peer);
  });
  const sweep = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += SWEEP_MS) {
      await clock.advance(SWEEP_MS);
      connections.sweep();
    }
  };
  await settle();
  return { ...rig, out, sent, happens, sweep };
}

const UNREAD = 2_000_000;

describe('an answer for a client of the AI SDK', () => {
  it('waits for a client that reads slowly, and goes on', async () => {
    const { out, happens, connections, sent } = await sending();
    out.unread = UNREAD;
    happens('agent_started');
    await settle();
    happens('agent_completed');
    await settle();
    expect(out.chunks.map(({ type }) => type)).to.not.include('finish');
    out.unread = 0;
    out.drained();
    await sent;
    expect(out.chunks.at(-1)?.type).to.equal('finish');
    expect(out.text).to.match(/data: \[DONE\]\n\n$/);
    expect([out.isOpen, connections.open]).to.deep.equal([false, 0]);
  });

  type Rig = Awaited<ReturnType<typeof sending>>;
  const losses: Readonly<Record<string, (rig: Rig) => unknown>> = {
    'goes on so for a minute': ({ sweep }) => sweep(LAG_MAX_MS + 2 * SWEEP_MS),
    'has a revoked token': ({ connections }) => connections.cut('ada', () => true),
    'may no longer read': ({ members }) => members.set('t', 'ada', null, null)
  };
  for (const [who, happens] of Object.entries(losses)) {
    it(`ends, and says so, for a client that reads nothing and ${who}`, async () => {
      const rig = await sending();
      const { out, connections, sent } = rig;
      out.unread = UNREAD;
      rig.happens('agent_started');
      await settle();
      await happens(rig);
      await sent;
      expect(out.chunks.at(-1)?.type).to.equal('error');
      expect([out.isOpen, connections.open]).to.deep.equal([false, 0]);
    });
  }

  it('shows proxies that the connection is in use while the agent says nothing', async () => {
    const { out, sweep, sent } = await sending();
    await sweep(2 * PING_MS);
    await settle();
    expect(out.text).to.include(': still here\n\n');
    expect(out.chunks).to.deep.equal([]);
    out.end();
    await sent;
  });

  /** What may go wrong when it begins, and what the client is told. */
  const faults: Readonly<Record<string, [string, (rig: ReturnType<typeof doors>) => void]>> = {
    'the log cannot be read any more': [
      'internal: resume the stream',
      ({ threads }) => {
        // The rights were read in time.
        threads.get = () => {
          throw new LogUnavailableError('it is closed');
        };
      }
    ],
    'the server has a fault': [
      'unavailable: broken',
      () => {
        throw new Error('broken');
      }
    ]
  };
  for (const [what, [errorText, breaks]] of Object.entries(faults)) {
    it(`ends, and says so, when ${what}`, async () => {
      const { out, sent, connections } = await sending(breaks, OPEN);
      await sent;
      expect(out.chunks).to.deep.equal([{ type: 'error', errorText }]);
      expect([out.isOpen, connections.open]).to.deep.equal([false, 0]);
    });
  }

  it('leaves nothing open when the client goes', async () => {
    const { out, happens, connections, sent } = await sending();
    expect(connections.open).to.equal(1);
    out.unread = UNREAD;
    happens('agent_started');
    await settle();
    out.end();
    await sent;
    expect(connections.open).to.equal(0);
  });
});
