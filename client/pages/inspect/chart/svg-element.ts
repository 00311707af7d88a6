import type { DrawnElement } from './drawn-element.js';

const NAMESPACE = 'http://www.w3.org/2000/svg';

/** Makes the SVG element that a drawing describes, with its children. Texts become text nodes, never markup. */
export function svgElement({ name, attributes, children }: DrawnElement): SVGElement {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) {
    // createElementNS has set the namespace already.
    if (key !== 'xmlns') made.setAttribute(key, value);
  }
  for (const child of children) made.append(typeof child === 'string' ? child : svgElement(child));
  return made;
}
