/**
 * Encodes every frame that the server sends; no other file does. Frames that contain stored frames or answer a publish
 * are built by concatenation: thread ids and epochs need no escaping, and stored frames are JSON already.
 */
import type { LogEntry, ThreadHead } from '../../actors/log/log-reader.js';
import type { AppendResult, Durability } from '../../actors/log/log-writer.js';
import type { Topic } from '../../actors/threads/audience.js';
import type { ServerFrame, ServerFrameType } from '../../protocol/frames.js';
import { NumberText } from '../../protocol/json-text.js';
import { fallbackFrame, replayFrame } from '../../protocol/message-frame.js';
import { placeText } from '../../protocol/place.js';
import { OutFrame } from '../transport/out-frame.js';
import type { Received, RequestId } from './frame-decoder.js';
import type { PageOfThreads } from './message-pages.js';
import type { PageGap } from '../../actors/log/resume-point.js';

/** The fields of a frame; an optional one may also be undefined, and an id is echoed as it came. */
type Fields<F> = {
  readonly [K in keyof F]: K extends 'id'
    ? RequestId
    : object extends Pick<F, K>
      ? F[K] | undefined
      : F[K];
};

/** Types that are encoded from their fields; a message is sent as it is stored. */
type EncodedType = Exclude<ServerFrameType, 'message'>;

/** Input of {@link encodeFrame}, by the frame's type. */
export type Outgoing = { [T in EncodedType]: Fields<ServerFrame<T>> }[EncodedType];

/** Encodes a frame, without undefined fields. */
export function encodeFrame(frame: Outgoing): OutFrame {
  const thread = 'thread' in frame ? frame.thread : null;
  const afterMs = frame.type === 'disconnect' ? (frame.afterMs ?? null) : null;
  // Before its first message a stream resumes where its subscription began.
  const place =
    frame.type === 'subscribed' ? placeText(frame.epoch, frame.offset - frame.replay) : null;
  return new OutFrame(textOf(frame), frame.type, thread, null, afterMs, place);
}

/** Makes the frame of a stored message for a subscriber: its stored text, marked when it is a replay. */
export function messageOut(
  { id, epoch }: Topic,
  { offset, frame }: LogEntry,
  mark: 'live' | 'replay' = 'live'
): OutFrame {
  const text = mark === 'live' ? frame : replayFrame(frame);
  return new OutFrame(text, 'message', id, offset, null, placeText(epoch, offset));
}

/** Makes the frame of a stored message for the thread's owner, who has not subscribed. It moves no place. */
export function fallbackOut(thread: string, { offset, frame }: LogEntry): OutFrame {
  return new OutFrame(fallbackFrame(frame), 'message', thread, offset);
}

function textOf(frame: Outgoing): string {
  if (!('id' in frame) || !(frame.id instanceof NumberText)) return JSON.stringify(frame);
  const { text } = frame.id;
  return `${JSON.stringify({ ...frame, id: undefined }).slice(0, -1)},"id":${text}}`;
}

function idField(id: RequestId): string {
  if (id === undefined) return '';
  return `"id":${id instanceof NumberText ? id.text : JSON.stringify(id)},`;
}

/** Returns the `ack` of a publish. */
export function encodeAck(
  frame: Pick<Received<'publish'>, 'id' | 'thread' | 'mid'>,
  result: Extract<AppendResult, { ok: true }>,
  durable: Durability
): OutFrame {
  const text =
    `{"type":"ack",${idField(frame.id)}"thread":"${frame.thread}","mid":${JSON.stringify(frame.mid)},` +
    `"offset":${String(result.offset)},"epoch":"${result.epoch}","at":${String(result.at)},` +
    `"duplicate":${String(result.duplicate)},"durable":"${durable}"}`;
  return new OutFrame(text, 'ack', frame.thread);
}

/** Returns the answer to `history`, with the stored messages. */
export function encodeHistory(
  frame: Pick<Received<'history'>, 'id' | 'thread'>,
  epoch: string,
  page: readonly LogEntry[],
  more: boolean
): OutFrame {
  const text =
    `{"type":"history",${idField(frame.id)}"thread":"${frame.thread}","epoch":"${epoch}",` +
    `"messages":${storedFrames(page)},"more":${String(more)}}`;
  return new OutFrame(text, 'history', frame.thread);
}

/** The answer to `GET …/messages`, with the messages as they are stored. */
export function encodePage(
  thread: string,
  { epoch, last }: Pick<ThreadHead, 'epoch' | 'last'>,
  gap: PageGap | null,
  page: readonly LogEntry[],
  more: boolean
): string {
  return (
    `{"thread":"${thread}","epoch":"${epoch}","offset":${String(last)},"gap":${JSON.stringify(gap)},` +
    `"messages":${storedFrames(page)},"more":${String(more)}}`
  );
}

function storedFrames(page: readonly LogEntry[]): string {
  return `[${page.map(({ frame }) => frame).join(',')}]`;
}

/** Returns the answer to `threads`, with the last stored messages. */
export function encodeThreads(
  frame: Pick<Received<'threads'>, 'id'>,
  { threads, next }: Pick<PageOfThreads, 'threads' | 'next'>
): OutFrame {
  const rows = threads.map(
    ({ thread, at, head, read, last }) =>
      `{"thread":"${thread}","epoch":"${head.epoch}","offset":${String(head.last)},` +
      `"read":${String(read)},"at":${String(at)},"last":${last?.frame ?? 'null'}}`
  );
  const more =
    next === null
      ? '"more":false'
      : `"more":true,"next":{"before":${String(next.at)},"beforeThread":"${next.thread}"}`;
  const text = `{"type":"threads",${idField(frame.id)}${more},"threads":[${rows.join(',')}]}`;
  return new OutFrame(text, 'threads');
}
