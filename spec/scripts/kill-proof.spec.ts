import { expect } from 'chai';
import {
  proveByKill,
  type ProofOptions,
  type ProofReport
} from '../../scripts/kill-proof/proof.js';
import { Farewells } from '../../scripts/kill-proof/farewells.js';
import { judge, type Evidence } from '../../scripts/kill-proof/verdict.js';
import { seeded } from '../../scripts/kill-proof/random.js';

/** How often a short run ends the server. The long runs: `npm run kill-proof`, `npm run restart-proof`. */
const CYCLES = 3;

const CLEAN = { count: 0, words: [] };

/** Two messages of one publisher, as they are when all is well. */
function good(): Evidence {
  const rows = [
    { offset: 1, mid: 'p-1', text: 'one' },
    { offset: 2, mid: 'p-2', text: 'two' }
  ];
  return {
    stored: new Map([['t', rows]]),
    exported: new Map([['t', rows]]),
    publishers: [
      {
        sent: new Map(rows.map(({ mid, text }) => [mid, { thread: 't', mid, text }])),
        acked: new Map(
          rows.map(({ mid, offset }) => [mid, { thread: 't', mid, offset, epoch: 'x' }])
        ),
        faults: CLEAN
      }
    ],
    witnesses: [{ name: 'w', threads: new Map([['t', ['p-1', 'p-2']]]), faults: CLEAN }],
    check: CLEAN,
    badLines: CLEAN,
    exits: CLEAN,
    goodbyes: { told: 2, missing: CLEAN }
  };
}

/** Names of the checks that find a fault. */
function failing(evidence: Evidence): string[] {
  return judge(evidence)
    .filter(({ faults }) => faults.count > 0)
    .map(({ name }) => name);
}

/** Runs a short proof; returns everything that does not hold, in words. */
async function prove(
  signal: ProofOptions['signal']
): Promise<{ faults: string[]; figures: ProofReport['figures'] }> {
  const { checks, figures } = await proveByKill({
    cycles: CYCLES,
    seed: 11,
    durability: 'disk',
    signal
  });
  const faults = checks.flatMap(({ name, faults: { words } }) =>
    words.map((fault) => `${name}: ${fault}`)
  );
  return { faults, figures };
}

describe('proveByKill', function () {
  this.timeout(120_000);

  it(`holds through ${String(CYCLES)} kills at random moments`, async () => {
    const { faults, figures } = await prove('SIGKILL');
    expect(faults).to.deep.equal([]);
    expect(figures.kills).to.equal(CYCLES);
    expect(figures.acked).to.be.greaterThan(CYCLES);
  });

  it(`holds through ${String(CYCLES)} restarts, with a goodbye for everybody`, async () => {
    const { faults, figures } = await prove('SIGTERM');
    expect(faults).to.deep.equal([]);
    expect(figures.kills).to.equal(CYCLES);
    expect(figures.acked).to.be.greaterThan(CYCLES);
    expect(figures.told).to.be.greaterThan(CYCLES);
  });
});

describe('judge', () => {
  const ACKED = 'every acked message is stored exactly once, where the ack said';
  const TWICE = 'nothing is stored twice, and nothing that was not sent';
  const UNACKED = 'every message that was sent has its ack';
  const GAPLESS = 'offsets are gapless';
  const SEEN = 'every subscriber saw every offset exactly once';
  const FILES = 'the files of the stopped server are whole and hold the same';
  const ERRORS = 'no server wrote an error line';
  const EXITS = 'every server ended as it was told to';
  const GOODBYES = 'every connection ended with a goodbye that says when to come back';

  it('finds nothing when all is well', () => {
    expect(failing(good())).to.deep.equal([]);
  });

  it('finds an acked message that is lost', () => {
    const evidence = good();
    const [publisher] = evidence.publishers;
    const sent = { thread: 't', mid: 'p-3', text: 'three' };
    const publishers = [
      {
        ...publisher!,
        sent: new Map([...publisher!.sent, ['p-3', sent]]),
        acked: new Map([
          ...publisher!.acked,
          ['p-3', { thread: 't', mid: 'p-3', offset: 3, epoch: 'x' }]
        ])
      }
    ];
    expect(failing({ ...evidence, publishers })).to.deep.equal([ACKED]);
  });

  it('finds a message that is stored twice', () => {
    const evidence = good();
    const rows = [...evidence.stored.get('t')!, { offset: 3, mid: 'p-2', text: 'two' }];
    const all = { ...evidence, stored: new Map([['t', rows]]), exported: new Map([['t', rows]]) };
    expect(failing(all)).to.deep.equal([TWICE, SEEN]);
  });

  it('finds a stored message that is not as it was sent', () => {
    const evidence = good();
    const rows = evidence.stored.get('t')!.map((row) => ({ ...row, text: 'other' }));
    expect(failing({ ...evidence, stored: new Map([['t', rows]]) })).to.deep.equal([TWICE]);
  });

  it('finds a message that never got its ack', () => {
    const evidence = good();
    const [publisher] = evidence.publishers;
    const publishers = [{ ...publisher!, acked: new Map([...publisher!.acked].slice(1)) }];
    expect(failing({ ...evidence, publishers })).to.deep.equal([UNACKED]);
  });

  it('finds a hole in the offsets', () => {
    const evidence = good();
    const [first] = evidence.stored.get('t')!;
    const rows = [first!, { offset: 3, mid: 'p-2', text: 'two' }];
    const all = { ...evidence, stored: new Map([['t', rows]]), exported: new Map([['t', rows]]) };
    expect(failing(all)).to.deep.equal([ACKED, GAPLESS]);
  });

  it('finds a subscriber that missed the newest message', () => {
    const witnesses = [{ name: 'w', threads: new Map([['t', ['p-1']]]), faults: CLEAN }];
    expect(failing({ ...good(), witnesses })).to.deep.equal([SEEN]);
  });

  it('finds a subscriber that saw another message at an offset', () => {
    const witnesses = [{ name: 'w', threads: new Map([['t', ['p-1', 'p-9']]]), faults: CLEAN }];
    expect(failing({ ...good(), witnesses })).to.deep.equal([SEEN]);
  });

  it('finds files that hold less than the API answered', () => {
    expect(failing({ ...good(), exported: new Map() })).to.deep.equal([FILES]);
  });

  it('finds a connection that ended without a goodbye, where there must be one', () => {
    const goodbyes = { told: 1, missing: { count: 1, words: ['cut'] } };
    expect(failing({ ...good(), goodbyes })).to.deep.equal([GOODBYES]);
    expect(failing({ ...good(), goodbyes: null })).to.deep.equal([]);
  });

  it('passes on what went wrong on the way', () => {
    const fault = { count: 1, words: ['wrong'] };
    const evidence = good();
    const publishers = evidence.publishers.map((one) => ({ ...one, faults: fault }));
    const witnesses = evidence.witnesses.map((one) => ({ ...one, faults: fault }));
    const all = { ...evidence, publishers, witnesses, check: fault, badLines: fault, exits: fault };
    expect(failing(all)).to.deep.equal([ACKED, SEEN, FILES, ERRORS, EXITS]);
  });
});

describe('Farewells', () => {
  const TOLD = { type: 'disconnect', code: 3001, afterMs: 700 };
  const after = (frames: readonly object[], isOurs = false): [number, number] => {
    const farewells = new Farewells('w');
    const farewell = farewells.begin();
    for (const frame of frames) farewell.frame(frame);
    if (isOurs) farewell.ours();
    farewell.end('with 1006');
    return [farewells.told, farewells.cut.count];
  };

  it('counts a connection that was told when to come back', () => {
    expect(after([{ type: 'connected' }, TOLD])).to.deep.equal([1, 0]);
  });

  for (const [what, frame] of [
    ['is told nothing', { type: 'message' }],
    ['is told another code', { ...TOLD, code: 3008 }],
    ['is not told when to come back', { type: 'disconnect', code: 3001 }]
  ] as const) {
    it(`finds one that ${what}`, () => {
      expect(after([{ type: 'connected' }, frame])).to.deep.equal([0, 1]);
    });
  }

  it('passes over one that was never let in, and one that the client cut', () => {
    expect(after([])).to.deep.equal([0, 0]);
    expect(after([{ type: 'subscribed' }], true)).to.deep.equal([0, 0]);
  });
});

describe('seeded', () => {
  it('repeats itself when the seed is the same, and stays in [0, 1)', () => {
    const draw = (seed: number): number[] => Array.from({ length: 1_000 }, seeded(seed));
    expect(draw(7)).to.deep.equal(draw(7));
    expect(draw(7)).to.not.deep.equal(draw(8));
    expect(draw(7).every((number) => number >= 0 && number < 1)).to.equal(true);
  });
});
