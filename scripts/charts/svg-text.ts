/** Writes a drawing as the text of an SVG file. */
import type { DrawnElement } from '../../client/pages/inspect/chart/drawn-element.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;'
};

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

/** Writes an element with its children, one group per line, so that a small change gives a small diff. */
export function svgText({ name, attributes, children }: DrawnElement): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  const inside = children.map((child) =>
    typeof child === 'string' ? escaped(child) : svgText(child)
  );
  const isList =
    name === 'svg' ||
    (name === 'g' && children.some((child) => typeof child !== 'string' && child.name === 'g'));
  const lines = isList ? inside.map((text) => `\n${text}`).join('') + '\n' : inside.join('');
  return children.length === 0
    ? `<${name}${written.join('')}/>`
    : `<${name}${written.join('')}>${lines}</${name}>`;
}
