/** Words for the runs of agents. */
import { counted, number } from '../../shared/counted.js';
import { took } from '../../shared/duration.js';
import type { AgentReport, Report } from '../report/report.js';

/** Names of the limits of runs in `/status`. */
const RUN_LIMITS = /^runs?_/;

/** Says how many runs are open, and how often their limits refused something. */
export function agentsNote({ agents, limited }: Pick<Report, 'agents' | 'limited'>): string {
  const open = sum(agents.map(({ queued, running, waiting }) => queued + running + waiting));
  const refused = sum([...limited].map(([name, times]) => (RUN_LIMITS.test(name) ? times : 0)));
  const limits = refused === 0 ? '' : `; limits were reached ${counted(refused, 'time')}`;
  return `${counted(open, 'run')} open${limits}`;
}

/** Says how the runs of an agent have ended since the start. */
export function endsText(agent: AgentReport): string {
  const { completed, failed, cancelled, interrupted, failedInARow } = agent;
  const { firstTexts, firstTextMs } = agent;
  const parts = [
    `${number(completed)} completed`,
    ...(failed > 0 ? [`${number(failed)} failed`] : []),
    ...(failedInARow > 1 ? [`the last ${number(failedInARow)} in a row`] : []),
    ...(cancelled > 0 ? [`${number(cancelled)} cancelled`] : []),
    ...(interrupted > 0 ? [`${number(interrupted)} interrupted`] : []),
    ...(firstTexts > 0 ? [`first text after ${took(firstTextMs / firstTexts)} on average`] : [])
  ];
  return parts.join(', ');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
