import type { Tone, Word } from './tone.js';

/** Sets the text of an element. Does nothing when the text is the same, so that a selection in it stays. */
export function write(target: Element, text: string): void {
  const { firstChild } = target;
  if (firstChild instanceof Text && firstChild === target.lastChild) {
    if (firstChild.data !== text) firstChild.data = text;
  } else if (target.textContent !== text) target.textContent = text;
}

/** Colours an element. */
export function tint(target: HTMLElement, tone: Tone): void {
  if (target.dataset['tone'] !== tone) target.dataset['tone'] = tone;
}

/** Sets the text and the colour of an element. */
export function label(target: HTMLElement, { tone, text }: Word): void {
  write(target, text);
  tint(target, tone);
}

/** Writes a time of day into an element, or nothing when the time is null. */
export function writeTime(target: HTMLTimeElement, at: number | null): void {
  const date = at === null ? null : new Date(at);
  const iso = date?.toISOString() ?? '';
  if (target.dateTime === iso && target.firstChild !== null) return;
  target.dateTime = iso;
  target.title = iso;
  write(
    target,
    date?.toLocaleString('en', { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' }) ?? ''
  );
}
