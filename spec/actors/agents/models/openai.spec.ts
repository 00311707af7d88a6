import { expect } from 'chai';
import {
  AgentError,
  defineAgent,
  type AgentEvent,
  type RunContext
} from '../../../../actors/agents/agent.js';
import { EVENT_CHARS_MAX } from '../../../../actors/agents/models/event-stream.js';
import { openAi } from '../../../../actors/agents/models/openai.js';
import { LINGER_MS } from '../../../../actors/agents/models/provider.js';
import { THOUGHT_MS } from '../../../../actors/agents/models/thoughts.js';
import type { MessageFrame } from '../../../../protocol/frames.js';
import { VirtualClock } from '../../../virtual-clock.js';
import {
  breaksOff,
  DONE,
  event,
  finish,
  modelStub,
  piece,
  says,
  stalls,
  streams,
  USAGE,
  type ModelStub
} from './model-stub.js';

const KEY = 'sk-very-secret';
const STALL_MS = 5_000;

const said = (offset: number, kind: string, body: unknown): MessageFrame => ({
  type: 'message',
  thread: 't',
  offset,
  mid: `m${String(offset)}`,
  kind,
  from: { user: kind === 'user_message' ? 'ada' : 'agent:openai' },
  body,
  at: 0
});

describe('openai', () => {
  let stub: ModelStub;
  let clock: VirtualClock;
  let notes: string[];
  let stop: AbortController;

  before(async () => {
    stub = await modelStub();
  });
  after(async () => {
    await stub.stop();
  });
  beforeEach(() => {
    clock = new VirtualClock();
    notes = [];
    stop = new AbortController();
  });
  afterEach(() => {
    expect(clock.waiting, 'timers left').to.equal(0);
    expect(notes.join()).to.not.include(KEY);
  });

  const begin = (more: Partial<RunContext> = {}, url = stub.url): AsyncGenerator<AgentEvent> => {
    const run = openAi(url, {
      clock,
      random: () => 0.5,
      key: KEY,
      model: 'm1',
      historyChars: 100,
      stallMs: STALL_MS,
      note: (reason) => notes.push(reason)
    });
    return defineAgent({ name: 'openai', run }).run({
      run: 'r1',
      thread: 't',
      user: 'ada',
      message: said(9, 'user_message', { text: 'hi' }),
      attempt: 1,
      signal: stop.signal,
      history: () => [],
      steered: () => [],
      ...more
    });
  };

  /** Everything that it yields: its text, its other events, and its error. */
  const all = async (
    running: AsyncGenerator<AgentEvent> = begin()
  ): Promise<{ text: string; events: AgentEvent[]; error: AgentError | null }> => {
    let text = '';
    const events: AgentEvent[] = [];
    try {
      for await (const one of running) {
        if (typeof one === 'string') text += one;
        else events.push(one);
      }
    } catch (error) {
      if (error instanceof AgentError) return { text, events, error };
      throw error;
    }
    return { text, events, error: null };
  };

  const failure = async (running?: AsyncGenerator<AgentEvent>): Promise<unknown[]> => {
    const { error } = await all(running);
    return [error?.code, error?.retryAfterMs];
  };

  it('asks for a stream with its costs, and yields the text and what it has cost', async () => {
    stub.does(streams(piece('Hello'), piece(' you'), finish(), USAGE, DONE));
    const { text, events, error } = await all();
    expect(error).to.equal(null);
    expect(text).to.equal('Hello you');
    expect(events).to.deep.equal([
      { type: 'usage', input: 12, output: 5, cached: 4, reasoning: 2, model: 'm1' }
    ]);
    expect(stub.asked.at(-1)).to.deep.equal({
      path: '/v1/chat/completions',
      authorization: `Bearer ${KEY}`,
      body: {
        model: 'm1',
        messages: [{ role: 'user', content: 'hi' }],
        stream: true,
        stream_options: { include_usage: true }
      }
    });
  });

  it('gives the model the thread: alternating roles, the newest messages that fit, no tools', async () => {
    stub.does(streams(finish()));
    await all(
      begin({
        history: () => [
          said(1, 'user_message', { text: 'x'.repeat(90) }),
          said(2, 'agent_completed', { text: 'old' }),
          said(3, 'user_message', { text: 'one' }),
          said(4, 'user_message', 'two'),
          said(5, 'agent_started', { run: 'r0' }),
          said(6, 'tool_completed', { text: 'no' }),
          said(7, 'agent_cancelled', { text: 'half of' }),
          said(8, 'agent_failed', { text: '' })
        ]
      })
    );
    expect(stub.asked.at(-1)?.body.messages).to.deep.equal([
      { role: 'user', content: 'one\n\ntwo' },
      { role: 'assistant', content: 'half of' },
      { role: 'user', content: 'hi' }
    ]);
  });

  it('yields thoughts apart from the answer, in few pieces', async () => {
    const thought = (reasoning_content: string): string =>
      event({ choices: [{ delta: { reasoning_content } }] });
    stub.does(streams(thought('I '), thought('think'), piece('yes'), thought('more'), finish()));
    const { text, events } = await all();
    expect(text).to.equal('yes');
    expect(events).to.deep.equal([
      { type: 'thinking', text: 'I think' },
      { type: 'thinking', text: 'more' }
    ]);
  });

  it('yields thoughts each second, in whole characters of pieces that an entry can hold', async () => {
    const long = `x${'😀'.repeat(3_000)}`;
    stub.does(streams(event({ choices: [{ delta: { reasoning: long } }] }), finish()));
    const { events } = await all();
    const texts = events.map((one) => (typeof one === 'object' && 'text' in one ? one.text : ''));
    expect(texts.join('')).to.equal(long);
    expect(texts.every((text) => text.length <= 4_096 && text.isWellFormed())).to.equal(true);
    expect(THOUGHT_MS).to.equal(1_000);
  });

  for (const [what, parts] of Object.entries({
    'splits a character': (() => {
      const bytes = Buffer.from(piece('día 😀') + finish());
      return Array.from(bytes, (byte) => Buffer.from([byte]));
    })(),
    'ends lines by CRLF': [
      piece('día ').replaceAll('\n', '\r\n'),
      piece('😀').replaceAll('\n', '\r\n'),
      finish()
    ],
    'cuts between CR and LF': (piece('día 😀') + finish())
      .split('\n')
      .flatMap((line) => [`${line}\r`, '\n']),
    'ends lines by CR': [piece('día 😀').replaceAll('\n', '\r'), finish()],
    'sends comments and other fields': [
      ': ping\n\n',
      `event: x\nid: 4\n${piece('día 😀')}`,
      ':\n',
      finish()
    ],
    'leaves [DONE] out': [piece('día 😀'), finish()],
    'leaves the reason to finish out': [piece('día 😀'), DONE],
    'adds what nobody knows': [
      event({
        object: 'x',
        choices: [{ delta: { content: 'día 😀', audio: {} }, logprobs: 1 }],
        x: 1
      }),
      finish()
    ]
  })) {
    it(`understands a server that ${what}`, async () => {
      stub.does(streams(...parts));
      expect(await all()).to.deep.equal({ text: 'día 😀', events: [], error: null });
    });
  }

  it('closes the request when the run is over', async () => {
    stub.does(stalls(piece('Hello')));
    const asked = stub.asked.length;
    const running = begin();
    expect((await running.next()).value).to.equal('Hello');
    const next = running.next().catch((error: unknown) => error);
    stop.abort();
    await stub.closed(asked + 1);
    expect(await next).to.be.instanceOf(AgentError);
    expect(notes).to.deep.equal([]);
  });

  it('gives a server up that sends no event for too long, before or after the first', async () => {
    for (const parts of [[], [piece('Hello')], [': alive\n\n']]) {
      stub.does(stalls(...parts));
      const asked = stub.asked.length;
      const running = begin();
      if (parts[0]?.startsWith('data') === true) await running.next();
      const failed = failure(running);
      await stub.question(asked + 1);
      await clock.advance(STALL_MS);
      expect(await failed).to.deep.equal(['provider_stalled', 750]);
      await stub.closed(asked + 1);
    }
  });

  it('waits only a little when the model is done and the stream stays open', async () => {
    stub.does(stalls(piece('Hello') + finish()));
    const running = begin();
    await running.next();
    const rest = all(running);
    // The finish reason may come with the text or after it. Once it has been read, only the short wait is left.
    while (clock.nextMs !== LINGER_MS) await clock.advance(0);
    await clock.advance(LINGER_MS);
    expect(await rest).to.deep.equal({ text: '', events: [], error: null });
    expect(notes).to.deep.equal([]);
  });

  for (const [what, behaviour] of Object.entries({
    'breaks off in the middle of a line': breaksOff(piece('Hello'), 'data: {"choi'),
    'ends early': streams(piece('Hello')),
    'sends half a line of JSON': streams(piece('Hello'), 'data: {"choi\n\n')
  })) {
    it(`tries again when the server ${what}`, async () => {
      stub.does(behaviour);
      const { text, error } = await all();
      expect([text, error?.code, error?.retryAfterMs]).to.deep.equal([
        'Hello',
        'provider_cut',
        750
      ]);
    });
  }

  it('tries again when nobody listens, or the connection is closed before the first byte', async () => {
    const gone = await modelStub();
    await gone.stop();
    expect(await failure(begin({}, gone.url))).to.deep.equal(['provider_unreachable', 750]);
    stub.does((response) => response.socket?.destroy());
    expect(await failure()).to.deep.equal(['provider_unreachable', 750]);
  });

  it('waits longer with each attempt', async () => {
    stub.does(says(500, 'no'));
    const waits = await Promise.all(
      [1, 2, 3, 9].map(async (attempt) => (await all(begin({ attempt }))).error?.retryAfterMs)
    );
    expect(waits).to.deep.equal([750, 1_250, 2_250, 5_250]);
  });

  it('waits as long as a busy server says, in seconds or by a date, and fails when that is too long', async () => {
    const date = new Date(clock.now() + 9_000).toUTCString();
    const cases: [Record<string, string>, unknown][] = [
      [{ 'retry-after': '7' }, 7_000],
      [{ 'retry-after': date }, 9_000],
      [{ 'retry-after-ms': '1500', 'retry-after': '2' }, 1_500],
      [{ 'retry-after': 'soon' }, 750],
      [{}, 750],
      [{ 'retry-after': '61' }, null]
    ];
    for (const [headers, waitMs] of cases) {
      stub.does(says(429, '{}', headers));
      expect(await failure()).to.deep.equal(['provider_busy', waitMs]);
    }
  });

  for (const status of [500, 502, 503, 504, 529]) {
    it(`tries again after ${String(status)}`, async () => {
      stub.does(says(status, '<html>bad gateway</html>'));
      expect(await failure()).to.deep.equal(['provider_failed', 750]);
    });
  }

  for (const status of [302, 400, 401, 403, 404, 422]) {
    it(`does not try again after ${String(status)}; people learn the status, the operator the rest`, async () => {
      stub.does(says(status, `{"error":"no such key ${KEY} of acme"}`, { location: 'http://x' }));
      const { error } = await all();
      expect([error?.code, error?.retryAfterMs]).to.deep.equal(['provider_refused', null]);
      expect(error?.message).to.include(String(status)).and.not.include('acme');
      expect(notes.join()).to.include('acme').and.include('••••');
    });
  }

  it('refuses what is no stream: HTML, JSON, or nothing', async () => {
    for (const [text, headers] of [
      ['<html>', { 'content-type': 'text/html' }],
      ['{"choices":[]}', { 'content-type': 'application/json' }],
      ['', {}]
    ] as const) {
      stub.does(says(200, text, headers));
      expect(await failure()).to.deep.equal(['provider_answer', null]);
    }
  });

  it('refuses a line that does not end', async () => {
    stub.does(stalls(`data: ${'x'.repeat(EVENT_CHARS_MAX + 1)}`));
    const asked = stub.asked.length;
    expect(await failure()).to.deep.equal(['provider_answer', null]);
    await stub.closed(asked + 1);
  });

  it('refuses an event of lines without an end', async () => {
    stub.does(stalls(`data: ${'x'.repeat(1_000)}\n`.repeat(1_100)));
    expect(await failure()).to.deep.equal(['provider_answer', null]);
  });

  it('tries again when the server tells an error in the middle', async () => {
    stub.does(streams(piece('Hello'), event({ error: { message: `overloaded ${KEY}` } })));
    expect(await failure()).to.deep.equal(['provider_failed', 750]);
    expect(notes.join()).to.include('overloaded');
  });

  for (const [reason, code] of [
    ['length', 'length'],
    ['content_filter', 'content_filter'],
    ['tool_calls', 'tool_unknown']
  ] as const) {
    it(`keeps the text and the costs, and tells why the answer is cut: ${reason}`, async () => {
      stub.does(streams(piece('Hello'), finish(reason), USAGE, DONE));
      const { text, events, error } = await all();
      expect([text, events.length, error?.code]).to.deep.equal(['Hello', 1, code]);
      expect(error?.retryAfterMs).to.equal(null);
    });
  }
});
