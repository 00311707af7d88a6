/** Streams of AG-UI events: a snapshot of a thread or none, and what happens then, until it is over or the peer goes. */
import type { LogCorruptError } from '../../../actors/log/log-errors.js';
import type { LogReader } from '../../../actors/log/log-reader.js';
import type { Runs, ToldRun } from '../../../actors/agents/runs.js';
import { closeRule } from '../../../protocol/errors.js';
import { HISTORY_LIMIT_MAX, type MessageFrame } from '../../../protocol/frames.js';
import { parseMessageFrame } from '../../../protocol/message-frame.js';
import { pageBefore } from '../../chat/message-pages.js';
import type { RunFeed } from '../../chat/runs/run-feed.js';
import type { StreamRequest } from '../../chat/streams/stream-opener.js';
import { messagePoints } from '../../chat/work/costs.js';
import { EVENT_STREAM_HEADERS } from '../event-streams.js';
import { StreamPeer } from '../stream-peer.js';
import type { HttpStreamReply } from '../../transport/transport.js';
import { eventText, type AgUiEvent } from './agui-event.js';
import { agUiHistory } from './agui-history.js';
import { AgUiTranslation } from './agui-translation.js';

/** Options of {@link AgUiStreams}. */
export interface AgUiStreamsOptions {
  readonly log: LogReader;
  readonly runs: Pick<Runs, 'of'>;
  readonly feed: RunFeed;
  /** Reports damaged messages that a snapshot leaves out. */
  readonly damaged: (why: LogCorruptError) => void;
  /** Notes that a stream was ended by a fault of the server. */
  readonly failed: (why: unknown) => void;
}

/** What a stream shows. */
export interface AgUiWanted {
  /** One run, or all of the thread. */
  readonly only?: {
    readonly runId: string;
    /** The run of the thread; null when it is not known, or none answers. */
    readonly run: string | null;
    /** Message that the run answers, by which it is found when it has ended. */
    readonly mid: string | null;
  };
  /** Offset of the newest entry that the client has; null: it gets a snapshot. */
  readonly after: number | null;
  /** Whether it ends as soon as no run is at work. */
  readonly isUntilIdle: boolean;
  /** Notes what reading the history has cost, in points. */
  readonly charge: (points: number) => void;
}

/** Opens the streams. */
export class AgUiStreams {
  private readonly options: AgUiStreamsOptions;

  constructor(options: AgUiStreamsOptions) {
    this.options = options;
  }

  /** Replies with a stream, for which {@link RunFeed.refusal} has said that there is room. */
  reply(request: StreamRequest, wanted: AgUiWanted): HttpStreamReply {
    return {
      status: 200,
      headers: EVENT_STREAM_HEADERS,
      stream: (out) => {
        void this.run(request, wanted, new StreamPeer(out));
      }
    };
  }

  private async run(request: StreamRequest, wanted: AgUiWanted, peer: StreamPeer): Promise<void> {
    try {
      await this.tell(request, wanted, peer);
    } catch (error) {
      this.options.failed(error);
    }
    peer.end();
  }

  private async tell(request: StreamRequest, wanted: AgUiWanted, peer: StreamPeer): Promise<void> {
    const { log, runs, feed } = this.options;
    const { thread } = request;
    const { after, only: asked, isUntilIdle } = wanted;
    const offset = after ?? log.head(thread)?.last ?? 0;
    const entries = after === null ? this.history(thread, offset, wanted.charge) : null;
    const told = runs.of(thread);
    const run = asked === undefined ? null : runOf(asked, entries, told);
    const translation = new AgUiTranslation({
      thread,
      history: (upTo) => this.history(thread, upTo, wanted.charge),
      ...(asked === undefined ? {} : { only: { runId: asked.runId, run } })
    });
    const stream = feed.open({
      ...request,
      since: { after: offset },
      ...(run === null ? {} : { only: run }),
      buffered: () => peer.buffered,
      onPing: () => {
        peer.stillHere();
      }
    });
    peer.follow(stream);
    try {
      peer.write(textOf(translation.begin({ offset, entries, told })));
      const isIdle = (): boolean =>
        !translation.isOpen && runs.of(thread).every(({ state }) => state === 'waiting');
      while (!translation.isOver && !(isUntilIdle && isIdle())) {
        await peer.room();
        const event = await stream.nextOfThread();
        if (event === null) break;
        peer.write(textOf(translation.take(event)));
      }
    } catch (error) {
      this.options.failed(error);
      peer.write(textOf(translation.cut('unavailable', 'the thread cannot be read')));
    }
    const { endedWith } = stream;
    const why = endedWith === null ? null : closeRule(endedWith);
    if (why !== null) peer.write(textOf(translation.cut(String(endedWith), why.reason)));
    stream.close();
  }

  /** Returns the newest entries up to an offset. @throws {LogUnavailableError} while the log cannot be read */
  private history(thread: string, upTo: number, charge: (points: number) => void): MessageFrame[] {
    const { log, damaged } = this.options;
    const page = pageBefore(log, thread, upTo + 1, HISTORY_LIMIT_MAX, damaged);
    charge(
      messagePoints(
        page.length,
        page.reduce((sum, { frame }) => sum + frame.length, 0)
      )
    );
    return page.flatMap(({ frame }) => parseMessageFrame(frame) ?? []);
  }
}

/** Returns the run to show: the one that is named, or that has answered the message; null when there is none. */
function runOf(
  { run, mid }: NonNullable<AgUiWanted['only']>,
  entries: readonly MessageFrame[] | null,
  told: readonly ToldRun[]
): string | null {
  if (entries === null) return run;
  const { answers, ends } = agUiHistory(entries, []);
  const isKnown = (one: string): boolean =>
    told.some((open) => open.run === one) || ends.has(one) || [...answers.values()].includes(one);
  if (run !== null && isKnown(run)) return run;
  return mid === null ? null : (answers.get(mid) ?? null);
}

/** Returns events as text. */
function textOf(events: Iterable<AgUiEvent>): string {
  return Array.from(events, eventText).join('');
}
