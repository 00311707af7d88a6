/** The runbook page: what each kind of finding and each log line means, where to look and what to do. */
import { FINDING_KINDS } from '../../../machines/finding.js';
import { FINDING_REMEDIES, remedyAnchor } from '../../../machines/finding-remedy.js';
import { RUNBOOK } from '../../../machines/finding-runbook.js';
import { INCIDENT_LINES } from '../../../machines/incident-lines.js';
import { askFacts } from '../shared/server-facts.js';
import { byId, element } from '../shared/element.js';

byId('entries', HTMLDivElement).append(
  ...FINDING_KINDS.map((kind) =>
    entry({
      id: remedyAnchor(kind),
      mark: kind,
      remedy: FINDING_REMEDIES[kind],
      ...RUNBOOK[kind]
    })
  )
);
byId('lines', HTMLDivElement).append(
  ...INCIDENT_LINES.map((line) => entry({ ...line, mark: line.level }))
);
// The browser has looked for the anchor before this script made it: scroll to it now.
if (location.hash !== '') location.replace(location.hash);
void askFacts().then(({ hasInspector }) => {
  byId('inspector', HTMLAnchorElement).hidden = !hasInspector;
});

interface Entry {
  readonly id: string;
  /** Stands behind the title. */
  readonly mark: string;
  readonly title: string;
  readonly means: string;
  readonly look: readonly string[];
  readonly remedy: string;
}

function entry({ id, mark, title, means, look, remedy }: Entry): HTMLElement {
  return element(
    'section',
    { class: 'panel', id },
    element('h3', {}, `${title} `, element('code', {}, mark)),
    element('p', {}, ...inCode(means)),
    element('h4', {}, 'Where to look'),
    element('ul', {}, ...look.map((place) => element('li', {}, ...inCode(place)))),
    element('h4', {}, 'What to do'),
    element('p', {}, ...inCode(`${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`))
  );
}

/** Turns text between backticks into `code` elements. */
function inCode(text: string): (string | HTMLElement)[] {
  return text.split('`').map((part, index) => (index % 2 === 0 ? part : element('code', {}, part)));
}
