/** Two React pages that use-chat.spec.ts bundles: `useChat` of the AI SDK over Rollcall, and `useRollcallChat`. */
import { useChat } from '@ai-sdk/react';
import { createElement as h, StrictMode, type ReactNode } from 'react';
import { createRoot, type Container } from 'react-dom/client';
import {
  RollcallChatTransport,
  useRollcallChat,
  type RollcallUiMessage
} from '../../../client/ai/ai.js';
import { connect, type Client } from '../../../client/sdk/client.js';
import { MessageBox } from './message-box.js';

const WAITS = { firstJitterMs: 0, minMs: 10, maxMs: 100 };

interface Shown {
  readonly id: string;
  readonly role: string;
  readonly parts: readonly { readonly type: string; readonly text?: string }[];
}

function textOf({ parts }: Shown): string {
  return parts.map(({ type, text }) => (type === 'text' ? (text ?? '') : '')).join('');
}

function Lines({ messages }: { messages: readonly Shown[] }): ReactNode {
  return h(
    'ol',
    null,
    ...messages.map((message) =>
      h('li', { key: message.id, className: message.role }, textOf(message))
    )
  );
}

const button = (name: string, onClick: () => unknown): ReactNode =>
  h('button', { key: name, onClick: () => void onClick() }, name);

type Transport = RollcallChatTransport<7>;

function AiChat({
  transport,
  initial
}: {
  transport: Transport;
  initial: RollcallUiMessage[];
}): ReactNode {
  const { messages, status, error, sendMessage, stop, regenerate } = useChat({
    id: 'agent-ai',
    messages: initial,
    transport,
    resume: true
  });
  return h(
    'main',
    null,
    h('p', { role: 'status' }, status),
    h('p', { className: 'error' }, error?.message ?? ''),
    h(Lines, { messages }),
    h(MessageBox, { send: (text: string) => void sendMessage({ text }) }),
    button('stop', stop),
    button('again', regenerate)
  );
}

function WholeChat({ client }: { client: Client }): ReactNode {
  const chat = useRollcallChat(client, 'agent-ai', { agent: 'says' });
  return h(
    'main',
    null,
    h('p', { role: 'status' }, chat.status),
    h('p', { className: 'error' }, chat.error?.code ?? ''),
    h(Lines, { messages: chat.messages }),
    h(
      'ul',
      null,
      ...chat.queue.map(({ run, position, text }) =>
        h(
          'li',
          { key: run },
          `${String(position)} ${text ?? ''}`,
          button('withdraw', () => chat.withdraw(run))
        )
      )
    ),
    h(
      'ul',
      { 'aria-label': 'versions' },
      ...chat.messages.flatMap(({ id, metadata: { version } }) =>
        version === undefined
          ? []
          : [
              h(
                'li',
                { key: id },
                `${String(version.index + 1)} of ${String(version.count)}`,
                button('first version', () => {
                  chat.showVersion(id, 0);
                })
              )
            ]
      )
    ),
    ...chat.asks.map(({ run, prompt }) =>
      h(
        'p',
        { key: run, className: 'ask' },
        prompt,
        button('answer 3', () => chat.answer(run, 3))
      )
    ),
    h('p', { className: 'usage' }, JSON.stringify(chat.usage)),
    h(MessageBox, { send: (text: string) => void chat.sendMessage({ text }) }),
    button('order', () => chat.sendMessage({ text: 'an order' }, { agent: 'order' })),
    button('stop', () => chat.stop()),
    button('again', () => chat.regenerate())
  );
}

/** Renders a page into the container, connected to the server at `url`. */
export async function show(container: Container, kind: string, url: string): Promise<void> {
  const client = connect(url, { user: 'ada', reconnect: WAITS });
  Object.assign(globalThis, { client });
  if (kind !== 'use-chat') {
    createRoot(container).render(h(StrictMode, null, h(WholeChat, { client })));
    return;
  }
  const transport = new RollcallChatTransport({ client, ai: 7, agent: 'says' });
  const initial = await transport.loadMessages('agent-ai');
  createRoot(container).render(h(StrictMode, null, h(AiChat, { transport, initial })));
}
