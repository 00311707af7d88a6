/** The actors as a tree to look at: a keeper and the child that it keeps are one node. Threads are not in it. */
import type { ActorState, ActorStates } from '../states/actor-state.js';
import { subjectOf, type Subject } from '../states/actor-key.js';
import { stateWords } from '../states/state-tone.js';

/** Most nodes of a tree; a server has some thirty. */
export const TREE_NODES_MAX = 500;

/** One node. */
export interface TreeNode {
  readonly subject: Subject;
  readonly name: string;
  /** What is shown of it: the child where there is one, else its keeper. */
  readonly actor: ActorState;
  /** Its keeper, where that is another one. */
  readonly keeper: ActorState | null;
  readonly children: readonly TreeNode[];
}

/** How a tree is narrowed down; an ancestor of what is left stays. */
export interface TreeFilter {
  /** Part of a name, a machine or a state, in any case. */
  readonly text: string;
  /** Id of a machine; empty for all. */
  readonly chart: string;
}

/** Makes the tree of actors that live at one moment. */
export function actorTree(
  states: ActorStates,
  filter: TreeFilter = { text: '', chart: '' }
): TreeNode[] {
  const children = new Map<string | null, ActorState[]>();
  let count = 0;
  for (const state of states.values()) {
    if (state.thread !== null || count++ >= TREE_NODES_MAX) continue;
    // Whose maker is not known hangs at the top: it must be seen somewhere.
    const above = state.parentId !== null && states.has(state.parentId) ? state.parentId : null;
    const siblings = children.get(above);
    if (siblings === undefined) children.set(above, [state]);
    else siblings.push(state);
  }
  const nodesOf = (parent: string | null): TreeNode[] =>
    (children.get(parent) ?? [])
      .sort((one, other) => one.order - other.order)
      .map(nodeOf)
      .filter((node) => node !== null);
  const nodeOf = (state: ActorState): TreeNode | null => {
    const kept = children.get(state.sessionId)?.find((child) => isKept(state, child));
    const actor = kept ?? state;
    const below = nodesOf(actor.sessionId);
    const node: TreeNode = {
      subject: subjectOf(actor, states),
      name: actor.name,
      actor,
      keeper: kept === undefined ? null : state,
      children: below
    };
    return below.length > 0 || isWanted(node, filter) ? node : null;
  };
  return nodesOf(null);
}

/** Machines of the actors of the tree, by name. */
export function chartsIn(states: ActorStates): string[] {
  const charts = new Set<string>();
  for (const { chart, thread } of states.values()) {
    if (chart !== null && thread === null) charts.add(chart);
  }
  return [...charts].sort();
}

/** What of a keeper's state is worth a word beside that of its child; empty while all is as it should be. */
export function keeperWords(keeper: ActorState | null): string {
  if (keeper === null) return '';
  const words = stateWords(keeper);
  return words === 'alive › up' || words === 'alive › starting' ? '' : words;
}

function isKept(keeper: ActorState, child: ActorState): boolean {
  return keeper.chart === 'keeper' && child.name === keeper.name;
}

function isWanted({ name, actor, keeper }: TreeNode, { text, chart }: TreeFilter): boolean {
  const isOfChart = chart === '' || actor.chart === chart || keeper?.chart === chart;
  if (!isOfChart) return false;
  const wanted = text.trim().toLowerCase();
  return [name, actor.chart ?? '', stateWords(actor)].some((one) =>
    one.toLowerCase().includes(wanted)
  );
}
