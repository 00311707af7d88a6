/**
 * Gives every state and transition of a chart its place, by ELK's layered layout. Takes its time, so it is for
 * `layout-worker.ts`.
 */
import Elk, { type ElkExtendedEdge, type ElkNode } from 'elkjs';
import {
  CHART_SIZES,
  type ChartBox,
  type ChartEdge,
  type ChartInitial,
  type ChartLayout,
  type ChartNode,
  type ChartPoint
} from '../inspection-protocol.js';
import type { ChartGraph, GraphEdge, GraphNode } from './chart-graph.js';

const { titleCharacterPx, titleLinePx, lineCharacterPx, lineHeightPx } = CHART_SIZES;
const { padPx, insetPx, gapPx, labelPadPx, marginPx, dotPx } = CHART_SIZES;

/** Widths per height that a chart should have: that of a window with a list beside it. */
const IDEAL_RATIO = 1.5;

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.randomSeed': '1',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '4',
  'elk.spacing.labelNode': '8',
  'elk.spacing.labelLabel': '8',
  'elk.layered.spacing.nodeNodeBetweenLayers': '28',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.cycleBreaking.strategy': 'GREEDY_MODEL_ORDER',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.nodePlacement.favorStraightEdges': 'true',
  'elk.layered.crossingMinimization.greedySwitch.type': 'TWO_SIDED',
  'elk.layered.edgeLabels.centerLabelPlacementStrategy': 'MEDIAN_LAYER',
  'elk.padding': `[top=${String(marginPx)},left=${String(marginPx)},bottom=${String(marginPx)},right=${String(marginPx)}]`
};

/** Answers the chart with a place for everything: of the ways to lay it out the one that fits a window best. */
export async function layoutChart(graph: ChartGraph): Promise<ChartLayout> {
  const layouts: ChartLayout[] = [];
  for (const direction of ['DOWN', 'RIGHT']) {
    layouts.push(placed(graph, await run(elkGraph(graph, direction))));
  }
  return layouts.reduce((best, other) => (misfit(other) < misfit(best) ? other : best));
}

async function run(root: ElkNode): Promise<ElkNode> {
  const { children = [], edges = [], ...rest } = await new Elk.default().layout(root);
  return { ...rest, children, edges };
}

/** How small a chart is when a window shows all of it: its width, or its height as if that were a width. */
function misfit({ width, height }: ChartLayout): number {
  return Math.max(width, height * IDEAL_RATIO);
}

function elkGraph({ nodes, edges }: ChartGraph, direction: string): ElkNode {
  const inside = (parent: string | null): ElkNode[] =>
    nodes
      .filter((node) => node.parent === parent)
      .flatMap((node) => [...(node.isInitial ? [dotOf(node)] : []), elkNode(node)]);
  const elkNode = (node: GraphNode): ElkNode => {
    const { width, height } = headSize(node, edges);
    const children = inside(node.id);
    if (children.length === 0) return { id: nodeId(node.id), width, height };
    return {
      id: nodeId(node.id),
      children,
      layoutOptions: {
        'elk.padding': `[top=${String(height + marginPx)},left=${String(marginPx)},bottom=${String(marginPx)},right=${String(marginPx)}]`,
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.nodeSize.minimum': `(${String(width)},${String(height)})`
      }
    };
  };
  return {
    id: 'chart',
    children: inside(null),
    edges: [
      ...nodes.filter(({ isInitial }) => isInitial).map(initialEdge),
      ...edges.filter(({ isInside }) => !isInside).map(elkEdge)
    ],
    layoutOptions: { ...OPTIONS, 'elk.direction': direction }
  };
}

// What is empty is no id for ELK, and that of the root is.
const nodeId = (id: string) => `state ${id}`;
const dotId = (id: string) => `dot ${id}`;
const initialId = (id: string) => `initial ${id}`;

function dotOf({ id }: GraphNode): ElkNode {
  return { id: dotId(id), width: dotPx, height: dotPx };
}

function initialEdge({ id }: GraphNode): ElkExtendedEdge {
  return { id: initialId(id), sources: [dotId(id)], targets: [nodeId(id)] };
}

function elkEdge({ id, source, target, lines }: GraphEdge): ElkExtendedEdge {
  return {
    id,
    sources: [nodeId(source)],
    targets: [nodeId(target)],
    labels:
      lines.length === 0 ? [] : [{ id: `label ${id}`, text: lines.join('\n'), ...labelSize(lines) }]
  };
}

function widthOf(lines: readonly string[]): number {
  return Math.ceil(Math.max(0, ...lines.map(({ length }) => length)) * lineCharacterPx);
}

function labelSize(lines: readonly string[]): { width: number; height: number } {
  return {
    width: widthOf(lines) + 2 * labelPadPx,
    height: lines.length * lineHeightPx + 2 * labelPadPx
  };
}

/** Size of what is written in a state: name, lines, and the transitions that have no target. */
function headSize(
  { id, key, lines }: GraphNode,
  edges: readonly GraphEdge[]
): { width: number; height: number } {
  const rows = rowsOf(id, edges).flatMap((row) => row.lines);
  const width = Math.max(key.length * titleCharacterPx, widthOf([...lines, ...rows]));
  return {
    width: Math.ceil(width) + 2 * padPx,
    height:
      2 * insetPx +
      titleLinePx +
      (lines.length + rows.length) * lineHeightPx +
      (rows.length === 0 ? 0 : gapPx)
  };
}

function rowsOf(id: string, edges: readonly GraphEdge[]): readonly GraphEdge[] {
  return edges.filter(({ source, isInside }) => isInside && source === id);
}

function placed(graph: ChartGraph, root: ElkNode): ChartLayout {
  const boxes = new Map<string, ChartBox>();
  const collect = (node: ElkNode): void => {
    boxes.set(node.id, boxOf(node));
    for (const child of node.children ?? []) collect(child);
  };
  collect(root);
  const ways = new Map((root.edges ?? []).map((edge) => [edge.id, edge]));
  const nodes = graph.nodes.map((node): ChartNode => ({
    ...node,
    ...found(boxes, nodeId(node.id))
  }));
  const rows = new Map(nodes.flatMap((node) => [...rowBoxes(node, graph.edges)]));
  return {
    hash: graph.hash,
    chart: graph.chart,
    width: Math.ceil(root.width ?? 0),
    height: Math.ceil(root.height ?? 0),
    nodes,
    edges: graph.edges.map(({ isInside, ...edge }): ChartEdge => {
      if (isInside) return { ...edge, points: [], label: rows.get(edge.id) ?? null };
      const way = found(ways, edge.id);
      const [label] = way.labels ?? [];
      return { ...edge, points: pointsOf(way), label: label === undefined ? null : boxOf(label) };
    }),
    initials: graph.nodes
      .filter(({ isInitial }) => isInitial)
      .map(({ id }): ChartInitial => {
        const { x, y } = found(boxes, dotId(id));
        const [, ...points] = pointsOf(found(ways, initialId(id)));
        return { target: id, points: [[x + dotPx / 2, y + dotPx / 2], ...points] };
      })
  };
}

function found<T>(places: ReadonlyMap<string, T>, id: string): T {
  const place = places.get(id);
  if (place === undefined) throw new Error(`the layout has lost ${id}`);
  return place;
}

const rounded = (length = 0) => Math.round(length * 10) / 10;

function boxOf({ x, y, width, height }: Partial<ChartBox>): ChartBox {
  return { x: rounded(x), y: rounded(y), width: rounded(width), height: rounded(height) };
}

function pointsOf({ sections = [] }: ElkExtendedEdge): ChartPoint[] {
  return sections
    .flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint])
    .map(({ x, y }): ChartPoint => [rounded(x), rounded(y)]);
}

/** Where the transitions go that are written in their state: below its lines, one after the other. */
function rowBoxes(
  { id, x, y, width, lines }: ChartNode,
  edges: readonly GraphEdge[]
): Map<string, ChartBox> {
  const boxes = new Map<string, ChartBox>();
  let top = y + insetPx + titleLinePx + lines.length * lineHeightPx + gapPx;
  for (const row of rowsOf(id, edges)) {
    const height = row.lines.length * lineHeightPx;
    boxes.set(row.id, { x: x + padPx, y: top, width: width - 2 * padPx, height });
    top += height;
  }
  return boxes;
}
