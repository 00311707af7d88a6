/** Reads pieces into a message, as the readers of the AI SDK do. Only what `RunChunks` writes is understood. */
import type { AiChunk7 } from '../../../protocol/ai/ai-chunk.js';
import type { AiMessage } from '../../../protocol/ai/ui-message.js';
import { isRecord } from '../../sdk/json.js';
import type { RollcallPart, RollcallUiMessage } from './ui-message.js';

/** Returns the message that pieces make. */
export function readMessage(id: string, chunks: readonly AiChunk7[]): RollcallUiMessage {
  const message: RollcallUiMessage = { id, role: 'assistant', metadata: {}, parts: [] };
  for (const chunk of chunks) read(message, chunk);
  return message;
}

/** The answer in a message: its text without that of attempts that failed. */
export function shownText({ parts }: Pick<AiMessage, 'parts'>): string {
  return parts
    .filter(isRecord)
    .filter(({ type, providerMetadata }) => type === 'text' && !isSuperseded(providerMetadata))
    .map(({ text }) => String(text))
    .join('');
}

function isSuperseded(metadata: unknown): boolean {
  if (!isRecord(metadata) || !isRecord(metadata['rollcall'])) return false;
  return metadata['rollcall']['superseded'] === true;
}

function read(message: RollcallUiMessage, chunk: AiChunk7): void {
  const { parts } = message;
  if ('messageMetadata' in chunk) {
    message.metadata = { ...message.metadata, ...chunk.messageMetadata };
  }
  const last = parts.findLastIndex(({ type }) => type === openType(chunk.type));
  const open = parts[last];
  if (chunk.type === 'start-step') parts.push({ type: 'step-start' });
  else if (chunk.type === 'reset-step') {
    const step = parts.findLastIndex(({ type }) => type === 'step-start');
    parts.splice(step + 1);
  } else if (chunk.type === 'text-start')
    parts.push({ type: 'text', text: '', state: 'streaming' });
  else if (chunk.type === 'reasoning-start') {
    parts.push({ type: 'reasoning', text: '', state: 'streaming' });
  } else if (chunk.type === 'text-delta' && open?.type === 'text') {
    parts[last] = { ...open, text: open.text + chunk.delta };
  } else if (chunk.type === 'reasoning-delta' && open?.type === 'reasoning') {
    parts[last] = { ...open, text: open.text + chunk.delta };
  } else if (chunk.type === 'text-end' && open?.type === 'text') {
    const { providerMetadata } = chunk;
    const more = providerMetadata === undefined ? {} : { providerMetadata };
    parts[last] = { ...open, state: 'done', ...more };
  } else if (chunk.type === 'reasoning-end' && open?.type === 'reasoning') {
    parts[last] = { ...open, state: 'done' };
  } else if ('toolCallId' in chunk) readTool(parts, chunk);
}

/** The type of the part that a piece continues. */
function openType(chunk: AiChunk7['type']): RollcallPart['type'] | null {
  if (chunk === 'text-delta' || chunk === 'text-end') return 'text';
  if (chunk === 'reasoning-delta' || chunk === 'reasoning-end') return 'reasoning';
  return null;
}

function readTool(
  parts: RollcallPart[],
  chunk: Extract<AiChunk7, { readonly toolCallId: string }>
): void {
  const { toolCallId } = chunk;
  const at = parts.findLastIndex(
    (part) => part.type === 'dynamic-tool' && part.toolCallId === toolCallId
  );
  const known = parts[at];
  if (chunk.type === 'tool-input-available') {
    const { toolName, input, providerExecuted } = chunk;
    const more = providerExecuted === undefined ? {} : { providerExecuted };
    const part = { type: 'dynamic-tool', toolName, toolCallId, ...more } as const;
    parts.splice(at < 0 ? parts.length : at, at < 0 ? 0 : 1, {
      ...part,
      state: 'input-available',
      input
    });
    return;
  }
  if (known?.type !== 'dynamic-tool') return;
  const { toolName, input, providerExecuted } = known;
  const more = providerExecuted === undefined ? {} : { providerExecuted };
  const tool = { type: 'dynamic-tool', toolName, toolCallId, input, ...more } as const;
  if (chunk.type === 'tool-output-available') {
    parts[at] = { ...tool, state: 'output-available', output: chunk.output };
  } else if (chunk.type === 'tool-output-error') {
    parts[at] = { ...tool, state: 'output-error', errorText: chunk.errorText };
  } else parts[at] = { ...tool, state: 'approval-requested', approval: { id: chunk.approvalId } };
}
