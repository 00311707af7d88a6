/**
 * The drawing of a chart, made of its layout. Everything that may light up is a group of its own: a state by
 * `data-state`, a transition by `data-edge`. Looks are in `chart-svg.css`: the page's security policy lets no element
 * bring its own.
 */
import {
  CHART_SIZES,
  type ChartEdge,
  type ChartInitial,
  type ChartLayout,
  type ChartNode
} from '../../../../protocol/inspection.js';
import { arrowHead, arrowLine } from './chart-path.js';
import { drawn, type DrawnElement } from './drawn-element.js';

const { titleLinePx, lineCharacterPx, lineHeightPx, padPx, insetPx, labelPadPx, dotPx } =
  CHART_SIZES;

/** From the top of a line to what its letters stand on. */
const TITLE_BASE_PX = 13;
const LINE_BASE_PX = 11;

/** Radius of the corners of states, and of those of labels and tags. */
const ROUND_PX = 9;
const SMALL_ROUND_PX = 4;

/** Between the two borders of a final state. */
const DOUBLE_PX = 3;

/** Around and between the tags of a state. */
const TAG_PAD_PX = 5;
const TAG_GAP_PX = 4;
const TAG_HEIGHT_PX = 14;

/** Tags that have a colour of their own: the supervised parts all use these. */
const COLOURED_TAGS: readonly string[] = [
  'initializing',
  'ready',
  'degraded',
  'draining',
  'failed'
];

/** Draws a chart. */
export function drawChart(layout: ChartLayout): DrawnElement {
  const { chart, width, height, nodes, edges, initials } = layout;
  const counts = `${String(nodes.length)} states, ${String(edges.length)} transitions`;
  return drawn(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'chart',
      viewBox: `0 0 ${String(width)} ${String(height)}`,
      width,
      height,
      role: 'img',
      'aria-label': `Chart ${chart}: ${counts}`
    },
    [
      drawn(
        'g',
        { class: 'chart-states' },
        nodes.map((node) => drawState(node, isRegion(node, nodes)))
      ),
      drawn('g', { class: 'chart-initials' }, initials.map(drawInitial)),
      drawn('g', { class: 'chart-edges' }, edges.map(drawEdge))
    ]
  );
}

/** Whether it is active together with the states beside it. */
function isRegion({ parent }: ChartNode, nodes: readonly ChartNode[]): boolean {
  return nodes.some(({ id, kind }) => id === parent && kind === 'parallel');
}

function drawState(node: ChartNode, isRegion: boolean): DrawnElement {
  const { id, key, kind, x, y, width, height, lines, linesAt } = node;
  const frame = { x, y, width, height, rx: ROUND_PX };
  const isGroup = kind === 'compound' || kind === 'parallel';
  const looks = `chart-state chart-${kind}${isRegion ? ' chart-region' : ''}`;
  return drawn('g', { class: looks, 'data-state': id }, [
    drawn('title', {}, [[`${id === '' ? key : id} (${kind})`, ...lines].join('\n')]),
    drawn('rect', { class: 'chart-frame', ...frame }),
    // The bar would hide half of the border at the top.
    ...(isGroup ? [drawBar(node), drawn('rect', { class: 'chart-border', ...frame })] : []),
    ...(kind === 'final' ? [drawInnerFrame(node)] : []),
    drawn('text', { class: 'chart-title', x: x + padPx, y: y + insetPx + TITLE_BASE_PX }, [key]),
    ...lines.map((line, index) =>
      drawStateLine(line, linesAt[0], linesAt[1] + index * lineHeightPx)
    )
  ]);
}

/** The bar at the top of a state that others are in. */
function drawBar({ x, y, width }: ChartNode): DrawnElement {
  const right = x + width;
  const bottom = y + insetPx + titleLinePx;
  const d =
    `M${String(x)} ${String(bottom)}V${String(y + ROUND_PX)}a${String(ROUND_PX)} ${String(ROUND_PX)} 0 0 1 ${String(ROUND_PX)} -${String(ROUND_PX)}` +
    `H${String(right - ROUND_PX)}a${String(ROUND_PX)} ${String(ROUND_PX)} 0 0 1 ${String(ROUND_PX)} ${String(ROUND_PX)}V${String(bottom)}Z`;
  return drawn('path', { class: 'chart-bar', d });
}

function drawInnerFrame({ x, y, width, height }: ChartNode): DrawnElement {
  return drawn('rect', {
    class: 'chart-inner-frame',
    x: x + DOUBLE_PX,
    y: y + DOUBLE_PX,
    width: width - 2 * DOUBLE_PX,
    height: height - 2 * DOUBLE_PX,
    rx: ROUND_PX - DOUBLE_PX
  });
}

function drawStateLine(line: string, x: number, top: number): DrawnElement {
  if (line.startsWith('#')) return drawTags(line.split(' '), x, top);
  const [lead, rest] = leadOf(line);
  return drawn('text', { class: 'chart-line', x, y: top + LINE_BASE_PX }, [
    ...(lead === '' ? [] : [drawn('tspan', { class: 'chart-lead' }, [lead])]),
    rest
  ]);
}

/** Splits `entry / a, b` behind its stroke; what goes on a line before has nothing to split. */
function leadOf(line: string): [lead: string, rest: string] {
  const [lead = ''] = /^(entry|exit|invoke) \//.exec(line) ?? [];
  return [lead, line.slice(lead.length)];
}

function drawTags(tags: readonly string[], x: number, top: number): DrawnElement {
  let left = x;
  const pills = tags.map((tag) => {
    const name = tag.replace(/^#/, '');
    const width = name.length * lineCharacterPx + 2 * TAG_PAD_PX;
    const colour = COLOURED_TAGS.includes(name) ? ` chart-tag-${name}` : '';
    const pill = drawn('g', { class: `chart-tag${colour}` }, [
      drawn('rect', { x: left, y: top, width, height: TAG_HEIGHT_PX, rx: TAG_HEIGHT_PX / 2 }),
      drawn('text', { x: left + TAG_PAD_PX, y: top + LINE_BASE_PX }, [name])
    ]);
    left += width + TAG_GAP_PX;
    return pill;
  });
  return drawn('g', { class: 'chart-tags' }, pills);
}

function drawInitial({ target, points }: ChartInitial): DrawnElement {
  const [dot] = points;
  if (dot === undefined) return drawn('g', { class: 'chart-initial' });
  return drawn('g', { class: 'chart-initial' }, [
    drawn('title', {}, [`starts in ${target}`]),
    drawn('path', { class: 'chart-way', d: arrowLine(points) }),
    drawn('path', { class: 'chart-head', d: arrowHead(points) }),
    drawn('circle', { cx: dot[0], cy: dot[1], r: dotPx / 2 })
  ]);
}

function drawEdge(edge: ChartEdge): DrawnElement {
  const { id, source, target, points, lines } = edge;
  const isArrow = points.length > 0;
  const name = isArrow ? `${source || 'root'} → ${target || 'root'}` : `in ${source || 'root'}`;
  return drawn('g', { class: isArrow ? 'chart-edge' : 'chart-edge chart-row', 'data-edge': id }, [
    drawn('title', {}, [[name, ...lines].join('\n')]),
    ...(isArrow
      ? [
          drawn('path', { class: 'chart-way', d: arrowLine(points) }),
          drawn('path', { class: 'chart-head', d: arrowHead(points) })
        ]
      : []),
    ...drawLabel(edge)
  ]);
}

function drawLabel({ label, lines, points }: ChartEdge): DrawnElement[] {
  if (label === null) return [];
  const { x, y, width, height } = label;
  const padding = points.length > 0 ? labelPadPx : 0;
  const isFrom = lines.findIndex((line) => line.startsWith('/'));
  return [
    drawn('rect', { class: 'chart-label', x, y, width, height, rx: SMALL_ROUND_PX }),
    ...lines.map((line, index) =>
      drawn(
        'text',
        {
          class: 'chart-line',
          x: x + padding,
          y: y + padding + index * lineHeightPx + LINE_BASE_PX
        },
        isFrom >= 0 && index >= isFrom
          ? [drawn('tspan', { class: 'chart-action' }, [line])]
          : partsOf(line)
      )
    )
  ];
}

/** The event, `[guard]` and `/ actions` of a line, each with its look. */
function partsOf(line: string): DrawnElement[] {
  const [, event = '', guard = '', actions = ''] = /^([^[/]*)(\[[^\]]*\]?)?(.*)$/.exec(line) ?? [];
  return [
    ['event', event] as const,
    ['guard', guard] as const,
    ['action', actions] as const
  ].flatMap(([kind, text]) =>
    text === '' ? [] : [drawn('tspan', { class: `chart-${kind}` }, [text])]
  );
}
