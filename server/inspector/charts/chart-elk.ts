/** Lays out a chart with ELK's layered layout. It is slow, so only `layout-worker.ts` runs it. */
import Elk, { type ElkExtendedEdge, type ElkNode, type LayoutOptions } from 'elkjs';
import { CHART_SIZES, type ChartLayout } from '../../../protocol/chart-layout.js';
import type { ChartGraph, GraphEdge, GraphNode } from './chart-graph.js';
import { backwards } from './chart-order.js';
import { BAR_PX, labelSize, stateText } from './chart-measure.js';
import { dotId, initialId, nodeId, placedChart } from './chart-places.js';

const { padPx, insetPx, gapPx, marginPx, dotPx } = CHART_SIZES;

/** Space around the whole chart: as much as the border of its outermost state needs. */
const EDGE_OF_PICTURE_PX = 2;

/** A wider chart must be scaled down to fit beside a list in a window, or into a document. */
const READABLE_WIDTH_PX = 1_100;

/**
 * Cost of each {@link READABLE_WIDTH_PX} of width, in pixels of height: a long chart is better than one too small to
 * read.
 */
const TOO_WIDE_PX = 2_000;

type Direction = 'DOWN' | 'RIGHT';

/** The layout tries both and keeps the better one. */
const DIRECTIONS: readonly Direction[] = ['DOWN', 'RIGHT'];

// Each state with states inside is a graph of its own for ELK and inherits no options from the one around it.
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

/** Lays the chart out from top to bottom and from left to right, and returns the one that is easier to read. */
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

/** Returns how hard a chart is to read. */
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
    // When arrows come in at the top of a state, its own text goes to the left of its inner states, out of their way.
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

/** Returns whether a transition crosses the border of a state. */
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

// ELK lays out forward arrows. A backward one is given to it reversed, and its points are reversed again when read.
function elkEdge({ id, source, target, lines }: GraphEdge, isBack: boolean): ElkExtendedEdge {
  const label = { id: `label ${id}`, text: lines.join('\n'), ...labelSize(lines) };
  return {
    id,
    sources: [nodeId(isBack ? target : source)],
    targets: [nodeId(isBack ? source : target)],
    labels: lines.length === 0 ? [] : [label]
  };
}
