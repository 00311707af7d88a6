/** Builds the tree of actors. A keeper and its child are one node. Threads are left out. */
import type { ActorState, ActorStates } from '../states/actor-state.js';
import { subjectOf, type Subject } from '../states/actor-key.js';
import { stateWords } from '../states/state-tone.js';

/** Most actors in the tree; a server has about thirty. */
export const TREE_NODES_MAX = 500;

/** An actor of the recording, with its place in the tree. */
export interface TreeNode {
  readonly subject: Subject;
  readonly name: string;
  /** The actor shown: the child if there is one, else its keeper. */
  readonly actor: ActorState;
  /** The keeper of that actor; null when it has none or is the keeper itself. */
  readonly keeper: ActorState | null;
  readonly children: readonly TreeNode[];
}

/** Filter of the tree. Ancestors of matching nodes stay. */
export interface TreeFilter {
  /** Part of a name, a machine or a state; upper and lower case are the same. */
  readonly text: string;
  /** Id of a machine; empty for all. */
  readonly chart: string;
}

/** Builds the tree of the actors that exist at one moment. */
export function actorTree(
  states: ActorStates,
  filter: TreeFilter = { text: '', chart: '' }
): TreeNode[] {
  const children = new Map<string | null, ActorState[]>();
  let count = 0;
  for (const state of states.values()) {
    if (state.thread !== null || count++ >= TREE_NODES_MAX) continue;
    // An actor with an unknown parent goes to the top, so that it is shown at all.
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

/** Names of the machines in the tree, sorted. */
export function chartsIn(states: ActorStates): string[] {
  const charts = new Set<string>();
  for (const { chart, thread } of states.values()) {
    if (chart !== null && thread === null) charts.add(chart);
  }
  return [...charts].sort();
}

/** The state of a keeper in words; empty when it is normal and need not be shown beside its child's. */
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
