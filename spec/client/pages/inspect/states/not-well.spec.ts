/** A table of situations: what the inspector says about each actor, with the server running and gone. */
import { expect } from 'chai';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Json, ShownValue } from '../../../../../protocol/inspection.js';
import type { Tone } from '../../../../../client/pages/shared/tone.js';
import { situationOf } from '../../../../../client/pages/inspect/states/not-well.js';
import { CHARTS } from '../../../../../scripts/charts/charts.js';
import { BEGIN, inState, met, timelineOf, type Who } from '../recorded.js';

const ROOT: Who = { sessionId: 'x:0', name: 'root', chart: 'startup' };
const CLICKHOUSE = {
  phase: 'services',
  service: 'clickhouse',
  error: 'nothing answers',
  report: null
};

/** Returns what the inspector says about the actors; with `isGone`, after the server has gone. */
function said(
  actors: readonly (readonly [Who, ShownValue, string[], Json?])[],
  isGone = false
): { tone: Tone; title: string; rows: string[] } | null {
  const messages = actors.map(([who, value, tags, context = {}], index) =>
    met(index + 1, who, inState(value, { tags, context }))
  );
  const found = situationOf(timelineOf(messages).now, isGone ? null : BEGIN + 1_000);
  if (found === null) return null;
  return {
    tone: found.title.tone,
    title: found.title.text,
    rows: found.rows.map(({ actor, words }) => `${actor.name} ${words}`)
  };
}

/** Returns the row of one actor that is not well, without its name. */
function rowOf(
  chart: string,
  value: ShownValue,
  tags: string[],
  context: Json,
  isGone = false
): string | undefined {
  return said(
    [[{ sessionId: 'x:1', name: 'it', chart }, value, tags, context]],
    isGone
  )?.rows[0]?.slice(3);
}

describe('the sentence of an actor', () => {
  const refused = { error: 'refused', attempt: 2, of: 5, nextAttemptAt: BEGIN + 4_000 };
  const situations: readonly (readonly [
    chart: string,
    value: ShownValue,
    tags: string[],
    context: Json,
    present: string,
    past: string
  ])[] = [
    [
      'service',
      'starting',
      ['initializing'],
      {},
      'waits for its own start to be over',
      'waited for its own start to be over'
    ],
    [
      'handlers',
      { registering: 'inGrace' },
      ['initializing'],
      {},
      'waits for the handlers to be registered',
      'waited for the handlers to be registered'
    ],
    [
      'clickhouse',
      { starting: 'waiting' },
      ['initializing'],
      refused,
      'waits for attempt 2 of 5; refused; again in 3 s',
      'waited for attempt 2 of 5; refused'
    ],
    [
      'clickhouse',
      { starting: { attempting: 'connecting' } },
      ['initializing'],
      { attempt: 0, of: null },
      'waits for its first attempt',
      'waited for its first attempt'
    ],
    [
      'clickhouse',
      'releasing',
      ['failed'],
      refused,
      'is not well, because of: refused',
      'was not well, because of: refused'
    ],
    [
      'clickhouse',
      'stopping',
      ['draining'],
      { attempt: 0 },
      'ends what it has begun',
      'was ending what it had begun'
    ],
    [
      'sink',
      { working: 'retrying' },
      ['degraded'],
      { attempt: 3, of: null, error: 'refused', nextAttemptAt: null },
      'waits for attempt 3; refused',
      'waited for attempt 3; refused'
    ],
    [
      'sink',
      'stopping',
      ['draining'],
      { attempt: 3, error: 'refused' },
      'ends what it has begun; its last fault: refused',
      'was ending what it had begun; its last fault: refused'
    ],
    [
      'supervisor',
      { working: 'restarting' },
      ['degraded'],
      {
        children: [
          { id: 'sink', status: 'restarting', error: 'gone' },
          { id: 'a', status: 'stopped' }
        ]
      },
      'waits for sink (restarting): gone',
      'waited for sink (restarting): gone'
    ],
    [
      'supervisor',
      'stopping',
      ['draining'],
      { children: [] },
      'ends what it has begun',
      'was ending what it had begun'
    ],
    [
      'keeper',
      'waiting',
      [],
      { delayMs: 3_000, reason: 'it was too slow' },
      'waits for the next try in 3 s; it ended: it was too slow',
      'waited for the next try; it ended: it was too slow'
    ],
    [
      'keeper',
      { alive: 'stopping' },
      [],
      {},
      'is not well, and says no reason',
      'was not well, and says no reason'
    ],
    [
      'service',
      'releasing',
      ['failed'],
      { error: 'EADDRINUSE' },
      'is not well, because of: EADDRINUSE',
      'was not well, because of: EADDRINUSE'
    ],
    [
      'monitor',
      { watching: 'warning' },
      ['ready'],
      {},
      'has found something: see the status page',
      'had found something: see the status page'
    ],
    [
      'startup',
      { ending: 'draining' },
      ['draining'],
      { failure: null, served: true },
      'sends its clients away',
      'was sending its clients away'
    ]
  ];
  for (const [chart, value, tags, context, present, past] of situations) {
    it(`is whole, and in the past when the server has gone: ${chart} in ${JSON.stringify(value)}`, () => {
      expect(rowOf(chart, value, tags, context)).to.equal(present);
      expect(rowOf(chart, value, tags, context, true)).to.equal(past);
    });
  }

  for (const { name, machine } of CHARTS) {
    it(`is whole in every state of the chart ${name}, whatever is known`, () => {
      for (const { value, tags } of leavesOf(machine)) {
        for (const context of [
          {},
          { error: 'e' },
          { ...refused, attempt: 0 },
          { failure: CLICKHOUSE }
        ]) {
          const present = rowOf(name, value, tags, context);
          if (present === undefined) continue;
          expect(present).to.match(
            /^(waits for|has found|is not well|ends|sends|could not start) ?.*[^ :;]$/
          );
          const past = rowOf(name, value, tags, context, true);
          expect(past).to.match(
            /^(waited for|had found|was not well|was|could not start) ?.*[^ :;]$/
          );
          expect(past, 'nothing is counted down').to.not.match(/\bin \d|\bnow\b/);
        }
      }
    });
  }
});

describe('situationOf', () => {
  const log: readonly [Who, ShownValue, string[], Json?] = [
    { sessionId: 'x:2', name: 'log', chart: 'service', parentId: 'x:0' },
    'starting',
    ['initializing']
  ];
  const sweep: typeof log = [
    { sessionId: 'x:3', name: 'sweep', chart: 'service', parentId: 'x:0' },
    'stopping',
    ['draining']
  ];
  const worker: typeof log = [
    { sessionId: 'x:4', name: 'sink', chart: 'sink', parentId: 'x:0' },
    { working: 'retrying' },
    ['degraded'],
    { attempt: 1, error: 'refused' }
  ];
  const failed: typeof log = [
    { sessionId: 'x:5', name: 'listener', chart: 'service', parentId: 'x:0' },
    'releasing',
    ['failed'],
    { error: 'gone' }
  ];
  const root = (
    value: ShownValue,
    tag: string,
    context: Json = { failure: null, served: true }
  ): typeof log => [ROOT, value, [tag], context];

  const table: readonly {
    readonly name: string;
    readonly actors: readonly (typeof log)[];
    readonly present: readonly [tone: Tone, title: string, first: string] | null;
    readonly past: readonly [tone: Tone, title: string, first: string] | null;
  }[] = [
    {
      name: 'all is well',
      actors: [root({ serving: 'ready' }, 'ready')],
      present: null,
      past: null
    },
    {
      name: 'beginning',
      actors: [root({ starting: 'infrastructure' }, 'initializing'), log],
      present: ['busy', 'Still initializing', 'log waits for its own start to be over'],
      past: ['none', 'Was still initializing', 'log waited for its own start to be over']
    },
    {
      name: 'waiting for what is optional',
      actors: [root({ serving: 'degraded' }, 'degraded'), worker],
      present: ['warn', 'Not well', 'sink waits for attempt 1; refused'],
      past: ['none', 'Was not well', 'sink waited for attempt 1; refused']
    },
    {
      name: 'failing',
      actors: [root({ serving: 'impaired' }, 'failed'), failed],
      present: ['bad', 'Not well', 'listener is not well, because of: gone'],
      past: ['none', 'Was not well', 'listener was not well, because of: gone']
    },
    {
      name: 'failing to start: the cause is named though its actor has gone',
      actors: [
        root({ ending: { stopping: 'waiting' } }, 'draining', {
          failure: CLICKHOUSE,
          served: false
        }),
        sweep
      ],
      present: [
        'bad',
        'Failed to start',
        'root could not start because of clickhouse: nothing answers'
      ],
      past: [
        'bad',
        'Failed to start',
        'root could not start because of clickhouse: nothing answers'
      ]
    },
    {
      name: 'ending by a failure',
      actors: [root({ ending: 'draining' }, 'draining', { failure: CLICKHOUSE, served: true })],
      present: [
        'bad',
        'Ending by a failure',
        'root has to end because of clickhouse: nothing answers'
      ],
      past: ['bad', 'Ended by a failure', 'root had to end because of clickhouse: nothing answers']
    },
    {
      name: 'draining',
      actors: [root({ ending: 'draining' }, 'draining')],
      present: ['busy', 'Stopping', 'root sends its clients away'],
      past: ['none', 'Was stopping', 'root was sending its clients away']
    },
    {
      name: 'stopping',
      actors: [root({ ending: { stopping: 'waiting' } }, 'draining'), sweep],
      present: ['busy', 'Stopping', 'sweep ends what it has begun'],
      past: ['none', 'Was stopping', 'sweep was ending what it had begun']
    }
  ];
  for (const { name, actors, present, past } of table) {
    it(`has a headline that its rows agree with: ${name}`, () => {
      for (const [isGone, expected] of [
        [false, present],
        [true, past]
      ] as const) {
        const found = said(actors, isGone);
        expect(found === null ? null : [found.tone, found.title, found.rows[0]]).to.eql(expected);
      }
    });
  }

  it('names the innermost of those that are not well, and a few', () => {
    const many = Array.from({ length: 12 }, (_, n): typeof log => [
      { sessionId: `y:${String(n)}`, name: `part-${String(n)}`, chart: 'service', parentId: 'x:0' },
      'starting',
      ['initializing']
    ]);
    const found = said([root({ starting: 'services' }, 'initializing'), ...many]);
    expect(found?.rows).to.have.length(8);
    expect(found?.rows.some((row) => row.startsWith('root'))).to.equal(false);
  });
});

/** Returns every leaf state of a machine, with its own tags and those of its parents. */
function leavesOf(machine: AnyStateMachine): { value: ShownValue; tags: string[] }[] {
  const walk = (
    node: AnyStateNode,
    path: readonly string[],
    tags: readonly string[]
  ): ReturnType<typeof leavesOf> => {
    const all = [...tags, ...node.tags];
    const inner = Object.entries<AnyStateNode>(node.states);
    if (inner.length === 0) return [{ value: valueOf(path), tags: all }];
    return inner.flatMap(([key, deeper]) => walk(deeper, [...path, key], all));
  };
  return walk(machine.root, [], []);
}

function valueOf([first = '', ...rest]: readonly string[]): ShownValue {
  return rest.length === 0 ? first : { [first]: valueOf(rest) };
}
