/**
 * A chart as states and transitions without positions, read from the running machine, so that it is not written down a
 * second time.
 */
import { createHash } from 'node:crypto';
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import type { ChartBox, ChartEdge, ChartNode } from '../../../protocol/chart-layout.js';
import {
  actionsWords,
  CHART_LINE_MAX,
  eventWords,
  guardWords,
  invokedWords,
  LABEL_LINE_MAX,
  listLines
} from './chart-words.js';

/** Characters of a chart's hash: 64 bits, so that no two of some hundreds of charts have the same. */
const HASH_LENGTH = 16;

/** A state without its position. */
export type GraphNode = Omit<ChartNode, keyof ChartBox | 'linesAt'>;

/** A transition without its points. */
export type GraphEdge = Omit<ChartEdge, 'points' | 'label'> & {
  /** Whether it neither leaves nor enters a state; it is then written in its state instead of drawn as an arrow. */
  readonly isInside: boolean;
};

/** A chart without positions. Charts that look the same have the same hash. */
export interface ChartGraph {
  readonly hash: string;
  /** Id of the machine. */
  readonly chart: string;
  /** Parents come before their children; the root is first. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

// Keyed by configuration, since a copy that `.provide()` makes shares the original's.
const graphs = new WeakMap<AnyStateMachine['config'], ChartGraph>();
const ids = new WeakMap<AnyTransitionDefinition, string>();

/** Returns the graph of a machine; it is built once per configuration. */
export function chartGraph(machine: AnyStateMachine): ChartGraph {
  const known = graphs.get(machine.config);
  if (known !== undefined) return known;
  const states = statesOf(machine.root);
  const nodes = states.map(nodeOf);
  const edges = states.flatMap(edgesOf);
  const chart = machine.id;
  const text = JSON.stringify({ chart, nodes, edges });
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
  const graph = { hash, chart, nodes, edges };
  graphs.set(machine.config, graph);
  return graph;
}

/** Returns the hash of a machine's chart; only a map lookup when the machine was seen before. */
export function chartHash(machine: AnyStateMachine): string {
  return chartGraph(machine).hash;
}

/**
 * Returns the id of a transition's edge, from `_transitions` of an `@xstate.microstep`; null for the entry of the
 * initial states, which is no edge.
 */
export function transitionId(definition: AnyTransitionDefinition): string | null {
  const known = ids.get(definition);
  if (known !== undefined) return known;
  const source: AnyStateNode = definition.source;
  const eventType: unknown = definition.eventType;
  // The entry of an initial state has null here, although the types do not say so.
  if (typeof eventType !== 'string') return null;
  const siblings = eventType === '' ? source.always : source.transitions.get(eventType);
  const index = siblings?.indexOf(definition) ?? -1;
  if (index < 0) return null;
  const id = edgeId(source, eventType, index);
  ids.set(definition, id);
  return id;
}

function edgeId(source: AnyStateNode, eventType: string, index: number): string {
  return `${stateId(source)}|${eventType}|${String(index)}`;
}

function stateId(node: AnyStateNode): string {
  return node.path.join('.');
}

function childrenOf(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states);
}

/** Returns a state and all states inside it, parents before their children. */
function statesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...childrenOf(node).flatMap(statesOf)];
}

function nodeOf(node: AnyStateNode): GraphNode {
  const { key, type, entry, exit, parent } = node;
  const tags: readonly string[] = node.tags;
  const invoked = node.invoke.map((_, index) => invokedWords(node, index));
  return {
    id: stateId(node),
    key,
    parent: parent === undefined ? null : stateId(parent),
    kind: type,
    isInitial: parent?.type === 'compound' && parent.initial.target[0] === node,
    lines: [
      ...(type === 'history' ? [node.history === 'deep' ? 'deep history' : 'history'] : []),
      ...listLines(
        '',
        tags.length === 0 ? [] : [tags.map((tag) => `#${tag}`).join(' ')],
        CHART_LINE_MAX
      ),
      ...listLines('entry /', actionsWords(entry), CHART_LINE_MAX),
      ...listLines('exit /', actionsWords(exit), CHART_LINE_MAX),
      ...listLines('invoke /', invoked, CHART_LINE_MAX)
    ]
  };
}

function edgesOf(source: AnyStateNode): GraphEdge[] {
  const always = (source.always ?? []).map((definition, index) =>
    edgeOf(source, '', index, definition)
  );
  const onEvents = [...source.transitions].flatMap(([eventType, definitions]) =>
    definitions.map((definition, index) => edgeOf(source, eventType, index, definition))
  );
  return [...always, ...onEvents];
}

function edgeOf(
  source: AnyStateNode,
  eventType: string,
  index: number,
  definition: AnyTransitionDefinition
): GraphEdge {
  const targets: readonly AnyStateNode[] = definition.target ?? [];
  const [first, ...others] = targets;
  const target = first === undefined ? source : commonAncestor(first, others);
  const isInternal = !definition.reenter && targets.every((state) => isWithin(state, source));
  const isAtomic = Object.keys(source.states).length === 0;
  const isInside = isInternal && (first === undefined || isAtomic);
  return {
    id: edgeId(source, eventType, index),
    source: stateId(source),
    target: stateId(target),
    isInside,
    isInternal,
    lines: linesOf(eventWords(source, eventType, delayOf(definition)), definition, isInside)
  };
}

function delayOf(definition: AnyTransitionDefinition): unknown {
  return 'delay' in definition ? definition.delay : undefined;
}

function linesOf(
  event: string,
  { guard, actions }: AnyTransitionDefinition,
  isInside: boolean
): string[] {
  const condition = guard === undefined ? '' : `[${guardWords(guard)}]`;
  const words = [event, condition].filter((word) => word !== '');
  const done = actionsWords(actions);
  if (!isInside) {
    const max = LABEL_LINE_MAX;
    return [...words.flatMap((word) => listLines('', [word], max)), ...listLines('/', done, max)];
  }
  // A line inside a state may be longer than one beside an arrow.
  const first = words.length === 0 ? [] : [words.join(' ')];
  const whole = [...first, ...(done.length === 0 ? [] : [`/ ${done.join(', ')}`])].join(' ');
  return whole.length <= CHART_LINE_MAX
    ? listLines('', [whole], CHART_LINE_MAX)
    : [...listLines('', first, CHART_LINE_MAX), ...listLines('/', done, CHART_LINE_MAX)];
}

function isWithin(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  return node === ancestor || (node.parent !== undefined && isWithin(node.parent, ancestor));
}

/** Returns the innermost state that contains all of these; the state itself when there is only one. */
function commonAncestor(first: AnyStateNode, others: readonly AnyStateNode[]): AnyStateNode {
  let ancestor = first;
  while (ancestor.parent !== undefined && !others.every((node) => isWithin(node, ancestor))) {
    ancestor = ancestor.parent;
  }
  return ancestor;
}
