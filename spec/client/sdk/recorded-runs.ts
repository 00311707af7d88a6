/** Recorded frames of a server with four agent runs: completed, failed, cancelled and completed. */
import { readFileSync } from 'node:fs';
import { isServerFrame } from '../../../client/sdk/frames.js';
import type { MessageFrame, ServerFrame } from '../../../protocol/frames.js';

export type RecordedFrame = MessageFrame | ServerFrame<'chunk'>;

const FILE = new URL('../../cases/agent-runs.jsonl', import.meta.url);

/** The whole recording of the thread `lobby`, in order: messages of `ada`, runs of `helper`. */
export const RECORDED: readonly RecordedFrame[] = readFileSync(FILE, 'utf8')
  .trim()
  .split('\n')
  .map((line) => {
    const frame: unknown = JSON.parse(line);
    if (isServerFrame(frame) && (frame.type === 'message' || frame.type === 'chunk')) return frame;
    throw new Error(`no frame of a run: ${line}`);
  });

/** Returns the part of the recording from a question up to the next one. */
export function recordedRun(question: 'q1' | 'q2' | 'q3' | 'q4'): readonly RecordedFrame[] {
  const isQuestion = (frame: RecordedFrame): boolean =>
    frame.type === 'message' && frame.kind === 'user_message';
  const from = RECORDED.findIndex((frame) => frame.type === 'message' && frame.mid === question);
  const after = RECORDED.findIndex((frame, index) => index > from && isQuestion(frame));
  return RECORDED.slice(from, after < 0 ? RECORDED.length : after);
}
