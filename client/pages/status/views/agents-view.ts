import { number } from '../../shared/counted.js';
import { duration } from '../../shared/duration.js';
import { byId, element } from '../../shared/element.js';
import { KeyedRows, type Row } from '../../shared/keyed-rows.js';
import { label, write } from '../../shared/live-text.js';
import type { AgedReport } from '../report/aged-report.js';
import type { AgentReport } from '../report/report.js';
import { agentsNote, endsText } from '../words/agent-words.js';
import { runEndWord } from '../words/part-words.js';

interface AgentRow {
  readonly agent: AgentReport;
  readonly lastMs: number | null;
}

/** Lists the agents with their open runs, and how the others ended. */
export class AgentsView {
  readonly #panel = byId('agents-panel', HTMLElement);
  readonly #note = byId('agents-note', HTMLParagraphElement);
  readonly #rows = new KeyedRows<AgentRow>({
    into: byId('agents', HTMLTableSectionElement),
    key: ({ agent }) => agent.name,
    make: makeAgent
  });

  /** Shows the agents as they are now; nothing when there are none. */
  show({ report, since }: AgedReport): void {
    const { agents } = report;
    this.#panel.hidden = agents.length === 0;
    write(this.#note, agentsNote(report));
    this.#rows.show(agents.map((agent) => ({ agent, lastMs: since(agent.lastEndedAt) })));
  }
}

function makeAgent(): Row<AgentRow> {
  const name = element('th', { scope: 'row' });
  const pill = element('span', { class: 'pill' });
  const running = element('td', { class: 'number' });
  const queued = element('td', { class: 'number' });
  const waiting = element('td', { class: 'number' });
  const ends = element('td', { class: 'why' });
  const root = element(
    'tr',
    {},
    name,
    element('td', { class: 'state' }, pill),
    running,
    queued,
    waiting,
    ends
  );
  return {
    root,
    fill: ({ agent, lastMs }) => {
      write(name, agent.name);
      const word = runEndWord(agent.lastEnd);
      const ago = lastMs === null ? '' : ` ${duration(lastMs)} ago`;
      label(pill, { ...word, text: `${word.text}${ago}` });
      write(running, number(agent.running));
      write(queued, number(agent.queued));
      write(waiting, number(agent.waiting));
      write(ends, endsText(agent));
    }
  };
}
