import { expect } from 'chai';
import fc from 'fast-check';
import {
  impossibleIn,
  MAX_CHILDREN,
  NO_RESTARTS,
  RESTARTS,
  startOrder,
  type ChildSpec,
  type RestartPolicy
} from '../../../machines/supervision/child-spec.js';
import { puppet, type PuppetKind } from './puppet.js';

const spec = (id: string, kind: PuppetKind = {}): ChildSpec => puppet(id, [], kind);
const OPTIONAL: PuppetKind = { required: false };

describe('impossibleIn', () => {
  const policyOf = (changes: Partial<RestartPolicy>): RestartPolicy => ({
    ...RESTARTS,
    ...changes
  });

  it('finds nothing in children that can be supervised', () => {
    const specs = [
      spec('log'),
      spec('listener', { requires: ['log'] }),
      spec('sink', { ...OPTIONAL, requires: ['log', 'listener'] }),
      spec('once', { ...OPTIONAL, restart: 'temporary' })
    ];
    expect(impossibleIn(specs, RESTARTS)).to.deep.equal([]);
    expect(impossibleIn(specs, NO_RESTARTS)).to.deep.equal([]);
    expect(impossibleIn([], RESTARTS)).to.deep.equal([]);
  });

  const cases: readonly [string, readonly ChildSpec[], Partial<RestartPolicy>, string][] = [
    ['an id twice', [spec('a'), spec('b'), spec('a')], {}, 'two children have the id a'],
    ['an empty id', [spec('')], {}, 'a child has an empty id'],
    [
      'something required that is not there',
      [spec('a', { requires: ['log'] })],
      {},
      'a requires log, which is not there'
    ],
    [
      'a child that requires itself',
      [spec('a', { requires: ['a'] })],
      {},
      'the requires go in a circle: a → a'
    ],
    [
      'a circle',
      [
        spec('x', { requires: ['a'] }),
        spec('a', { requires: ['b'] }),
        spec('b', { requires: ['c'] }),
        spec('c', { requires: ['a'] })
      ],
      {},
      'the requires go in a circle: a → b → c → a'
    ],
    [
      'a required child that is temporary',
      [spec('a', { restart: 'temporary' })],
      {},
      'a is required but temporary: what is never restarted cannot be counted on'
    ],
    [
      'a required child that requires an optional one',
      [spec('a', OPTIONAL), spec('b', { requires: ['a'] })],
      {},
      'b is required but requires a, which is optional'
    ],
    [
      'a child that requires a temporary one',
      [
        spec('a', { ...OPTIONAL, restart: 'temporary' }),
        spec('b', { ...OPTIONAL, requires: ['a'] })
      ],
      {},
      'b requires a, which is temporary: once ended it never comes back'
    ],
    [
      'an optional child that would take a required one down by one_for_all',
      [spec('a'), spec('b', OPTIONAL)],
      { strategy: 'one_for_all' },
      'the loss of b, which is optional, would by one_for_all restart a, which is required'
    ],
    [
      'an optional child before a required one by rest_for_one',
      [spec('a', OPTIONAL), spec('b')],
      { strategy: 'rest_for_one' },
      'the loss of a, which is optional, would by rest_for_one restart b, which is required'
    ],
    [
      'no time to start',
      [{ ...spec('a'), startTimeoutMs: 0 }],
      {},
      'a has startTimeoutMs 0: it must be more than 0'
    ],
    [
      'no end of time to stop',
      [{ ...spec('a'), shutdownMs: Infinity }],
      {},
      'a has shutdownMs Infinity: it must be more than 0'
    ],
    [
      'less than no restarts',
      [],
      { intensity: { restarts: -1, withinMs: 1 } },
      'intensity.restarts must be 0 or more, got -1'
    ],
    [
      'a window of no time',
      [],
      { intensity: { restarts: 1, withinMs: 0 } },
      'intensity.withinMs must be more than 0, got 0'
    ],
    [
      'a backoff whose bounds are crossed',
      [],
      { backoff: { baseMs: 2, maxMs: 1 } },
      'backoff must have 0 ≤ baseMs ≤ maxMs, got 2 and 1'
    ],
    ['settling in no time', [], { settledMs: NaN }, 'settledMs must be more than 0, got NaN'],
    [
      'more children than one may have',
      Array.from({ length: MAX_CHILDREN + 1 }, (_, n) => spec(`c${String(n)}`)),
      {},
      '65 children are more than the 64 of one supervisor'
    ]
  ];
  for (const [what, specs, policy, fault] of cases) {
    it(`names ${what}`, () => {
      expect(impossibleIn(specs, policyOf(policy))).to.deep.equal([fault]);
    });
  }

  it('names everything at once', () => {
    const specs = [spec('a'), spec('a'), spec('b', { restart: 'temporary', requires: ['c'] })];
    expect(impossibleIn(specs, policyOf({ settledMs: 0 }))).to.have.length(4);
  });
});

describe('startOrder', () => {
  it('is the given order when nothing is required', () => {
    const specs = [spec('b'), spec('a'), spec('c')];
    expect(startOrder(specs)).to.deep.equal(specs);
  });

  it('puts each child behind all that it requires, and moves nothing else', () => {
    const numbers = fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(numbers, fc.infiniteStream(fc.boolean()), (ids, isRequired) => {
        // A child may require only children with smaller numbers, so that there is no circle.
        const specs = ids.map((id) =>
          spec(String(id), {
            requires: ids.filter((other) => other < id && isRequired.next().value).map(String)
          })
        );
        const order = startOrder(specs).map(({ id }) => id);
        expect([...order].sort()).to.deep.equal(ids.map(String).sort());
        for (const { id, requires = [] } of specs) {
          for (const other of requires) expect(order.indexOf(other)).to.be.below(order.indexOf(id));
        }
        if (specs.every(({ requires = [] }) => requires.length === 0)) {
          expect(order).to.deep.equal(ids.map(String));
        }
      })
    );
  });
});
