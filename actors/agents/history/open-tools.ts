/** Finds the tool calls without an end of a run whose process has died. */
import { parseMessageFrame } from '../../../protocol/message-frame.js';
import type { MessageFrame } from '../../../protocol/frames.js';
import type { LogReader } from '../../log/log-reader.js';
import { ownEntry } from './own-entry.js';

/** Entries read at a time, to find the open tools of a run. */
const PAGE = 500;
const PAGE_BYTES = 1_048_576;

/** Returns the tool calls of a run that have begun and not ended, by `call`. */
export function openTools(
  log: Pick<LogReader, 'read' | 'withMid'>,
  thread: string,
  run: string
): Map<string, string> {
  const open = new Map<string, string>();
  const start = ownEntry(log, thread, run, 'start');
  if (start === null) return open;
  let after = start.offset;
  for (let page = log.read(thread, after, PAGE, PAGE_BYTES); page.length > 0;) {
    for (const { frame } of page) {
      const message = parseMessageFrame(frame);
      const tool = message === null ? null : toolOf(message, run);
      if (tool?.isOpen === true) open.set(tool.call, tool.tool);
      else if (tool !== null) open.delete(tool.call);
    }
    after = page.at(-1)?.offset ?? Infinity;
    page = log.read(thread, after, PAGE, PAGE_BYTES);
  }
  return open;
}

function toolOf(
  { kind, body }: MessageFrame,
  run: string
): { call: string; tool: string; isOpen: boolean } | null {
  const isTool = kind === 'tool_executing' || kind === 'tool_completed';
  if (!isTool || typeof body !== 'object' || body === null) return null;
  if (!('run' in body && body.run === run && 'call' in body && typeof body.call === 'string')) {
    return null;
  }
  const tool = 'tool' in body && typeof body.tool === 'string' ? body.tool : '';
  return { call: body.call, tool, isOpen: kind === 'tool_executing' };
}
