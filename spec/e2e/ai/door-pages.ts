/**
 * Pages of the clients that the doors are for, with no code of Rollcall: `useChat` of the AI SDK over each of its own
 * transports, and `HttpAgent` of AG-UI. The history comes from `GET /api/threads/{thread}/messages`.
 */
import {
  HttpAgent,
  runHttpRequest,
  transformHttpEventStream,
  type AgentStateMutation,
  type RunAgentInput
} from '@ag-ui/client';
import { useChat } from '@ai-sdk/react';
import {
  DefaultChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  WebSocketChatTransport,
  type ChatTransport,
  type UIMessage
} from 'ai';
import { createElement as h, StrictMode, useState, type ReactNode } from 'react';
import { createRoot, type Container } from 'react-dom/client';
import { MessageBox } from './message-box.js';

/** What a page shows. */
interface Where {
  readonly kind: string;
  readonly server: string;
  readonly thread: string;
  readonly token: string;
  readonly agent: string;
}

interface Entry {
  readonly kind: string;
  readonly mid: string;
  readonly body: { readonly run?: string; readonly text?: string };
}

const ENDS = ['agent_completed', 'agent_failed', 'agent_cancelled'];

const bearer = ({ token }: Where): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** Returns what people and agents have said in the thread. */
async function history(where: Where): Promise<UIMessage[]> {
  const url = `${where.server}/api/threads/${where.thread}/messages`;
  const response = await fetch(url, { headers: bearer(where) });
  if (!response.ok) return [];
  const { messages } = (await response.json()) as { messages: Entry[] };
  return messages.flatMap(({ kind, mid, body }): UIMessage[] => {
    const parts = [{ type: 'text' as const, text: body.text ?? '' }];
    if (kind === 'user_message') return [{ id: mid, role: 'user', parts }];
    return ENDS.includes(kind) ? [{ id: body.run ?? '', role: 'assistant', parts }] : [];
  });
}

function transportOf(where: Where): ChatTransport<UIMessage> {
  const body = { agent: where.agent };
  if (where.kind === 'http') {
    const headers = { ...bearer(where), 'x-ai-version': '7' };
    return new DefaultChatTransport({ api: `${where.server}/ai/chat`, headers, body });
  }
  const url = `${where.server.replace('http', 'ws')}/ai/ws`;
  return new WebSocketChatTransport({ url, protocols: [`bearer.${where.token}`], body });
}

const button = (name: string, onClick: () => unknown): ReactNode =>
  h('button', { key: name, onClick: () => void onClick() }, name);

function Line({ message, give }: { message: UIMessage; give: (id: string) => void }): ReactNode {
  return h(
    'li',
    { className: message.role },
    ...message.parts.map((part, index) => {
      if (part.type === 'text') return h('span', { key: index }, part.text);
      if (part.type !== 'dynamic-tool' || part.state !== 'approval-requested') return null;
      const { id } = part.approval;
      return button('approve', () => {
        give(id);
      });
    })
  );
}

interface ChatProps {
  readonly where: Where;
  readonly transport: ChatTransport<UIMessage>;
  readonly initial: UIMessage[];
}

function AiChat({ where, transport, initial }: ChatProps): ReactNode {
  const chat = useChat({
    id: where.thread,
    messages: initial,
    transport,
    resume: true,
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses
  });
  const url = `${where.server}/ai/chat/${where.thread}/stop`;
  const { messages, status, error, addToolApprovalResponse } = chat;
  const give = (id: string): void => void addToolApprovalResponse({ id, approved: true });
  return h(
    'main',
    null,
    h('p', { role: 'status' }, status),
    h('p', { className: 'error' }, error?.message ?? ''),
    h('ol', null, ...messages.map((message) => h(Line, { key: message.id, message, give }))),
    h(MessageBox, { send: (text: string) => void chat.sendMessage({ text }) }),
    button('stop', chat.stop),
    button('resume', chat.resumeStream),
    button('again', chat.regenerate),
    button('cancel', () => fetch(url, { method: 'POST', headers: bearer(where) }))
  );
}

/** The `connect` of docs/agui.md. */
class ThreadAgent extends HttpAgent {
  private readonly where: Where;

  constructor(where: Where) {
    const url = `${where.server}/agui?agent=${where.agent}`;
    super({ url, threadId: where.thread, headers: bearer(where) });
    this.where = where;
  }

  protected override connect({ threadId }: RunAgentInput): ReturnType<HttpAgent['run']> {
    const url = `${this.where.server}/agui/${threadId}?until=idle`;
    return transformHttpEventStream(
      runHttpRequest(() =>
        fetch(url, { headers: this.headers, signal: this.abortController.signal })
      )
    );
  }
}

function AgUi({ agent }: { agent: ThreadAgent }): ReactNode {
  const [, render] = useState(0);
  const [status, setStatus] = useState('ready');
  const [error, setError] = useState('');
  const [isHeard, setHeard] = useState(false);
  const follow = (asked: () => Promise<unknown>): void => {
    setStatus('streaming');
    setError('');
    void asked().then(() => {
      setStatus('ready');
    });
  };
  if (!isHeard) {
    setHeard(true);
    agent.subscribe({
      onMessagesChanged: () => {
        render((count) => count + 1);
      },
      onRunErrorEvent: ({ event }) => {
        setError(event.code ?? event.message);
      },
      // It would log the error, and throw it where nobody catches it.
      onRunFailed: ({ error: why }) => {
        setError(why.message);
        return { stopPropagation: true } as AgentStateMutation;
      }
    });
  }
  const send = (content: string): void => {
    agent.addMessage({ id: crypto.randomUUID(), role: 'user', content });
    follow(() => agent.runAgent());
  };
  const lines = agent.messages.flatMap(({ id, role, content }) =>
    typeof content === 'string' ? [h('li', { key: id, className: role }, content)] : []
  );
  return h(
    'main',
    null,
    h('p', { role: 'status' }, status),
    h('p', { className: 'error' }, error),
    h('ol', null, ...lines),
    h(MessageBox, { send }),
    button('connect', () => {
      follow(() => agent.connectAgent());
    })
  );
}

/** Renders a page into the container. @param kind `<kind>/<thread>/<agent>/<token>` */
export async function show(container: Container, kind: string, server: string): Promise<void> {
  const [name = '', thread = '', agent = '', token = ''] = kind.split('/');
  const where = { kind: name, server, thread, token, agent };
  const page =
    name === 'agui'
      ? h(AgUi, { agent: new ThreadAgent(where) })
      : h(AiChat, { where, transport: transportOf(where), initial: await history(where) });
  createRoot(container).render(h(StrictMode, null, page));
}
