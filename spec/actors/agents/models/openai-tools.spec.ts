import { expect } from 'chai';
import { AgentError } from '../../../../actors/agents/agent.js';
import { openAi, ROUNDS } from '../../../../actors/agents/models/openai.js';
import { callTool, RESULT_CHARS_MAX } from '../../../../actors/agents/tools/tool-call.js';
import { checkedTools, type Tool } from '../../../../actors/agents/tools/tool.js';
import { RunRig } from '../run-rig.js';
import {
  breaksOff,
  DONE,
  event,
  finish,
  modelStub,
  piece,
  says,
  streams,
  USAGE,
  type ModelStub
} from './model-stub.js';

/** A piece of a call. */
const call = (index: number | null, more: { id?: string; name?: string; args?: string }): string =>
  event({
    choices: [
      {
        delta: {
          tool_calls: [
            {
              ...(index === null ? {} : { index }),
              ...(more.id === undefined ? {} : { id: more.id, type: 'function' }),
              function: { name: more.name, arguments: more.args }
            }
          ]
        }
      }
    ]
  });
const CALLED = finish('tool_calls') + USAGE + DONE;

const add: Tool = {
  name: 'add',
  description: 'adds two numbers',
  parameters: {
    type: 'object',
    properties: { a: { type: 'number' }, b: { type: 'number' } },
    required: ['a', 'b']
  },
  execute: (args) => {
    const { a, b } = args as { a: number; b: number };
    return a + b;
  }
};

const broken: Tool = {
  name: 'broken',
  execute: () => {
    throw new Error('the password is x');
  }
};

const told: Tool = {
  name: 'told',
  execute: () => Promise.reject(new AgentError('closed', 'the shop is closed'))
};

describe('openAi with tools', () => {
  let stub: ModelStub;
  let notes: string[];

  before(async () => {
    stub = await modelStub();
  });
  after(async () => {
    await stub.stop();
  });
  beforeEach(() => {
    notes = [];
  });

  /** Asks an agent with the tools, and resolves to the rig when its run is over. */
  const ask = async (tools: readonly Tool[] = [add, broken, told]): Promise<RunRig> => {
    const rig: RunRig = new RunRig({});
    const run = openAi(stub.url, {
      model: 'm1',
      system: 'Be short.',
      clock: rig.clock,
      random: () => 0.5,
      note: (reason) => notes.push(reason)
    });
    rig.offer({ name: 'shop', tools, run });
    await rig.say('hi', { agent: 'shop' });
    await rig.ended('t');
    return rig;
  };
  const steps = (rig: RunRig): [string, unknown, unknown][] =>
    rig.entries().flatMap(({ kind, body }): [string, unknown, unknown][] => {
      const { tool, args, ok, result, error } = body as Record<string, unknown>;
      if (kind === 'tool_executing') return [['calls', tool, args]];
      return kind === 'tool_completed' ? [['ends', tool, ok === true ? result : error]] : [];
    });
  const messages = (): unknown[] => [...(stub.asked.at(-1)?.body.messages ?? [])];

  it('offers them, calls what the model asks for, and gives it the results', async () => {
    stub.does(
      streams(
        piece('Let me see.'),
        call(0, { id: 'x', name: 'add', args: '{"a"' }),
        call(0, { args: ':1,' }),
        call(1, { id: 'y', name: 'add', args: '' }),
        call(0, { args: '"b":2}' }),
        call(1, { args: '{"a":3,"b":4}' }),
        CALLED
      ),
      streams(piece('3'), piece(' and 7'), finish(), USAGE, DONE)
    );
    const rig = await ask();
    expect(steps(rig)).to.eql([
      ['calls', 'add', { a: 1, b: 2 }],
      ['calls', 'add', { a: 3, b: 4 }],
      ['ends', 'add', 3],
      ['ends', 'add', 7]
    ]);
    expect(rig.entries().at(-1)?.body).to.deep.include({
      text: 'Let me see.\n\n3 and 7',
      usage: { input: 24, output: 10, cached: 8, reasoning: 4, model: 'm1' }
    });
    expect(stub.asked.at(-1)?.body).to.deep.include({
      tools: [
        {
          type: 'function',
          function: { name: 'add', description: add.description, parameters: add.parameters }
        },
        ...['broken', 'told'].map((name) => ({
          type: 'function',
          function: { name, parameters: { type: 'object', properties: {} } }
        }))
      ]
    });
    expect(messages()).to.eql([
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: 'Let me see.',
        tool_calls: [
          { id: 'x', type: 'function', function: { name: 'add', arguments: '{"a":1,"b":2}' } },
          { id: 'y', type: 'function', function: { name: 'add', arguments: '{"a":3,"b":4}' } }
        ]
      },
      { role: 'tool', tool_call_id: 'x', content: '3' },
      { role: 'tool', tool_call_id: 'y', content: '7' }
    ]);
  });

  for (const [what, pieces] of Object.entries({
    'numbers all calls 0': [
      call(0, { id: 'x', name: 'told', args: '{}' }),
      call(0, { id: 'y', name: 'told', args: '{}' })
    ],
    'numbers none and sends them whole': [
      call(null, { name: 'told', args: '' }),
      call(null, { name: 'told', args: '{}' })
    ],
    'repeats id and name in each piece': [
      call(0, { id: 'x', name: 'told', args: '{' }),
      call(0, { id: 'x', name: 'told', args: '}' }),
      call(1, { id: 'y', name: 'told' })
    ]
  })) {
    it(`understands a server that ${what}, and one that says "stop" after calls`, async () => {
      stub.does(streams(...pieces, finish('stop'), DONE), streams(piece('ok'), finish(), DONE));
      const rig = await ask();
      expect(steps(rig)).to.eql([
        ['calls', 'told', {}],
        ['calls', 'told', {}],
        ['ends', 'told', 'the shop is closed'],
        ['ends', 'told', 'the shop is closed']
      ]);
      expect(rig.told().at(-1)).to.equal('agent_completed ok');
    });
  }

  for (const [what, tool, args, shown, error] of [
    ['arguments that are no JSON', 'add', '{"a":1', '{"a":1', 'the arguments are no JSON'],
    [
      'arguments that do not fit',
      'add',
      '{"a":"1"}',
      { a: '1' },
      'the arguments do not fit the schema of the tool'
    ],
    ['a tool that there is not', 'rm', '{}', {}, 'there is no tool rm'],
    ['a tool that throws', 'broken', '{}', {}, 'the tool failed'],
    ['a tool that tells why not', 'told', '', {}, 'the shop is closed']
  ] as const) {
    it(`tells the model of ${what}, and lets it go on`, async () => {
      stub.does(
        streams(call(0, { id: 'x', name: tool, args }), CALLED),
        streams(piece('Sorry'), finish(), DONE)
      );
      const rig = await ask();
      expect(steps(rig)).to.eql([
        ['calls', tool, shown],
        ['ends', tool, error]
      ]);
      expect(messages().at(-1)).to.eql({
        role: 'tool',
        tool_call_id: 'x',
        content: `error: ${error}`
      });
      expect(rig.told().at(-1)).to.equal('agent_completed Sorry');
      expect(JSON.stringify(rig.entries())).to.not.include('password');
      expect(notes).to.eql(tool === 'broken' ? ['the tool broken failed: the password is x'] : []);
    });
  }

  it('fails when the model goes on to call tools, after a bounded number of answers', async () => {
    stub.does(streams(call(0, { id: 'x', name: 'told', args: '{}' }), CALLED));
    const before = stub.asked.length;
    const rig = await ask();
    expect(rig.told().at(-1)).to.equal('agent_failed too_many_rounds');
    expect(stub.asked.length - before).to.equal(ROUNDS);
    expect(steps(rig)).to.have.length(2 * (ROUNDS - 1));
  });

  it('fails when the arguments do not end, or there are too many calls', async () => {
    const huge = 'x'.repeat(50_000);
    stub.does(streams(call(0, { id: 'x', name: 'add', args: huge }), call(0, { args: huge })));
    expect((await ask()).told().at(-1)).to.equal('agent_failed too_large');
    stub.does(
      streams(...Array.from({ length: 65 }, (_, n) => call(n, { id: `i${String(n)}`, name: 'x' })))
    );
    expect((await ask()).told().at(-1)).to.equal('agent_failed too_large');
  });

  it('does not ask again by itself once a tool was called', async () => {
    for (const [behaviour, code] of [
      [says(429, 'busy', { 'retry-after': '1' }), 'provider_busy'],
      [breaksOff(piece('So')), 'provider_cut'],
      [says(500, '<html>'), 'provider_failed']
    ] as const) {
      stub.does(
        streams(call(0, { id: 'x', name: 'add', args: '{"a":1,"b":1}' }), CALLED),
        behaviour
      );
      const rig = await ask();
      expect(rig.told().at(-1)).to.match(new RegExp(`^agent_failed .*${code}$`));
      expect(rig.entries().at(-1)?.body).to.not.have.property('attempt');
    }
  });

  it('does not call what a cut answer asks for', async () => {
    stub.does(streams(call(0, { id: 'x', name: 'add', args: '{"a":1' }), finish('length'), DONE));
    const rig = await ask();
    expect(steps(rig)).to.eql([]);
    expect(rig.told().at(-1)).to.equal('agent_failed length');
  });

  it('fails when the model calls a tool and has none', async () => {
    stub.does(streams(call(0, { id: 'x', name: 'add', args: '{}' }), finish('stop')));
    expect((await ask([])).told().at(-1)).to.equal('agent_failed tool_unknown');
  });
});

describe('callTool', () => {
  const end = (execute: Tool['execute']): Promise<unknown> =>
    callTool(
      { call: 'c', tool: 't', args: '{"n":1}' },
      {
        tools: [{ name: 't', parameters: {}, execute }],
        run: 'r',
        thread: 't',
        user: 'ada',
        attempt: 1,
        signal: new AbortController().signal,
        history: () => [],
        steered: () => [],
        message: {
          type: 'message',
          thread: 't',
          offset: 1,
          mid: 'm',
          kind: 'user_message',
          from: { user: 'ada' },
          body: {},
          at: 0
        }
      },
      () => undefined
    ).then(({ ok, result, error }) => (ok ? result : error));

  it('gives the tool its arguments, the run and who asked', async () => {
    expect(
      await end((args, { run, thread, user, call, signal }) => [
        args,
        run,
        thread,
        user,
        call,
        signal.aborted
      ])
    ).to.eql([{ n: 1 }, 'r', 't', 'ada', 'c', false]);
  });

  it('makes a result of whatever a tool returns', async () => {
    expect(await end(() => undefined)).to.equal(null);
    expect(await end(() => ({ a: undefined, at: new Date(0) }))).to.eql({
      at: '1970-01-01T00:00:00.000Z'
    });
    expect(await end(() => () => 1)).to.equal('the tool returned no JSON value');
    expect(await end(() => 1n)).to.equal('the tool failed');
    const longest = 'x'.repeat(RESULT_CHARS_MAX - 2);
    expect(await end(() => longest)).to.equal(longest);
    expect(await end(() => `${longest}x`)).to.match(/^the result has more/);
  });
});

describe('checkedTools', () => {
  it('refuses what is no tool, and two of one name', () => {
    expect(checkedTools('a', undefined)).to.eql([]);
    expect(checkedTools('a', [add, told])).to.eql([add, told]);
    for (const bad of [7, [null], [{ name: 'a b', execute: () => 1 }], [{ name: 'a' }]]) {
      expect(() => checkedTools('a', bad)).to.throw(TypeError, /agent a/);
    }
    expect(() => checkedTools('a', [add, add])).to.throw(TypeError, 'two tools add');
    expect(() => checkedTools('a', [{ ...add, parameters: 1 }])).to.throw(TypeError);
    const many = Array.from({ length: 129 }, (_, n) => ({ ...add, name: `t${String(n)}` }));
    expect(() => checkedTools('a', many)).to.throw(TypeError, '128');
  });
});
