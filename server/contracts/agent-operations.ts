/** The doors for clients of the AI SDK and of AG-UI. */
import Type from 'typebox';
import { AI_VERSIONS } from '../../protocol/ai/ai-chunk.js';
import { AiRequestBody, VERSION_HEADER } from '../ai/ai-request.js';
import { AiStopBody } from '../ai/ai-routes.js';
import { AgUiRunInput } from '../http/agui/agui-input.js';
import type { Operations, OperationAnswer, Parameter } from './operation.js';
import { THREAD } from './thread-operations.js';

const CHAT: Parameter = {
  ...THREAD,
  description: 'Id of the chat, which is a thread.',
  example: 'agent-demo'
};

const VERSION: Readonly<Record<string, Parameter>> = {
  [VERSION_HEADER]: {
    description: 'Major version of the package `ai` that reads the stream; 5 by default.',
    schema: Type.Union(AI_VERSIONS.map((version) => Type.Literal(version))),
    example: 7
  }
};

const CHUNKS: OperationAnswer = {
  description: 'The chunks of a UI message stream of the AI SDK.',
  type: 'text/event-stream'
};

const EVENTS: OperationAnswer = { description: 'Events of AG-UI.', type: 'text/event-stream' };

/** Runs of agents. */
export const AGENT_OPERATIONS: Operations = {
  'POST /ai/chat': {
    id: 'sendToAgent',
    tag: 'agents',
    summary: 'Send a message, or answer a question, and read the run that answers it',
    description:
      'For `DefaultChatTransport` of the AI SDK. Of `messages` only the last one counts.',
    headers: VERSION,
    body: {
      schema: AiRequestBody,
      example: {
        id: 'agent-demo',
        messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'hello' }] }],
        from: 'ada'
      }
    },
    answers: { 200: CHUNKS },
    errors: [
      'bad_json',
      'bad_frame',
      'bad_thread',
      'reserved_thread',
      'too_large',
      'conflict',
      'queue_full',
      'not_found'
    ]
  },
  'GET /ai/chat/{id}/stream': {
    id: 'resumeRun',
    tag: 'agents',
    summary: 'Read the run that is at work from its beginning',
    path: { id: CHAT },
    headers: VERSION,
    answers: { 200: CHUNKS, 204: { description: 'No run is at work.' } },
    exampleStatus: 204,
    errors: ['bad_frame', 'bad_thread']
  },
  'POST /ai/chat/{id}/stop': {
    id: 'stopRun',
    tag: 'agents',
    summary: 'Cancel a run',
    path: { id: CHAT },
    body: { schema: AiStopBody, example: { from: 'ada' }, isOptional: true },
    answers: {
      200: {
        description: 'The run that is cancelled; null: none was at work.',
        schema: Type.Object({ stopped: Type.Union([Type.String(), Type.Null()]) })
      }
    },
    errors: ['bad_json', 'bad_frame', 'bad_thread', 'too_large', 'not_found']
  },
  'POST /agui': {
    id: 'runAgUi',
    tag: 'agents',
    summary: 'Publish the user’s last message and stream the run that answers it',
    description: 'The body is a `RunAgentInput` of AG-UI. Of `messages` only the last one counts.',
    body: {
      schema: AgUiRunInput,
      example: {
        threadId: 'agent-demo',
        runId: 'run-1',
        messages: [{ id: 'm2', role: 'user', content: 'hello again' }]
      }
    },
    answers: { 200: EVENTS },
    errors: [
      'bad_json',
      'bad_frame',
      'bad_thread',
      'reserved_thread',
      'too_large',
      'conflict',
      'queue_full',
      'not_found'
    ]
  },
  'GET /agui/{thread}': {
    id: 'followAgUi',
    tag: 'agents',
    summary: 'Stream all of a thread as events of AG-UI',
    path: { thread: { ...THREAD, example: 'agent-demo' } },
    query: {
      until: {
        description: '`idle`: the stream ends as soon as no run is at work.',
        schema: Type.Literal('idle'),
        example: 'idle'
      }
    },
    answers: { 200: EVENTS },
    errors: ['bad_frame', 'bad_thread']
  }
};
