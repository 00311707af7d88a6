/** Draws a sequence: one column per actor, time from top to bottom. */
import { drawn, type DrawnElement } from './drawn-element.js';
import { OUTSIDE, type Sequence, type SequenceStep } from '../recording/sequence.js';

const LANE_PX = 132;
const ROW_PX = 26;
const HEAD_PX = 44;
const TIME_PX = 84;
const ARROW_PX = 7;
const LOOP_PX = 30;
const PILL_CHARACTER_PX = 6.4;
const PILL_PAD_PX = 8;

/** Most characters of a label, so that it fits beside a lifeline. */
const LABEL_MAX = 34;

/** Texts for a drawing. */
export interface SequenceNames {
  /** Name of an actor, and its machine or other kind. */
  readonly of: (sessionId: string) => readonly [name: string, kind: string];
  /** Writes a time, Unix milliseconds. */
  readonly time: (at: number) => string;
}

/** Draws a sequence as SVG. */
export function drawSequence(sequence: Sequence, names: SequenceNames): DrawnElement {
  const { lifelines, steps } = sequence;
  const xOf = new Map(lifelines.map((id, index) => [id, TIME_PX + LANE_PX * (index + 0.5)]));
  const width = TIME_PX + LANE_PX * Math.max(1, lifelines.length) + LOOP_PX;
  const height = HEAD_PX + ROW_PX * (steps.length + 1);
  return drawn(
    'svg',
    {
      class: 'sequence-drawing',
      width,
      height,
      viewBox: `0 0 ${String(width)} ${String(height)}`,
      role: 'img',
      'aria-label': `${String(steps.length)} steps between ${String(lifelines.length)} actors; the Events tab has the same as text`
    },
    [
      ...lifelines.map((id) => drawLifeline(xOf.get(id) ?? 0, height, names.of(id))),
      ...steps.map((step, index) =>
        drawStep(step, HEAD_PX + ROW_PX * (index + 0.5), xOf, names, steps[index - 1])
      )
    ]
  );
}

function drawLifeline(
  x: number,
  height: number,
  [name, kind]: readonly [string, string]
): DrawnElement {
  return drawn('g', { class: 'sequence-lifeline' }, [
    drawn('title', {}, [`${name} ${kind}`]),
    drawn('line', { x1: x, x2: x, y1: HEAD_PX - 6, y2: height }),
    drawn('text', { class: 'sequence-name', x, y: 16, 'text-anchor': 'middle' }, [cut(name, 18)]),
    drawn('text', { class: 'sequence-kind', x, y: 31, 'text-anchor': 'middle' }, [cut(kind, 20)])
  ]);
}

function drawStep(
  step: SequenceStep,
  y: number,
  xOf: ReadonlyMap<string, number>,
  names: SequenceNames,
  before: SequenceStep | undefined
): DrawnElement {
  const time = names.time(step.at);
  const isLater = before === undefined || names.time(before.at) !== time;
  return drawn('g', { class: `sequence-step sequence-${step.kind}`, 'data-seq': step.seq }, [
    drawn('title', {}, [`${time} ${step.words}`]),
    ...(isLater ? [drawn('text', { class: 'sequence-time', x: 0, y: y + 4 }, [time])] : []),
    ...(step.kind === 'state'
      ? drawState(xOf.get(step.of) ?? 0, y, step.words)
      : drawArrow(xOf.get(step.from) ?? 0, xOf.get(step.to) ?? 0, y, step.words))
  ]);
}

function drawState(x: number, y: number, words: string): DrawnElement[] {
  const text = cut(words, 24);
  const width = text.length * PILL_CHARACTER_PX + 2 * PILL_PAD_PX;
  return [
    drawn('rect', { x: x - width / 2, y: y - 10, width, height: 20, rx: 10 }),
    drawn('text', { x, y: y + 4, 'text-anchor': 'middle' }, [text])
  ];
}

function drawArrow(from: number, to: number, y: number, words: string): DrawnElement[] {
  const label = cut(words, LABEL_MAX);
  if (from === to) {
    const right = from + LOOP_PX;
    return [
      drawn('path', {
        class: 'sequence-way',
        d: `M${String(from)} ${String(y - 6)}H${String(right - 6)}q6 0 6 6t-6 6H${String(from + ARROW_PX)}`
      }),
      head(from, y + 6, 1),
      drawn('text', { x: right + 6, y: y + 4 }, [label])
    ];
  }
  const direction = to > from ? -1 : 1;
  return [
    drawn('path', {
      class: 'sequence-way',
      d: `M${String(from)} ${String(y + 4)}H${String(to + direction * ARROW_PX)}`
    }),
    head(to, y + 4, direction),
    drawn('text', { x: (from + to) / 2, y: y - 1, 'text-anchor': 'middle' }, [label])
  ];
}

function head(x: number, y: number, direction: number): DrawnElement {
  const back = String(x + direction * ARROW_PX);
  return drawn('path', {
    class: 'sequence-head',
    d: `M${String(x)} ${String(y)}L${back} ${String(y - 4)}V${String(y + 4)}Z`
  });
}

function cut(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}

/** Name and kind of the lifeline for senders that are no actors. */
export const OUTSIDE_NAME: readonly [string, string] = ['outside', 'no actor'];

/** Whether a lifeline stands for senders that are no actors. */
export function isOutside(sessionId: string): boolean {
  return sessionId === OUTSIDE;
}
