import { expect } from 'chai';
import { subjectHash } from '../../../../../client/pages/inspect/states/actor-key.js';
import {
  actorTree,
  chartsIn,
  keeperWords,
  TREE_NODES_MAX,
  type TreeNode
} from '../../../../../client/pages/inspect/recording/actor-tree.js';
import { inState, met, timelineOf, type Who } from '../recorded.js';

const ROOT = { sessionId: 'x:0', name: 'root', chart: 'startup' };
const SERVICES = { sessionId: 'x:1', name: 'services', chart: 'supervisor', parentId: 'x:0' };
const KEEPER = { sessionId: 'x:2', name: 'clickhouse', chart: 'keeper', parentId: 'x:1' };
const CHILD = { sessionId: 'x:3', name: 'clickhouse', chart: 'clickhouse', parentId: 'x:2' };
const PROMISE = { sessionId: 'x:4', name: 'connect', chart: null, parentId: 'x:3' };

function treeOf(actors: readonly Who[], filter?: Parameters<typeof actorTree>[1]): string[] {
  const lines: string[] = [];
  const write = (node: TreeNode, depth: number): void => {
    const keeper = node.keeper === null ? '' : ` kept by ${node.keeper.sessionId}`;
    lines.push(
      `${'  '.repeat(depth)}${subjectHash(node.subject).slice(8)} ${node.actor.sessionId}${keeper}`
    );
    for (const child of node.children) write(child, depth + 1);
  };
  const messages = actors.map((who, index) => met(index + 1, who));
  for (const node of actorTree(timelineOf(messages).now, filter)) write(node, 0);
  return lines;
}

describe('actorTree', () => {
  it('shows a keeper and the child that it keeps as one', () => {
    expect(treeOf([ROOT, SERVICES, KEEPER, CHILD, PROMISE])).to.eql([
      'root x:0',
      '  services x:1',
      '    clickhouse x:3 kept by x:2',
      '      clickhouse/connect x:4'
    ]);
  });

  it('shows a keeper without a child by itself', () => {
    expect(treeOf([ROOT, SERVICES, KEEPER])).to.eql([
      'root x:0',
      '  services x:1',
      '    clickhouse/keeper x:2'
    ]);
  });

  it('hangs at the top what was made by somebody who is not known', () => {
    expect(treeOf([ROOT, CHILD])).to.eql(['root x:0', 'clickhouse x:3']);
  });

  it('leaves threads out', () => {
    const thread = { sessionId: 'x:9', name: 'delivery:t', chart: 'delivery', thread: 't' };
    expect(treeOf([ROOT, thread])).to.eql(['root x:0']);
  });

  it('keeps what is above of what is looked for by name, machine or state', () => {
    const all = [ROOT, SERVICES, KEEPER, CHILD];
    const found = ['root x:0', '  services x:1', '    clickhouse x:3 kept by x:2'];
    expect(treeOf(all, { text: 'HOUSE', chart: '' })).to.eql(found);
    expect(treeOf(all, { text: '', chart: 'clickhouse' })).to.eql(found);
    expect(treeOf(all, { text: '', chart: 'keeper' })).to.eql(found);
    expect(treeOf(all, { text: 'nobody', chart: '' })).to.eql([]);
  });

  it('is bounded', () => {
    const many = Array.from({ length: TREE_NODES_MAX + 10 }, (_, n) => ({
      ...PROMISE,
      sessionId: `p:${String(n)}`,
      parentId: 'x:0'
    }));
    expect(treeOf([ROOT, ...many])).to.have.length(TREE_NODES_MAX);
  });
});

describe('chartsIn', () => {
  it('are the machines of the tree, each once', () => {
    const { now } = timelineOf([ROOT, SERVICES, KEEPER, PROMISE].map((who, n) => met(n + 1, who)));
    expect(chartsIn(now)).to.eql(['keeper', 'startup', 'supervisor']);
  });
});

describe('keeperWords', () => {
  const wordsIn = (value: Parameters<typeof inState>[0]): string => {
    const [keeper] = [...timelineOf([met(1, KEEPER, inState(value))]).now.values()];
    return keeperWords(keeper ?? null);
  };

  it('are nothing while all is as it should be', () => {
    expect([wordsIn({ alive: 'up' }), wordsIn({ alive: 'starting' }), keeperWords(null)]).to.eql([
      '',
      '',
      ''
    ]);
  });

  it('are its state when that is of interest', () => {
    expect(wordsIn('waiting')).to.equal('waiting');
    expect(wordsIn({ alive: 'stopping' })).to.equal('alive › stopping');
  });
});
