/** A chart that has been laid out: the server makes it, and the inspector's page draws it. */

/**
 * Sizes that the layout and the drawing of a chart share, in CSS pixels. Charts are laid out where there is no page to
 * measure texts in, so a text counts as wide as its number of characters. The sizes assume a wide font, so that a text
 * never leaves its box.
 */
export const CHART_SIZES = {
  /** Font size of a state's name. */
  titlePx: 13,
  titleCharacterPx: 8.4,
  titleLinePx: 20,
  /** Font size of everything else, which is monospaced. */
  linePx: 11,
  lineCharacterPx: 6.7,
  lineHeightPx: 15,
  /** Space left and right of the text in a state. */
  padPx: 12,
  /** Space above and below the text in a state. */
  insetPx: 7,
  /** Space above each block of text below a state's name: the notes of a state with states inside, and the transitions. */
  gapPx: 7,
  /** Space around the text beside an arrow. */
  labelPadPx: 4,
  /** Space between a state and the states inside it. */
  marginPx: 18,
  /** Diameter of the dot that points to an initial state. */
  dotPx: 10
} as const;

/** A point of a chart layout, in CSS pixels from its top left. */
export type ChartPoint = readonly [x: number, y: number];

/** A rectangle of a chart layout, in CSS pixels from the chart's top left. */
export interface ChartBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A state of a chart. */
export interface ChartNode extends ChartBox {
  /** Top left of `lines`. */
  readonly linesAt: ChartPoint;
  /** Keys from the root down joined with dots, such as `starting.handlers`; empty for the root. */
  readonly id: string;
  /** Name in the chart: the last key; for the root, the machine's id. */
  readonly key: string;
  /** Id of the parent state; null for the root. */
  readonly parent: string | null;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** Whether it is its parent's initial state. */
  readonly isInitial: boolean;
  /** Text below its name: tags as `#ready`, entry and exit actions, invoked actors. */
  readonly lines: readonly string[];
}

/** A transition of a chart. */
export interface ChartEdge {
  /**
   * `<id of the source>|<event>|<index among the source's transitions for this event>`, such as
   * `waiting|subscriber.first|0`. The event of an eventless transition is empty.
   */
  readonly id: string;
  readonly source: string;
  /** Id of the target; the source's own id when the transition stays in its state. */
  readonly target: string;
  /** Whether the transition does not leave its source. */
  readonly isInternal: boolean;
  /** Text beside it: the event or `after …`, `[guard]`, `/ actions`. */
  readonly lines: readonly string[];
  /**
   * Points of the arrow. Empty when the transition stays in its state: it has no arrow then, and its lines are in the
   * state's box.
   */
  readonly points: readonly ChartPoint[];
  /** Box of the lines; null when there are none. */
  readonly label: ChartBox | null;
}

/** The arrow from the dot to a state's initial state. */
export interface ChartInitial {
  /** Id of the initial state. */
  readonly target: string;
  /** Points of the arrow, from the middle of the dot. */
  readonly points: readonly ChartPoint[];
}

/** A laid-out chart: the answer of `GET /inspect/charts/<hash>`. */
export interface ChartLayout {
  /** Hash of the machine's definition: charts that look the same have the same hash. */
  readonly hash: string;
  /** Id of the machine, such as `delivery`. */
  readonly chart: string;
  readonly width: number;
  readonly height: number;
  /** Parents come before their children; the root is first. */
  readonly nodes: readonly ChartNode[];
  readonly edges: readonly ChartEdge[];
  readonly initials: readonly ChartInitial[];
}
