import { element } from '../../shared/element.js';
import type { Drawn, DrawnElement } from './drawn.js';

/**
 * Changes the children of an element from what was drawn to what is to be seen. Elements that stay the same kind stay the
 * same elements, and a text that grows is only appended to, so that selections, focus and places of scrolling stay.
 */
export function redraw(parent: Node, before: readonly Drawn[], after: readonly Drawn[]): void {
  after.forEach((next, index) => {
    const last = before[index];
    const node = parent.childNodes[index];
    if (last === undefined || node === undefined) parent.appendChild(made(next));
    else if (last !== next && !changed(node, last, next)) parent.replaceChild(made(next), node);
  });
  for (let { length } = before; length > after.length; length -= 1) parent.lastChild?.remove();
}

/** Changes a node in place. False when another one must take its place. */
function changed(node: Node, last: Drawn, next: Drawn): boolean {
  if (typeof last === 'string' || typeof next === 'string') {
    if (typeof last !== typeof next || typeof next !== 'string' || !(node instanceof Text)) {
      return false;
    }
    if (node.data !== last || !next.startsWith(last)) node.data = next;
    else node.appendData(next.slice(last.length));
    return true;
  }
  if (!isSameKind(last, next)) return false;
  redraw(node, last.children, next.children);
  return true;
}

function isSameKind(last: DrawnElement, next: DrawnElement): boolean {
  return (
    last.tag === next.tag && JSON.stringify(last.attributes) === JSON.stringify(next.attributes)
  );
}

function made(drawn: Drawn): Node {
  if (typeof drawn === 'string') return document.createTextNode(drawn);
  return element(drawn.tag, drawn.attributes, ...drawn.children.map(made));
}
