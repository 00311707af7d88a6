import { expect } from 'chai';
import { agUi } from '../../../../actors/agents/models/ag-ui.js';
import { EVENT_CHARS_MAX } from '../../../../actors/agents/models/event-stream.js';
import { openAi } from '../../../../actors/agents/models/openai.js';
import { settle } from '../../../virtual-clock.js';
import { RunRig, type Script } from '../run-rig.js';
import {
  breaksOff,
  event,
  finish,
  modelStub,
  piece,
  says,
  stalls,
  streams,
  type Behaviour,
  type ModelStub
} from './model-stub.js';

const STALL_MS = 5_000;

/** How each agent's server says "Hello", and that it is done. */
const SAID = {
  openAi: { hello: piece('Hello'), done: finish() },
  agUi: {
    hello: event({ type: 'TEXT_MESSAGE_CONTENT', messageId: 'm', delta: 'Hello' }),
    done: event({ type: 'RUN_FINISHED', threadId: 't', runId: 'r', outcome: { type: 'success' } })
  }
};

type Said = (typeof SAID)['openAi'];

/** What a bad server does, the end in the log, and how often it is asked. */
const BAD: readonly (readonly [string, (said: Said) => readonly Behaviour[], string, number])[] = [
  ['stalls', () => [stalls()], 'agent_failed provider_stalled', 3],
  [
    'sends comments only',
    () => [stalls(': here\n\n', ': still here\n\n')],
    'agent_failed provider_stalled',
    3
  ],
  [
    'breaks off in the middle of a JSON line',
    ({ hello }) => [breaksOff(hello, 'data: {"typ')],
    'agent_failed Hello provider_cut',
    3
  ],
  [
    'ends without saying that it is done',
    ({ hello }) => [streams(hello)],
    'agent_failed Hello provider_cut',
    3
  ],
  [
    'sends half a line of JSON as an event',
    ({ hello }) => [streams(hello, 'data: {"typ\n\n')],
    'agent_failed Hello provider_cut',
    3
  ],
  [
    'breaks off once',
    ({ hello, done }) => [breaksOff(hello), streams(hello, done)],
    'agent_completed Hello',
    2
  ],
  [
    'is busy for some seconds',
    ({ hello, done }) => [says(429, '{}', { 'retry-after': '7' }), streams(hello, done)],
    'agent_completed Hello',
    2
  ],
  [
    'is busy for too long',
    () => [says(429, '{}', { 'retry-after': '61' })],
    'agent_failed provider_busy',
    1
  ],
  ['fails with 500', () => [says(500, '{}')], 'agent_failed provider_failed', 3],
  [
    'fails with 500 once',
    ({ hello, done }) => [says(500, '{}'), streams(hello, done)],
    'agent_completed Hello',
    2
  ],
  [
    'closes the connection before it answers',
    () => [(response) => response.socket?.destroy()],
    'agent_failed provider_unreachable',
    3
  ],
  [
    'answers with HTML',
    () => [says(200, '<html>', { 'content-type': 'text/html' })],
    'agent_failed provider_answer',
    1
  ],
  [
    'redirects',
    () => [says(302, '', { location: 'http://127.0.0.1:1/' })],
    'agent_failed provider_refused',
    1
  ],
  [
    'sends a line that does not end',
    ({ hello }) => [stalls(hello, `data: ${'x'.repeat(EVENT_CHARS_MAX + 1)}`)],
    'agent_failed Hello provider_answer',
    1
  ],
  [
    'goes on after its end',
    ({ hello, done }) => [streams(hello, done, hello)],
    'agent_completed Hello',
    1
  ],
  [
    'keeps the connection open after its end',
    ({ hello, done }) => [stalls(hello, done)],
    'agent_completed Hello',
    1
  ]
];

for (const name of ['openAi', 'agUi'] as const) {
  describe(`the log of a run of ${name} whose server`, () => {
    let stub: ModelStub;
    before(async () => {
      stub = await modelStub();
    });
    after(async () => {
      await stub.stop();
    });

    for (const [what, behaves, end, asks] of BAD) {
      // Of chat completions, a further chunk may have the costs, so its text counts too.
      const told = name === 'openAi' && what === 'goes on after its end' ? `${end}Hello` : end;

      it(`${what} tells one end, and another thread does not notice`, async () => {
        stub.does(...behaves(SAID[name]));
        const asked = stub.asked.length;
        const notes: string[] = [];
        const agent: Script = (context) => run(context);
        const rig: RunRig = new RunRig({ bad: agent });
        const options = {
          clock: rig.clock,
          random: () => 0.5,
          stallMs: STALL_MS,
          note: (reason: string) => notes.push(reason)
        };
        const run =
          name === 'openAi'
            ? openAi(stub.url, { ...options, model: 'm1' })
            : agUi(stub.url.href, options);
        await rig.say('hi', { agent: 'bad' });
        await rig.say('one', { thread: 'u', user: 'bob' });
        expect(rig.told('u')).to.eql(['agent_started', 'agent_completed one']);
        // Time passes only for what waits for it: a silent server, and the wait before a further attempt.
        let noted = 0;
        let heard = asked;
        while (rig.runs.of('t').length > 0) {
          await settle();
          if (what.startsWith('keeps') && rig.chunks.length > 1) await rig.pass(STALL_MS);
          const isSilent = end.endsWith('stalled') && stub.asked.length > heard;
          if (!isSilent && notes.length === noted) continue;
          heard = stub.asked.length;
          noted = notes.length;
          await rig.pass(isSilent ? STALL_MS : 7_000);
        }
        const ends = rig.told().filter((line) => /^agent_(completed|failed|cancelled)/.test(line));
        expect(ends).to.eql([told]);
        expect(stub.asked.length - asked).to.equal(asks);
        expect(rig.left()).to.eql([]);
        expect(rig.faults).to.eql([]);
      });
    }

    describe('is asked when the run is cancelled', () => {
      const { fetch } = globalThis;
      let signals: (AbortSignal | null | undefined)[];
      beforeEach(() => {
        signals = [];
        globalThis.fetch = (input, init) => {
          signals.push(init?.signal);
          return fetch(input, init);
        };
      });
      afterEach(() => {
        globalThis.fetch = fetch;
      });

      it('has its request aborted before the cancel returns, and then closed', async () => {
        stub.does(stalls(SAID[name].hello));
        const asked = stub.asked.length;
        const rig: RunRig = new RunRig({ slow: (context) => run(context) });
        const run =
          name === 'openAi'
            ? openAi(stub.url, { clock: rig.clock, model: 'm1' })
            : agUi(stub.url.href, { clock: rig.clock });
        await rig.say('hi', { agent: 'slow' });
        while (rig.chunks.length === 0) await settle();
        expect(signals.map((signal) => signal?.aborted)).to.eql([false]);
        rig.runs.cancel(rig.runs.of('t')[0]?.run ?? '', 'ada');
        expect(signals.map((signal) => signal?.aborted)).to.eql([true]);
        await rig.ended('t');
        await stub.closed(asked + 1);
        expect(rig.told()).to.eql(['agent_started', 'agent_cancelled Hello ada']);
      });
    });
  });
}
