/** The runbook page: what each kind of finding means, where to look and what to do. */
import { FINDING_KINDS, type FindingKind } from '../../../machines/finding.js';
import { FINDING_REMEDIES, remedyAnchor } from '../../../machines/finding-remedy.js';
import { RUNBOOK } from '../../../machines/finding-runbook.js';
import { askFacts } from '../shared/server-facts.js';
import { byId, element } from '../shared/element.js';

byId('entries', HTMLDivElement).append(...FINDING_KINDS.map(entry));
// The browser has looked for the anchor before this script made it: scroll to it now.
if (location.hash !== '') location.replace(location.hash);
void askFacts().then(({ hasInspector }) => {
  byId('inspector', HTMLAnchorElement).hidden = !hasInspector;
});

function entry(kind: FindingKind): HTMLElement {
  const { title, means, look } = RUNBOOK[kind];
  const remedy = FINDING_REMEDIES[kind];
  return element(
    'section',
    { class: 'panel', id: remedyAnchor(kind) },
    element('h2', {}, `${title} `, element('code', {}, kind)),
    element('p', {}, ...inCode(means)),
    element('h3', {}, 'Where to look'),
    element('ul', {}, ...look.map((place) => element('li', {}, ...inCode(place)))),
    element('h3', {}, 'What to do'),
    element('p', {}, ...inCode(`${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`))
  );
}

/** Turns text between backticks into `code` elements. */
function inCode(text: string): (string | HTMLElement)[] {
  return text.split('`').map((part, index) => (index % 2 === 0 ? part : element('code', {}, part)));
}
