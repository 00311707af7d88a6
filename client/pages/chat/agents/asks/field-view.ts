import { element, type Attributes } from '../../../shared/element.js';
import { shownText } from '../../rich-text/drawn.js';
import type { AskField } from './ask-fields.js';

/** Choices up to this number are shown all at once; more in a list that opens. */
const RADIOS_MAX = 6;

/** One field of a form, as it is shown. */
export interface FieldView {
  readonly node: HTMLElement;
  /** What has been put in; see `RawAnswer`. */
  readonly raw: string;
  /** Says what is wrong; empty when nothing is. */
  complain(words: string): void;
  focus(): void;
}

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/**
 * Makes a field.
 * @param id unique in the page; ids of parts begin with it
 * @param promptId id of the question, which is the name of a field that is the whole answer
 */
export function fieldView(field: AskField, id: string, promptId: string): FieldView {
  const { kind } = field;
  if (kind.type === 'choice' && kind.options.length <= RADIOS_MAX) {
    return radios(field, kind.options, id, promptId);
  }
  const described = `${id}-hint ${id}-problem`;
  const name: Attributes = field.name === null ? { 'aria-labelledby': promptId } : {};
  const control = controlOf(field, { id, 'aria-describedby': described, ...name });
  const { problem, complain } = problemLine(id, control);
  const hint = hintLine(field, id);
  if (control instanceof HTMLInputElement && control.type === 'checkbox') {
    const label = element('label', { class: 'ask-check' }, control, ` ${shownText(field.label)}`);
    return {
      node: element('div', { class: 'ask-field' }, label, hint, problem),
      get raw() {
        return String(control.checked);
      },
      complain,
      focus: () => {
        control.focus();
      }
    };
  }
  return {
    node: element('div', { class: 'ask-field' }, ...labelOf(field, id), control, hint, problem),
    get raw() {
      return control.value;
    },
    complain,
    focus: () => {
      control.focus();
    }
  };
}

function controlOf({ kind, preset, isRequired }: AskField, attributes: Attributes): Control {
  const needed = { 'aria-required': String(isRequired), ...attributes };
  if (kind.type === 'boolean') {
    const box = element('input', { type: 'checkbox', ...attributes });
    box.checked = preset === 'true';
    return box;
  }
  if (kind.type === 'choice') {
    const options = kind.options.map(({ label }, index) =>
      element('option', { value: String(index) }, shownText(label))
    );
    const select = element(
      'select',
      needed,
      element('option', { value: '' }, 'Choose…'),
      ...options
    );
    select.value = preset;
    return select;
  }
  const isLong = kind.type === 'json' || (kind.type === 'text' && kind.isLong);
  if (isLong) {
    const area = element('textarea', { rows: '2', ...needed });
    area.value = preset;
    return area;
  }
  const isNumber = kind.type === 'number';
  const mode = isNumber ? { inputmode: kind.isInteger ? 'numeric' : 'decimal' } : {};
  const input = element('input', { type: 'text', autocomplete: 'off', ...mode, ...needed });
  input.value = preset;
  return input;
}

function radios(
  field: AskField,
  options: readonly { readonly label: string }[],
  id: string,
  promptId: string
): FieldView {
  const inputs = options.map((_, index) => {
    const input = element('input', { type: 'radio', name: id, value: String(index) });
    input.checked = field.preset === String(index);
    return input;
  });
  const group = element(
    'div',
    {
      class: 'ask-choices',
      role: 'radiogroup',
      'aria-labelledby': field.name === null ? promptId : `${id}-label`,
      'aria-describedby': `${id}-hint ${id}-problem`,
      'aria-required': String(field.isRequired)
    },
    ...inputs.map((input, index) =>
      element('label', { class: 'ask-option' }, input, ` ${shownText(options[index]?.label ?? '')}`)
    )
  );
  const { problem, complain } = problemLine(id, group);
  const label =
    field.name === null
      ? []
      : [element('span', { class: 'ask-label', id: `${id}-label` }, labelWords(field))];
  return {
    node: element('div', { class: 'ask-field' }, ...label, group, hintLine(field, id), problem),
    get raw() {
      return inputs.find(({ checked }) => checked)?.value ?? '';
    },
    complain,
    focus: () => {
      (inputs.find(({ checked }) => checked) ?? inputs[0])?.focus();
    }
  };
}

function labelOf(field: AskField, id: string): HTMLElement[] {
  if (field.name === null) return [];
  return [element('label', { class: 'ask-label', for: id }, labelWords(field))];
}

function labelWords({ label, isRequired }: AskField): string {
  return `${shownText(label)}${isRequired ? '' : ' (optional)'}`;
}

function hintLine({ hint }: AskField, id: string): HTMLElement {
  return element('p', { class: 'ask-hint', id: `${id}-hint` }, shownText(hint));
}

function problemLine(
  id: string,
  control: HTMLElement
): { readonly problem: HTMLElement; readonly complain: (words: string) => void } {
  const problem = element('p', { class: 'ask-wrong', id: `${id}-problem` });
  return {
    problem,
    complain: (words) => {
      problem.textContent = words;
      if (words === '') control.removeAttribute('aria-invalid');
      else control.setAttribute('aria-invalid', 'true');
    }
  };
}
