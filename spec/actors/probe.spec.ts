import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { WebSocketServer, type WebSocket } from 'ws';
import { probeLoopback } from '../../actors/probe.js';

interface Asked {
  readonly type: string;
  readonly mid?: string;
}

/** Answers a probe as a server does. */
function answer(socket: WebSocket): void {
  socket.on('message', (data: Buffer) => {
    const { type, mid } = JSON.parse(data.toString()) as Asked;
    const frames: Record<string, object[]> = {
      connect: [{ type: 'connected' }],
      subscribe: [{ type: 'subscribed' }, { type: 'caught_up' }],
      publish: [
        { type: 'ack', mid },
        { type: 'message', mid }
      ]
    };
    for (const frame of frames[type] ?? []) socket.send(JSON.stringify(frame));
  });
}

describe('probeLoopback', () => {
  let server: WebSocketServer;
  let url: string;
  let mids: string[];
  let attempts: number;
  /** What the server does with the nth connection, counted from 1. */
  let onAttempt: (socket: WebSocket, nth: number) => void;

  beforeEach(async () => {
    attempts = 0;
    mids = [];
    server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    server.on('connection', (socket) => {
      onAttempt(socket, ++attempts);
    });
    await once(server, 'listening');
    url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  afterEach(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });

  const probe = async (
    attemptMs: number,
    timeoutMs: number,
    signal?: AbortSignal
  ): Promise<void> => {
    const newMid = (): string => {
      mids.push(`m${String(mids.length)}`);
      return mids.at(-1) ?? '';
    };
    await probeLoopback({
      url,
      headers: {},
      newMid,
      attemptMs,
      timeoutMs,
      ...(signal === undefined ? {} : { signal })
    });
  };
  const failure = async (work: Promise<void>): Promise<string> => {
    try {
      await work;
    } catch (error) {
      return String(error);
    }
    throw new Error('it did not fail');
  };

  it('resolves once its message has come back', async () => {
    onAttempt = answer;
    await probe(20_000, 20_000);
    expect(attempts).to.equal(1);
  });

  it('tries again with a new message id when there is no answer, and longer each time', async () => {
    // Late and busy machines need more attempts; the first gets no answer on any.
    onAttempt = (socket, nth) => {
      if (nth > 1) answer(socket);
    };
    await probe(20, 20_000);
    expect(attempts).to.be.greaterThan(1);
    expect(new Set(mids).size).to.equal(mids.length).and.to.be.at.least(attempts);
  });

  it('fails with the step that got no answer when the time is over', async () => {
    onAttempt = () => undefined;
    const said = await failure(probe(10, 40));
    // 10 ms and 20 ms are gone; the third attempt gets the rest.
    expect(said).to.match(/failed while (connecting|subscribing): no answer within 10 ms/);
    expect(mids).to.have.lengthOf(3);
  });

  it('fails at once when it is refused', async () => {
    onAttempt = (socket) => {
      socket.send('{"type":"error","code":"unavailable","message":"not now"}');
    };
    expect(await failure(probe(20_000, 20_000))).to.include('unavailable not now');
    expect(attempts).to.equal(1);
  });

  it('fails at once when it is stopped, and tries no more', async () => {
    const stop = new AbortController();
    onAttempt = () => {
      stop.abort();
    };
    expect(await failure(probe(20_000, 20_000, stop.signal))).to.include('stopped');
    expect(attempts).to.equal(1);
  });
});
