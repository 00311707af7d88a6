/** The steps of a run: thinking and tool calls, to be opened, and questions that have been answered. */
import type { RunStep } from '../../../sdk/client.js';
import { safeName } from '../../../sdk/safe-name.js';
import { element } from '../../shared/element.js';
import type { AskNote } from '../agents/run-notes.js';
import { shownText } from '../rich-text/drawn.js';
import { plainLine } from '../rich-text/plain-line.js';
import { RichText } from '../rich-text/rich-text-view.js';
import { answerWords, durationWords, jsonLine, jsonText } from '../words/run-words.js';

/** One line of the list. */
type Line = RunStep | (AskNote & { readonly type: 'ask' });

interface ShownLine {
  readonly line: Line;
  readonly node: HTMLLIElement;
  update(line: Line): void;
}

/** The list, updated in place, so that what a reader has opened stays open. */
export class RunSteps {
  readonly node = element('ol', { class: 'steps', hidden: true });
  readonly #shown: ShownLine[] = [];

  /** Shows these steps and answered questions in the order of the log. */
  show(steps: readonly RunStep[], asks: readonly AskNote[]): void {
    const answered = asks
      .filter(({ answer }) => answer !== null)
      .map((note) => ({ ...note, type: 'ask' as const }));
    const lines: Line[] = [...steps, ...answered].sort((one, other) => one.offset - other.offset);
    this.node.hidden = lines.length === 0;
    lines.forEach((line, index) => {
      const shown = this.#shown[index];
      if (shown?.line === line) return;
      if (shown !== undefined && isSame(shown.line, line)) {
        shown.update(line);
        this.#shown[index] = { ...shown, line };
        return;
      }
      const made = lineView(line);
      this.node.insertBefore(made.node, shown?.node ?? null);
      this.#shown.splice(index, 0, made);
    });
    for (const { node } of this.#shown.splice(lines.length)) node.remove();
  }
}

function lineView(line: Line): ShownLine {
  if (line.type === 'tool') return toolStep(line);
  return line.type === 'ask' ? askLine(line) : thinkingStep(line);
}

function isSame(one: Line, other: Line): boolean {
  if (one.offset !== other.offset) return false;
  if (one.type === 'tool') return other.type === 'tool' && one.call === other.call;
  return other.type === one.type;
}

function askLine(line: Extract<Line, { type: 'ask' }>): ShownLine {
  const given = element('span', { class: 'asked-answer' });
  const node = element(
    'li',
    { class: 'step asked piece' },
    element('span', { class: 'mark', 'aria-hidden': 'true' }),
    element('span', { class: 'asked-prompt' }, shownText(line.prompt)),
    given
  );
  const update = (next: Line): void => {
    if (next.type !== 'ask' || next.answer === null) return;
    node.classList.toggle('expired', next.answer.by === null);
    given.textContent = answerWords(next.answer);
  };
  update(line);
  return { line, node, update };
}

function thinkingStep(step: Extract<RunStep, { type: 'thinking' }>): ShownLine {
  const node = element(
    'li',
    { class: 'step thinking piece' },
    element(
      'details',
      {},
      element(
        'summary',
        {},
        element('span', { class: 'mark', 'aria-hidden': 'true' }),
        element('span', { class: 'step-name' }, 'Thinking'),
        element('span', { class: 'step-line' }, plainLine(step.text.slice(0, 160)))
      ),
      new RichText('step-body', step.text).node
    )
  );
  return { line: step, node, update: () => undefined };
}

const OUTCOMES = { executing: 'running', ok: 'done', failed: 'failed' } as const;

function toolStep(step: Extract<RunStep, { type: 'tool' }>): ShownLine {
  const name = element('code', { class: 'step-name' });
  const line = element('span', { class: 'step-line' });
  const outcome = element('span', { class: 'outcome' });
  const body = element('div', { class: 'step-body' });
  const details = element(
    'details',
    {},
    element(
      'summary',
      {},
      element('span', { class: 'mark', 'aria-hidden': 'true' }),
      name,
      line,
      outcome
    ),
    body
  );
  const node = element('li', {}, details);
  let now = step;
  // Arguments and results may be long, so they are written only when the reader opens them.
  const fill = (): void => {
    if (!details.open) return;
    const result =
      now.state === 'executing'
        ? []
        : titled(now.state === 'ok' ? 'Result' : 'Failure', now.result);
    body.replaceChildren(...titled('Arguments', now.args), ...result);
  };
  const update = (next: Line): void => {
    if (next.type !== 'tool') return;
    now = next;
    node.className = `step tool piece ${next.state}`;
    name.textContent = next.tool === '' ? 'tool' : safeName(next.tool);
    line.textContent = jsonLine(next.args);
    const took = next.ms === null ? '' : ` · ${durationWords(next.ms)}`;
    outcome.textContent = `${OUTCOMES[next.state]}${took}`;
    fill();
  };
  details.addEventListener('toggle', fill);
  update(step);
  return { line: step, node, update };
}

function titled(title: string, value: unknown): HTMLElement[] {
  const text = jsonText(value);
  if (text === '') return [];
  return [
    element('p', { class: 'step-title' }, title),
    element('pre', { class: 'json', tabindex: '0' }, text)
  ];
}
