/**
 * Draws a chart from its layout. Each state and each transition is a group of its own, marked `data-state` or
 * `data-edge`, so that the page can highlight it. Colours and fonts are in `chart-svg.css`, because the page's content
 * security policy forbids `style` attributes.
 */
import {
  CHART_SIZES,
  type ChartEdge,
  type ChartInitial,
  type ChartLayout,
  type ChartNode
} from '../../../../protocol/chart-layout.js';
import { arrowHead, arrowLine } from './chart-path.js';
import { drawn, type DrawnElement } from './drawn-element.js';

const { titleLinePx, lineCharacterPx, lineHeightPx, padPx, insetPx, labelPadPx, dotPx } =
  CHART_SIZES;

/** Distance from the top of a line to its baseline. */
const TITLE_BASE_PX = 13;
const LINE_BASE_PX = 11;

/** Corner radius of states, and of labels. */
const ROUND_PX = 9;
const SMALL_ROUND_PX = 4;

/** Distance between the two borders of a final state. */
const DOUBLE_PX = 3;

/** Padding at the left and right in a tag, gap between two tags, and height of a tag. */
const TAG_PAD_PX = 5;
const TAG_GAP_PX = 4;
const TAG_HEIGHT_PX = 14;

/** Tags with a colour of their own. They tell the condition of a supervised part; others are grey. */
const COLOURED_TAGS: readonly string[] = [
  'initializing',
  'ready',
  'degraded',
  'draining',
  'failed'
];

/** Draws a chart: states first, so that arrows and labels lie above them. */
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

/** Whether a state is a region: a child of a parallel state, active together with its siblings. */
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
    // The border is drawn after the bar, which would otherwise cover half of its width at the top.
    ...(isGroup ? [drawBar(node), drawn('rect', { class: 'chart-border', ...frame })] : []),
    ...(kind === 'final' ? [drawInnerFrame(node)] : []),
    drawn('text', { class: 'chart-title', x: x + padPx, y: y + insetPx + TITLE_BASE_PX }, [key]),
    ...lines.map((line, index) =>
      drawStateLine(line, linesAt[0], linesAt[1] + index * lineHeightPx)
    )
  ]);
}

/** Draws the title bar of a state with children. */
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

/** Splits `entry / a, b` after the slash. A wrapped line continues the one before it and has no lead. */
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

/** Splits a label `event [guard] / actions` into parts that the style sheet colours. */
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
