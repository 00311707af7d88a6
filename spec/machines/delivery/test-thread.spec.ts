import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { isTestThread, TEST_THREAD_PREFIXES } from '../../../machines/delivery/test-thread.js';

interface Case {
  threadId?: unknown;
  threadIdGen?: { prefix: string; repeat: string; times: number; suffix: string };
  isTest: boolean;
}

const { rule, cases } = JSON.parse(
  readFileSync(new URL('../../cases/classifier.json', import.meta.url), 'utf8')
) as { rule: { prefixes: string[] }; cases: Case[] };

function idOf({ threadId, threadIdGen: gen }: Case): unknown {
  return gen === undefined ? threadId : gen.prefix + gen.repeat.repeat(gen.times) + gen.suffix;
}

/** The same rule in another form: one anchored, case-sensitive expression. */
const RULE = new RegExp(`^(?:${rule.prefixes.join('|')})`);

describe('isTestThread', () => {
  it('knows the seven prefixes of the rule', () => {
    expect(TEST_THREAD_PREFIXES).to.deep.equal(rule.prefixes);
  });

  it('is given all 72 cases', () => {
    expect(cases).to.have.length(72);
  });

  cases.forEach((one, index) => {
    const id = idOf(one);
    const shown = typeof id === 'string' && id.length > 60 ? `${id.slice(0, 60)}…` : id;
    it(`says ${String(one.isTest)} in case ${String(index + 1)}, ${JSON.stringify(shown)}`, () => {
      expect(isTestThread(id)).to.equal(one.isTest);
    });
  });

  it('agrees with the rule on any string', () => {
    const near = fc
      .tuple(
        fc.constantFrom('', ' ', '\n', '\u200b', 'x', '_'),
        fc.constantFrom(...TEST_THREAD_PREFIXES),
        fc.nat(16),
        fc.constantFrom(
          (text: string) => text,
          (text: string) => text.toUpperCase()
        ),
        fc.string()
      )
      .map(([before, prefix, kept, turn, rest]) => before + turn(prefix.slice(0, kept)) + rest);
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: 'binary' })), (id) => {
        expect(isTestThread(id)).to.equal(RULE.test(id));
      }),
      { numRuns: 2_000 }
    );
  });

  it('answers false and throws nothing when given anything but a string', () => {
    const anything = fc
      .anything({
        withBigInt: true,
        withDate: true,
        withNullPrototype: true,
        withSparseArray: true
      })
      .filter((value) => typeof value !== 'string');
    fc.assert(
      fc.property(anything, (value) => {
        expect(isTestThread(value)).to.equal(false);
      })
    );
    expect(isTestThread(new String('test_1'))).to.equal(false);
  });

  it('goes by the configured prefixes alone when there are some', () => {
    expect(isTestThread('demo_1', ['demo_'])).to.equal(true);
    expect(isTestThread('test_1', ['demo_'])).to.equal(false);
    expect(isTestThread('test_1', [])).to.equal(false);
  });
});
