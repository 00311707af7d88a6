/** The monitor's rules about agents, and their thresholds. */
import { counted, durationText } from './measure-words.js';
import type { Rule } from './rule.js';

/** From this time on, in milliseconds, an agent at work that yields nothing is silent. */
export const SILENT_MS = 30_000;

/** From this time on, in milliseconds, a tool of an agent takes long. */
export const TOOL_LONG_MS = 60_000;

/** Number of an agent's runs that fail in a row before it is a warning: two may be chance. */
export const AGENT_FAILURES = 3;

/** A call of an agent that keeps the event loop so long is a warning, in milliseconds: what users notice in a chat. */
export const BLOCKED_MS = 250;

/** From this time on, in milliseconds, it is critical: connections are late to be heard, and the sweep is too. */
export const BLOCKED_CRITICAL_MS = 2_000;

/** What the rules judge. */
export interface AgentRuleMeasures {
  /** Runs whose agent has been silent for long; the rest is of the one that is silent longest. */
  readonly agent_silent: AgentPlace & { readonly runs: number; readonly silentMs: number };
  /** Tools that have been at work for long; the rest is of the one that is so longest. */
  readonly agent_tool: AgentPlace & {
    readonly tools: number;
    readonly tool: string;
    readonly openMs: number;
  };
  /** `times`: how many of the agent's last runs have failed in a row. */
  readonly agent_failing: { readonly agent: string; readonly times: number };
  /** `ms`: how long one call of the agent has lately kept the event loop. */
  readonly agent_blocking: { readonly agent: string; readonly ms: number };
}

interface AgentPlace {
  readonly agent: string;
  readonly thread: string | null;
}

const once = { forMs: 0 } as const;

/** Rules by kind. */
export const AGENT_RULES: {
  readonly [Kind in keyof AgentRuleMeasures]: Rule<AgentRuleMeasures[Kind]>;
} = {
  agent_silent: {
    ...once,
    title: 'agents were silent',
    logs: 'all',
    level: ({ runs }) => (runs === 0 ? 'healthy' : 'warning'),
    message: ({ runs, agent, silentMs }) =>
      `${counted(runs, 'run')} of agents ${runs === 1 ? 'is' : 'are'} silent, longest one of ${agent}: for ` +
      `${durationText(silentMs)}; whoever reads sees no progress`,
    thread: ({ thread }) => thread
  },
  agent_tool: {
    ...once,
    title: 'tools of agents took long',
    logs: 'all',
    level: ({ tools }) => (tools === 0 ? 'healthy' : 'warning'),
    message: ({ tools, agent, tool, openMs }) =>
      `${counted(tools, 'tool')} of agents ${tools === 1 ? 'takes' : 'take'} long, longest ${tool} of ${agent}: ` +
      durationText(openMs),
    unnamed: (measure) => AGENT_RULES.agent_tool.message({ ...measure, tool: 'one' }),
    thread: ({ thread }) => thread
  },
  agent_failing: {
    ...once,
    title: 'the runs of an agent failed',
    logs: 'all',
    level: ({ times }) => (times >= AGENT_FAILURES ? 'warning' : 'healthy'),
    message: ({ agent, times }) => `the last ${counted(times, 'run')} of ${agent} failed`
  },
  agent_blocking: {
    ...once,
    title: 'an agent kept the event loop',
    logs: 'all',
    level: ({ ms }) => {
      if (ms >= BLOCKED_CRITICAL_MS) return 'critical';
      return ms >= BLOCKED_MS ? 'warning' : 'healthy';
    },
    message: ({ agent, ms }) =>
      `the agent ${agent} kept the event loop for ${Math.round(ms).toLocaleString('en')} ms at once: everybody waited meanwhile`
  }
};
