/**
 * One publisher and many subscribers of one thread. The next message, or the next burst in one write, is published when
 * all deliveries of the previous one have arrived.
 */
import { messageFrame } from '../../protocol/message-frame.js';
import { FIRST_RELAYED, Publishes } from './publishes.js';
import type { Load } from './slices.js';
import { isSocketIo, speaksRollcall, type Target, type TargetKind } from './target.js';
import { clientFrame, type RawSocket, type Tally } from './wire.js';

const THREAD = 't';

/** After this long without a delivery, missing messages count as lost. */
const STUCK_MS = 15_000;

/** The publisher and the subscribers of one target. */
export class Audience {
  readonly target: Target;
  readonly tally: Tally;
  private readonly publisher: RawSocket;
  private readonly subscribers: number;
  private readonly next: () => Buffer;

  private constructor(
    target: Target,
    tally: Tally,
    publisher: RawSocket,
    subscribers: number,
    bodyBytes: number
  ) {
    this.target = target;
    this.tally = tally;
    this.publisher = publisher;
    this.subscribers = subscribers;
    const { kind } = target;
    this.next =
      speaksRollcall(kind) || kind === 'nats-server'
        ? publishing(kind, bodyBytes)
        : relaying(kind, bodyBytes);
  }

  /** Connects the publisher and the subscribers. */
  static async gather(
    target: Target,
    tally: Tally,
    subscribers: number,
    bodyBytes: number
  ): Promise<Audience> {
    await target.connectAll(
      Array.from({ length: subscribers }, () => THREAD),
      tally
    );
    const publisher = await target.connect(null, tally);
    return new Audience(target, tally, publisher, subscribers, bodyBytes);
  }

  /** Returns the load with this many messages per write. */
  load(burst: number): Load {
    const { target, tally } = this;
    return { target, tally, run: (forMs) => this.run(forMs, burst) };
  }

  private run(forMs: number, burst: number): Promise<number> {
    const { tally } = this;
    const before = tally.messages;
    const until = performance.now() + forMs;
    return new Promise((resolve, reject) => {
      const guard = setInterval(() => {
        if (performance.now() < until + STUCK_MS) return;
        clearInterval(guard);
        const { lost, errors } = tally;
        reject(
          new Error(
            `deliveries stopped coming: ${JSON.stringify({ lost, errors: errors.slice(-3) })}`
          )
        );
      }, 1_000);
      const step = (): void => {
        if (performance.now() >= until) {
          clearInterval(guard);
          resolve(tally.messages - before);
          return;
        }
        tally.when(tally.messages + burst * this.subscribers, step);
        this.publisher.send(Buffer.concat(Array.from({ length: burst }, () => this.next())));
      };
      step();
    });
  }
}

function publishing(kind: TargetKind, bodyBytes: number): () => Buffer {
  const publishes = new Publishes(kind, THREAD, bodyBytes);
  return () => publishes.next();
}

/** A peer gets the frame that Rollcall would send, and passes it on unchanged. */
function relaying(kind: TargetKind, bodyBytes: number): () => Buffer {
  let offset = FIRST_RELAYED;
  const text = messageFrame(THREAD, offset, {
    mid: '01234567-89ab-7cde-8f01-23456789abcd',
    user: 'user-1000',
    kind: 'user_message',
    bodyJson: JSON.stringify({ text: 'x'.repeat(bodyBytes - '{"text":""}'.length) }),
    at: Date.now()
  });
  const template = clientFrame(isSocketIo(kind) ? `42["relay",${text}]` : text);
  const offsetAt = template.indexOf(String(FIRST_RELAYED));
  return () => {
    const frame = Buffer.from(template);
    frame.write(String(offset++), offsetAt, 'latin1');
    return frame;
  };
}
