import { byId } from '../../../shared/element.js';
import { safeName } from '../../../../sdk/safe-name.js';
import { counted } from '../../../shared/counted.js';
import { write } from '../../../shared/live-text.js';
import { isOf } from '../../states/actor-key.js';
import { clockTime } from '../clock-time.js';
import type { Moment } from '../../recording/moment.js';
import { drawSequence, isOutside, OUTSIDE_NAME } from '../../chart/sequence-drawing.js';
import { SEQUENCE_STEPS_MAX, sequenceOf } from '../../recording/sequence.js';
import { svgElement } from '../../chart/svg-element.js';

/** Shows the events between actors as a sequence diagram. */
export class SequenceView {
  readonly #into = byId('sequence', HTMLDivElement);
  readonly #note = byId('sequence-note', HTMLParagraphElement);
  #shown = '';

  constructor(goTo: (seq: number) => void) {
    this.#into.addEventListener('click', ({ target }) => {
      const step = target instanceof Element ? target.closest('[data-seq]') : null;
      const seq = Number(step?.getAttribute('data-seq') ?? '');
      if (seq > 0) goTo(seq);
    });
  }

  /** Shows the sequence of a moment's subject. */
  show({ timeline, position, subject, nameOf, states, actor }: Moment): void {
    const last = timeline.message(position - 1)?.seq ?? 0;
    const text = [last, timeline.length, JSON.stringify(subject)].join(' ');
    if (text === this.#shown) return;
    this.#shown = text;
    const own = new Set(actor === null ? [] : [actor.sessionId]);
    const kinds = new Map<string, string>();
    const sequence = sequenceOf(
      { message: (index) => timeline.message(index), position },
      (message) => {
        const isAbout = isOf(message, subject, nameOf);
        if (isAbout) own.add(message.sessionId);
        kinds.set(message.sessionId, message.chart ?? '');
        return isAbout;
      },
      (sessionId) => own.has(sessionId)
    );
    const isCut = sequence.steps.length + sequence.omitted >= SEQUENCE_STEPS_MAX;
    const omitted =
      sequence.omitted === 0 ? '' : ` ${counted(sequence.omitted, 'step')} of others left out.`;
    write(
      this.#note,
      sequence.steps.length === 0
        ? 'Nothing is recorded.'
        : `${isCut ? 'The newest ' : ''}${counted(sequence.steps.length, 'step')}, the newest last. Press one to go there.${omitted}`
    );
    const drawing = drawSequence(sequence, {
      of: (id) =>
        isOutside(id)
          ? OUTSIDE_NAME
          : [safeName(nameOf(id)), states.get(id)?.chart ?? kinds.get(id) ?? ''],
      time: clockTime
    });
    const isAtEnd = this.#isAtEnd();
    this.#into.replaceChildren(...(sequence.steps.length === 0 ? [] : [svgElement(drawing)]));
    const panel = this.#into.parentElement;
    if (isAtEnd && panel !== null) panel.scrollTop = panel.scrollHeight;
  }

  #isAtEnd(): boolean {
    const panel = this.#into.parentElement;
    if (panel === null || this.#into.childElementCount === 0) return true;
    return panel.scrollHeight - panel.scrollTop - panel.clientHeight < 40;
  }
}
