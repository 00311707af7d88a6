import type { ChartLayout } from '../../../../protocol/chart-layout.js';
import { byId } from '../../shared/element.js';
import { tint, write } from '../../shared/live-text.js';
import { activeIds, activeLeaves } from '../states/active-states.js';
import { drawChart } from './chart-drawing.js';
import type { ChartStore } from './chart-store.js';
import { flash } from '../../shared/flash.js';
import { lastState } from '../recording/last-state.js';
import type { Moment } from '../recording/moment.js';
import type { ActorState } from '../states/actor-state.js';
import { PanZoom } from './pan-zoom.js';
import { seenStates, showStates } from './seen-states.js';
import { toneOf } from '../states/state-tone.js';
import { svgElement } from './svg-element.js';
import { centred, FIT_ENOUGH, fitted, READABLE_SCALE } from './viewport.js';

/** Most drawings kept, so that switching between actors need not draw again. */
const DRAWINGS_MAX = 24;

/** A drawn chart, and the elements of its states and transitions by id, to be highlighted. */
interface Drawing {
  readonly layout: ChartLayout;
  readonly svg: SVGElement;
  readonly states: ReadonlyMap<string, Element>;
  readonly edges: ReadonlyMap<string, Element>;
}

/** Shows the chart of one actor. Each machine is drawn once; its active states are lit for each moment. */
export class ChartView {
  readonly #stage = byId('stage', HTMLDivElement);
  readonly #paper = byId('paper', HTMLDivElement);
  readonly #none = byId('no-chart', HTMLDivElement);
  readonly #words = byId('no-chart-words', HTMLParagraphElement);
  readonly #store: ChartStore;
  readonly #panZoom: PanZoom;
  readonly #drawings = new Map<string, Drawing>();
  #shown: Drawing | null = null;
  #active: readonly string[] = [];
  /** The message that was highlighted last, so that each transition flashes once. */
  #lit: { readonly sessionId: string; readonly seq: number } | null = null;

  constructor(store: ChartStore) {
    this.#store = store;
    const show: ConstructorParameters<typeof PanZoom>[1] = (viewport, { width, height }) => {
      const { x, y, scale } = viewport;
      const box = [x, y, width / scale, height / scale].map((px) =>
        String(Math.round(px * 100) / 100)
      );
      this.#shown?.svg.setAttribute('viewBox', box.join(' '));
    };
    this.#panZoom = new PanZoom(this.#stage, show, () => {
      this.#begin();
    });
    byId('zoom-fit', HTMLButtonElement).addEventListener('click', () => {
      this.#fit();
    });
    byId('zoom-active', HTMLButtonElement).addEventListener('click', () => {
      this.#centreActive();
    });
  }

  /** Shows the chart of a moment's actor. For an actor that has ended, its last recorded state is shown. */
  show(moment: Moment): void {
    const actor = moment.actor ?? lastState(moment);
    const hash = actor?.hash ?? null;
    const mayAsk = moment.isLinked && !moment.isFile;
    const chart = hash === null ? null : this.#store.get(hash, mayAsk);
    if (actor === null || chart?.kind !== 'ready') {
      this.#clear();
      write(this.#words, whyNot(moment, actor, chart?.kind === 'none' ? chart.why : null));
      const states = chart?.kind === 'none' ? seenStates(moment, actor) : [];
      showStates(states, activeIds(actor?.snapshot.value));
      return;
    }
    this.#none.hidden = true;
    const drawing = this.#drawing(chart.layout);
    this.#active = activeLeaves(actor.snapshot.value);
    if (drawing !== this.#shown) {
      this.#shown = drawing;
      this.#lit = null;
      this.#paper.replaceChildren(drawing.svg);
      this.#begin();
    }
    const isGone = moment.actor === null;
    tint(this.#paper, isGone ? 'none' : toneOf(actor));
    this.#paper.classList.toggle('is-gone', isGone);
    this.#light(drawing, moment, actor);
  }

  #clear(): void {
    this.#shown = null;
    this.#lit = null;
    this.#paper.replaceChildren();
    this.#none.hidden = false;
  }

  #drawing(layout: ChartLayout): Drawing {
    const known = this.#drawings.get(layout.hash);
    if (known?.layout === layout) return known;
    const svg = svgElement(drawChart(layout));
    const byName = (attribute: string): Map<string, Element> =>
      new Map(
        Array.from(svg.querySelectorAll(`[${attribute}]`), (one): [string, Element] => [
          one.getAttribute(attribute) ?? '',
          one
        ])
      );
    const drawing = { layout, svg, states: byName('data-state'), edges: byName('data-edge') };
    this.#drawings.set(layout.hash, drawing);
    for (const oldest of this.#drawings.keys()) {
      if (this.#drawings.size > DRAWINGS_MAX) this.#drawings.delete(oldest);
    }
    return drawing;
  }

  #light({ states, edges }: Drawing, moment: Moment, actor: ActorState): void {
    const { sessionId, seq } = actor;
    const before = this.#lit;
    if (before?.sessionId === sessionId && before.seq === seq) return;
    this.#lit = { sessionId, seq };
    const active = activeIds(actor.snapshot.value);
    const leaves = new Set(this.#active);
    // Keep the active state in view, unless the reader has moved or zoomed the chart.
    if (before !== null && !this.#panZoom.isChosen) this.#begin();
    for (const [id, state] of states) {
      state.classList.toggle('is-active', active.has(id));
      state.classList.toggle('is-leaf', leaves.has(id));
    }
    const last = new Set(actor.transitions);
    const since = before?.sessionId === sessionId ? before.seq : actor.seq;
    const taken = takenSince(moment, sessionId, since);
    for (const [id, edge] of edges) {
      edge.classList.toggle('is-last', last.has(id));
      if (taken.has(id)) flash(edge, 'is-taken');
      else edge.classList.remove('is-taken');
    }
  }

  #begin(): void {
    const chart = this.#shown?.layout;
    if (chart === undefined) return;
    this.#panZoom.setChart(chart);
    const all = fitted(chart, this.#panZoom.stage);
    if (all.scale >= FIT_ENOUGH) this.#panZoom.set(all);
    else this.#centreActive();
  }

  #fit(): void {
    const chart = this.#shown?.layout;
    if (chart !== undefined) this.#panZoom.set(fitted(chart, this.#panZoom.stage));
  }

  #centreActive(): void {
    const chart = this.#shown?.layout;
    if (chart === undefined) return;
    const { width, height, nodes } = chart;
    const active = nodes.find(({ id }) => this.#active.includes(id));
    const { stage } = this.#panZoom;
    const scale = Math.max(READABLE_SCALE, fitted(chart, stage).scale);
    this.#panZoom.set(centred(active ?? { x: 0, y: 0, width, height }, chart, stage, scale));
  }
}

function whyNot({ subject, isLive }: Moment, actor: ActorState | null, why: string | null): string {
  if (why !== null) return why;
  if (actor === null && subject.kind === 'thread') {
    return 'This thread has no delivery actor at this moment, or none that is watched: it holds nothing and nobody uses it, or it is quiet enough to go without.';
  }
  if (actor === null) {
    return isLive ? 'There is no such actor now.' : 'There was no such actor at this moment.';
  }
  return actor.hash === null
    ? 'This actor runs no chart: it is a promise or a callback.'
    : 'The chart is being laid out…';
}

/** Most messages searched backwards for transitions to flash. It bounds the work after a long pause. */
const LOOK_BACK_MAX = 500;

/**
 * Returns the ids of the transitions that an actor took after the message `since` (a `seq`) up to the moment shown;
 * empty after a step back, when `since` is later than that moment.
 */
function takenSince({ timeline, position }: Moment, of: string, since: number): Set<string> {
  const taken = new Set<string>();
  for (let index = position - 1; index >= Math.max(0, position - LOOK_BACK_MAX); index--) {
    const message = timeline.message(index);
    if (message === undefined || message.seq <= since) break;
    if (message.type !== '@xstate.snapshot' || message.sessionId !== of) continue;
    for (const id of message.transitions) taken.add(id);
  }
  return taken;
}
