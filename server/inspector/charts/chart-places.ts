/** Reads the positions of a chart's states and transitions from ELK's result. */
import type { ElkExtendedEdge, ElkNode } from 'elkjs';
import {
  CHART_SIZES,
  type ChartBox,
  type ChartEdge,
  type ChartInitial,
  type ChartLayout,
  type ChartNode,
  type ChartPoint
} from '../../../protocol/chart-layout.js';
import type { ChartGraph, GraphNode } from './chart-graph.js';
import { backwards } from './chart-order.js';
import { BAR_PX, stateText, type StateText } from './chart-measure.js';

const { padPx, gapPx, dotPx } = CHART_SIZES;

/** Returns ELK's id of a state; the root's own id is empty, which ELK does not allow. */
export const nodeId = (id: string) => `state ${id}`;

/** Returns ELK's id of the dot that points to an initial state. */
export const dotId = (id: string) => `dot ${id}`;

/** Returns ELK's id of the arrow from that dot. */
export const initialId = (id: string) => `initial ${id}`;

/** Returns the chart with its positions. */
export function placedChart(graph: ChartGraph, root: ElkNode): ChartLayout {
  const { hash, chart, nodes, edges } = graph;
  const boxes = new Map(withAllInside(root).map((node) => [node.id, boxOf(node)]));
  const back = backwards(graph);
  const ways = new Map((root.edges ?? []).map((edge) => [edge.id, edge]));
  const rows = new Map<string, ChartBox>();
  const placedNodes = nodes.map((node): ChartNode => {
    const text = stateText(node, graph);
    const placed = placedNode(node, found(boxes, nodeId(node.id)));
    for (const [id, box] of rowBoxes(placed, text)) rows.set(id, box);
    return placed;
  });
  return {
    hash,
    chart,
    width: Math.ceil(root.width ?? 0),
    height: Math.ceil(root.height ?? 0),
    nodes: placedNodes,
    edges: edges.map(({ isInside, ...edge }): ChartEdge => {
      if (isInside) return { ...edge, points: [], label: found(rows, edge.id) };
      const way = found(ways, edge.id);
      const [label] = way.labels ?? [];
      const points = back.has(edge.id) ? pointsOf(way).reverse() : pointsOf(way);
      return { ...edge, points, label: label === undefined ? null : boxOf(label) };
    }),
    initials: nodes
      .filter(({ isInitial }) => isInitial)
      .map(({ id }): ChartInitial => {
        const { x, y } = found(boxes, dotId(id));
        const [, ...points] = pointsOf(found(ways, initialId(id)));
        return { target: id, points: [[x + dotPx / 2, y + dotPx / 2], ...points] };
      })
  };
}

function withAllInside(node: ElkNode): ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(withAllInside)];
}

function placedNode(node: GraphNode, box: ChartBox): ChartNode {
  const isGroup = node.kind === 'compound' || node.kind === 'parallel';
  return {
    ...node,
    ...box,
    linesAt: [box.x + padPx, box.y + BAR_PX + (isGroup ? gapPx : 0)]
  };
}

/** Returns the boxes of the transitions that are written in their state. */
function rowBoxes({ linesAt: [x, y] }: ChartNode, { body, rows }: StateText): [string, ChartBox][] {
  return [...rows].map(([id, { top, height }]) => [
    id,
    { x, y: y + top, width: body.width, height }
  ]);
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
