/**
 * Gives every state and transition of a chart its place, by ELK's layered layout. Takes its time, so it is for
 * `layout-worker.ts`.
 */
import Elk, { type ElkExtendedEdge, type ElkNode, type LayoutOptions } from 'elkjs';
import { CHART_SIZES, type ChartLayout } from '../../../protocol/inspection.js';
import type { ChartGraph, GraphEdge, GraphNode } from './chart-graph.js';
import { backwards } from './chart-order.js';
import { BAR_PX, labelSize, stateText } from './chart-measure.js';
import { dotId, initialId, nodeId, placedChart } from './chart-places.js';

const { padPx, insetPx, gapPx, marginPx, dotPx } = CHART_SIZES;

/** Around the whole chart: as much as the border of its outermost state needs. */
const EDGE_OF_PICTURE_PX = 2;

/** A chart that is wider than this has to be made smaller to be seen, in a window beside a list or in a document. */
const READABLE_WIDTH_PX = 1_100;

/** What making it twice as wide as it may be costs, in pixels of height: rather long than too small to be read. */
const TOO_WIDE_PX = 2_000;

type Direction = 'DOWN' | 'RIGHT';

/** Both are tried. */
const DIRECTIONS: readonly Direction[] = ['DOWN', 'RIGHT'];

// Each state with others inside is a graph of its own for ELK, and takes nothing from the one around it.
const OPTIONS: LayoutOptions = {
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.randomSeed': '1',
  'elk.spacing.nodeNode': '24',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '3',
  'elk.spacing.labelNode': '6',
  'elk.spacing.labelLabel': '6',
  'elk.layered.spacing.nodeNodeBetweenLayers': '24',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.nodePlacement.favorStraightEdges': 'true',
  'elk.layered.thoroughness': '20'
};

/** Answers the chart with a place for everything, from the top down or from left to right: what is read better. */
export async function layoutChart(graph: ChartGraph): Promise<ChartLayout> {
  const layouts: ChartLayout[] = [];
  for (const direction of DIRECTIONS) {
    layouts.push(placedChart(graph, await run(elkGraph(graph, direction))));
  }
  return layouts.reduce((best, other) => (cost(other) < cost(best) ? other : best));
}

async function run(root: ElkNode): Promise<ElkNode> {
  const { children = [], edges = [], ...rest } = await new Elk.default().layout(root);
  return { ...rest, children, edges };
}

/** How hard a chart is to read. */
function cost({ width, height }: ChartLayout): number {
  return height + TOO_WIDE_PX * Math.max(1, width / READABLE_WIDTH_PX);
}

function elkGraph(graph: ChartGraph, direction: Direction): ElkNode {
  const { nodes, edges } = graph;
  const back = backwards(graph);
  const options = { ...OPTIONS, 'elk.direction': direction };
  const inside = (parent: string | null): ElkNode[] =>
    nodes
      .filter((node) => node.parent === parent)
      .flatMap((node) => [...(node.isInitial ? [elkDot(node)] : []), elkNode(node)]);
  const elkNode = (node: GraphNode): ElkNode => {
    const id = nodeId(node.id);
    const { title, body } = stateText(node, graph);
    const children = inside(node.id);
    const width = Math.max(title.width, body.width + 2 * padPx);
    if (children.length === 0) return { id, width, height: title.height + body.height + insetPx };
    // Arrows that go down into a state come in by its top, and none of them by what is left of its states.
    const isBeside = direction === 'DOWN' && body.height > 0 && edges.some(crosses(node.id));
    const height = body.height === 0 ? 0 : gapPx + body.height;
    const padding = isBeside
      ? paddingOf(BAR_PX + marginPx, padPx + body.width + marginPx)
      : paddingOf(BAR_PX + height + marginPx, marginPx);
    const minimum = `(${String(width)},${String(BAR_PX + height + insetPx)})`;
    return {
      id,
      children,
      layoutOptions: {
        ...options,
        'elk.padding': padding,
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.nodeSize.minimum': minimum
      }
    };
  };
  return {
    id: 'chart',
    children: inside(null),
    edges: [
      ...nodes.filter(({ isInitial }) => isInitial).map(elkInitial),
      ...edges.filter(({ isInside }) => !isInside).map((edge) => elkEdge(edge, back.has(edge.id)))
    ],
    layoutOptions: {
      ...options,
      'elk.padding': `[top=${String(EDGE_OF_PICTURE_PX)},left=${String(EDGE_OF_PICTURE_PX)},bottom=${String(EDGE_OF_PICTURE_PX)},right=${String(EDGE_OF_PICTURE_PX)}]`
    }
  };
}

function paddingOf(top: number, left: number): string {
  return `[top=${String(top)},left=${String(left)},bottom=${String(marginPx)},right=${String(marginPx)}]`;
}

/** Whether a transition goes from what is inside a state to what is not, or the other way. */
function crosses(id: string): (edge: GraphEdge) => boolean {
  const isInside = (other: string) => other !== id && (id === '' || other.startsWith(`${id}.`));
  return ({ source, target }) => isInside(source) !== isInside(target);
}

function elkDot({ id }: GraphNode): ElkNode {
  return {
    id: dotId(id),
    width: dotPx,
    height: dotPx,
    layoutOptions: { 'elk.layered.layering.layerConstraint': 'FIRST' }
  };
}

function elkInitial({ id }: GraphNode): ElkExtendedEdge {
  return { id: initialId(id), sources: [dotId(id)], targets: [nodeId(id)] };
}

// ELK lays out what goes down: what goes back is given to it from its end to its start, and read the other way round.
function elkEdge({ id, source, target, lines }: GraphEdge, isBack: boolean): ElkExtendedEdge {
  const label = { id: `label ${id}`, text: lines.join('\n'), ...labelSize(lines) };
  return {
    id,
    sources: [nodeId(isBack ? target : source)],
    targets: [nodeId(isBack ? source : target)],
    labels: lines.length === 0 ? [] : [label]
  };
}
