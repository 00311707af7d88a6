/** Checks that a value from a server or a file is a chart that can be drawn. */
import type {
  ChartBox,
  ChartEdge,
  ChartInitial,
  ChartLayout,
  ChartNode,
  ChartPoint
} from '../../../../protocol/chart-layout.js';
import { isRecord } from '../../../sdk/json.js';
import { isName, isNames } from './message-shape.js';

/** Most states, and most transitions, of a chart; the server lays out no larger ones. */
export const CHART_PARTS_MAX = 4_000;

/** Most corners of an arrow. */
const POINTS_MAX = 400;

/** Largest distance from the top left, in CSS pixels. */
const PX_MAX = 1_000_000;

const KINDS: readonly unknown[] = ['atomic', 'compound', 'parallel', 'final', 'history'];

/** Whether a value is a laid-out chart. */
export function isChart(value: unknown): value is ChartLayout {
  if (!isRecord(value)) return false;
  const { hash, chart, width, height, nodes, edges, initials } = value;
  return (
    isName(hash) &&
    isName(chart) &&
    isPx(width) &&
    isPx(height) &&
    isListOf(nodes, isNode) &&
    isListOf(edges, isEdge) &&
    isListOf(initials, isInitial)
  );
}

function isListOf<T>(value: unknown, is: (one: unknown) => one is T): value is readonly T[] {
  return Array.isArray(value) && value.length <= CHART_PARTS_MAX && value.every(is);
}

function isNode(value: unknown): value is ChartNode {
  return (
    isRecord(value) &&
    isBox(value) &&
    isPoint(value['linesAt']) &&
    isName(value['id']) &&
    isName(value['key']) &&
    (value['parent'] === null || isName(value['parent'])) &&
    KINDS.includes(value['kind']) &&
    typeof value['isInitial'] === 'boolean' &&
    isNames(value['lines'])
  );
}

function isEdge(value: unknown): value is ChartEdge {
  return (
    isRecord(value) &&
    isName(value['id']) &&
    isName(value['source']) &&
    isName(value['target']) &&
    typeof value['isInternal'] === 'boolean' &&
    isNames(value['lines']) &&
    isWay(value['points']) &&
    (value['label'] === null || isBox(value['label']))
  );
}

function isInitial(value: unknown): value is ChartInitial {
  return isRecord(value) && isName(value['target']) && isWay(value['points']);
}

function isWay(value: unknown): value is readonly ChartPoint[] {
  return Array.isArray(value) && value.length <= POINTS_MAX && value.every(isPoint);
}

function isPoint(value: unknown): value is ChartPoint {
  return Array.isArray(value) && value.length === 2 && value.every(isPx);
}

function isBox(value: unknown): value is ChartBox {
  return isRecord(value) && ['x', 'y', 'width', 'height'].every((name) => isPx(value[name]));
}

function isPx(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= PX_MAX;
}
