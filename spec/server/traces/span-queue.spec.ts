import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import {
  AWAY_QUIET_MS,
  BATCH_SPANS,
  DRAIN_MS,
  SEND_EVERY_MS,
  SpanQueue,
  SPANS_MAX,
  type SpanSender
} from '../../../server/traces/span-queue.js';
import { RecordedLogger } from '../../actors/recorded-logger.js';
import { VirtualClock } from '../../virtual-clock.js';

type Done = Parameters<SpanSender['export']>[1];

// The queue looks into no span.
const SPAN = {} as ReadableSpan;

/** A queue before a collector that answers when the spec says so. */
function rig() {
  const clock = new VirtualClock();
  const logger = new RecordedLogger();
  const requests: { spans: number; done: Done }[] = [];
  const queue = new SpanQueue({
    clock,
    logger,
    exporter: {
      export: (spans, done) => {
        requests.push({ spans: spans.length, done });
      },
      shutdown: () => Promise.resolve()
    }
  });
  const add = (count: number): void => {
    for (let n = 0; n < count; n++) queue.onEnd(SPAN);
  };
  const take = (): void => {
    requests.at(-1)?.done({ code: 0 });
  };
  const refuse = (): void => {
    requests.at(-1)?.done({ code: 1, error: new Error('connect ECONNREFUSED') });
  };
  return { clock, logger, requests, queue, add, take, refuse };
}

describe('SpanQueue', () => {
  it('sends what has come for a while in one request', async () => {
    const { clock, requests, queue, add, take } = rig();
    add(3);
    await clock.advance(SEND_EVERY_MS - 1);
    expect(requests).to.have.length(0);
    await clock.advance(1);
    expect(requests.map(({ spans }) => spans)).to.deep.equal([3]);
    take();
    expect(queue.counts()).to.deep.equal({ sent: 3, dropped: 0, waiting: 0, isAway: false });
  });

  it('sends a full batch at once, and one request at a time', () => {
    const { requests, add, take } = rig();
    add(2 * BATCH_SPANS + 1);
    expect(requests.map(({ spans }) => spans)).to.deep.equal([BATCH_SPANS]);
    take();
    expect(requests.map(({ spans }) => spans)).to.deep.equal([BATCH_SPANS, BATCH_SPANS]);
    take();
    expect(requests).to.have.length(2);
  });

  it('holds a bounded number of spans, and counts those that it drops', () => {
    const { queue, add } = rig();
    add(BATCH_SPANS + SPANS_MAX);
    expect(queue.counts()).to.include({ waiting: SPANS_MAX, dropped: 0 });
    add(5);
    expect(queue.counts()).to.include({ waiting: SPANS_MAX, dropped: 5 });
  });

  it('tells one incident of a collector that comes and goes, and its end when it has stayed', async () => {
    const { clock, logger, queue, add, take, refuse } = rig();
    for (const answer of [refuse, refuse, take, refuse]) {
      add(1);
      await clock.advance(SEND_EVERY_MS);
      answer();
    }
    expect(queue.counts()).to.deep.equal({ sent: 1, dropped: 3, waiting: 0, isAway: true });
    const [warning] = logger.with('takes no traces');
    expect(warning).to.deep.include({ level: 'warn' });
    expect(warning?.fields['reason']).to.equal('connect ECONNREFUSED');
    await clock.advance(AWAY_QUIET_MS);
    add(1);
    await clock.advance(SEND_EVERY_MS);
    take();
    expect(logger.lines.map(({ level }) => level)).to.deep.equal(['warn', 'info']);
    expect(logger.with('takes traces again')[0]?.fields).to.include({ dropped: 3 });
    expect(queue.counts()).to.include({ isAway: false });
  });

  it('keeps its distance from a collector that refuses', async () => {
    const { clock, requests, add, refuse } = rig();
    add(2 * BATCH_SPANS);
    refuse();
    expect(requests).to.have.length(1);
    await clock.advance(SEND_EVERY_MS);
    expect(requests).to.have.length(2);
  });

  it('survives an exporter that throws', () => {
    const clock = new VirtualClock();
    const logger = new RecordedLogger();
    const exporter = {
      export: (): void => {
        throw new Error('no');
      },
      shutdown: () => Promise.resolve()
    };
    const queue = new SpanQueue({ clock, logger, exporter });
    for (let n = 0; n < BATCH_SPANS; n++) queue.onEnd(SPAN);
    expect(queue.counts()).to.include({ dropped: BATCH_SPANS, waiting: 0 });
  });

  it('sends all that waits when it is closed', async () => {
    const { requests, queue, add, take } = rig();
    add(BATCH_SPANS + 2);
    const closed = queue.shutdown();
    take();
    take();
    await closed;
    expect(requests.map(({ spans }) => spans)).to.deep.equal([BATCH_SPANS, 2]);
    add(1);
    expect(queue.counts()).to.include({ sent: BATCH_SPANS + 2, dropped: 1, waiting: 0 });
  });

  it('waits for a collector that hangs no longer than it may when it is closed', async () => {
    const { clock, queue, add } = rig();
    add(BATCH_SPANS + 2);
    let isClosed = false;
    const closed = queue.shutdown().then(() => {
      isClosed = true;
    });
    await clock.advance(DRAIN_MS - 1);
    expect(isClosed).to.equal(false);
    await clock.advance(1);
    await closed;
    expect(queue.counts()).to.include({ waiting: 0, dropped: 2 });
  });
});
