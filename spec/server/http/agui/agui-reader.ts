import { HttpAgent, runHttpRequest, transformHttpEventStream } from '@ag-ui/client';
import type { Message } from '@ag-ui/core';
import { eventText, type AgUiEvent } from '../../../../server/http/agui/agui-event.js';

/** The real client, which gets the events that it is given in place of an answer. */
export class AgUiReader extends HttpAgent {
  private answer: readonly AgUiEvent[] = [];

  constructor(messages: Message[]) {
    super({
      url: 'http://127.0.0.1:1/agui',
      threadId: 't',
      initialMessages: messages,
      fetch: () =>
        Promise.resolve(
          new Response(this.answer.map(eventText).join(''), {
            headers: { 'content-type': 'text/event-stream' }
          })
        )
    });
  }

  protected override connect(): ReturnType<HttpAgent['run']> {
    return transformHttpEventStream(runHttpRequest(() => this.fetch(this.url, {})));
  }

  /** Reads the answer to a `POST`. A question that was open is answered by somebody else. */
  async posts(answer: readonly AgUiEvent[]): Promise<void> {
    this.answer = answer;
    this.pendingInterrupts = [];
    await this.runAgent();
  }

  /** Reads the answer to a `GET`. The client refuses to do so while it knows of a question. */
  async gets(answer: readonly AgUiEvent[]): Promise<void> {
    this.answer = answer;
    this.pendingInterrupts = [];
    await this.connectAgent();
  }

  /** The text of an answer, of all its parts. */
  text(run: string): string {
    return this.messages
      .filter(({ id, role }) => role === 'assistant' && (id === run || id.startsWith(`${run}.`)))
      .map(({ content }) => (typeof content === 'string' ? content : ''))
      .join('');
  }

  /** What it has of tools: their arguments, and their results. */
  tools(): unknown[] {
    return this.messages.flatMap((message): unknown[] => {
      if (message.role === 'tool') return [[message.toolCallId, message.content]];
      if (message.role !== 'assistant') return [];
      return (message.toolCalls ?? []).map(({ id, function: call }) => [id, call]);
    });
  }

  /** What it has of thoughts. */
  thoughts(): unknown[] {
    return this.messages.filter(({ role }) => role === 'reasoning').map(({ content }) => content);
  }
}

/** The events that end an AG-UI run. */
export function ends(events: readonly Pick<AgUiEvent, 'type'>[]): string[] {
  return events.map(({ type }) => type).filter((type) => /^RUN_(FINISHED|ERROR)$/.test(type));
}
