/**
 * The agents as a supervised child: it loads those of `AGENTS`, takes up the runs that an earlier process has left, and
 * ends those at work when the server stops.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineAgent, type Agent } from '../../actors/agents/agent.js';
import { createEcho } from '../../actors/agents/echo.js';
import { openAi } from '../../actors/agents/models/openai.js';
import type { Runs } from '../../actors/agents/runs.js';
import type { Clock } from '../../actors/clock.js';
import type { Logger } from '../../actors/log-line.js';
import type { Incidents } from '../../actors/monitor/incidents.js';
import type { Service } from '../../actors/service.js';
import { reasonOf } from '../../machines/reason.js';
import type { Config } from '../config/settings.js';

/** Longest time for a module to load, in milliseconds: less than the child may take to start, so that it is named. */
const LOAD_MS = 15_000;

/** Options of {@link AgentsService}. */
export interface AgentsServiceOptions {
  readonly config: Pick<
    Config,
    | 'agents'
    | 'agentEchoWordsPerSecond'
    | 'agentUrl'
    | 'agentKey'
    | 'agentModel'
    | 'agentHistoryChars'
    | 'agentStallMs'
  >;
  readonly clock: Clock;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly incidents: Pick<Incidents, 'note'>;
}

/** The agents of a server. */
export class AgentsService implements Service {
  private readonly options: AgentsServiceOptions;
  private readonly loaded = new Map<string, Agent>();
  /** Set when the handlers are made. */
  runs: Runs | null = null;

  constructor(options: AgentsServiceOptions) {
    this.options = options;
  }

  /** The agents by name; filled by {@link start}. */
  get agents(): ReadonlyMap<string, Agent> {
    return this.loaded;
  }

  async start(): Promise<void> {
    const { config, logger } = this.options;
    this.loaded.clear();
    for (const item of config.agents) {
      for (const agent of await this.load(item)) {
        if (this.loaded.has(agent.name))
          throw new Error(`AGENTS: ${item} has one of two agents ${agent.name}`);
        this.loaded.set(agent.name, agent);
      }
    }
    this.runs?.restore();
    if (this.loaded.size > 0) {
      logger.info(`Agents: ${[...this.loaded.keys()].join(', ')}`, { actor: 'agents' });
    }
  }

  async stop(): Promise<void> {
    await this.runs?.stop();
  }

  private async load(item: string): Promise<Agent[]> {
    if (item === 'echo') {
      return [createEcho(this.options.clock, this.options.config.agentEchoWordsPerSecond)];
    }
    if (item === 'openai') return [this.openAi()];
    const path = resolve(item);
    try {
      return agentsOf(await this.inTime(import(pathToFileURL(path).href)));
    } catch (error) {
      throw new Error(`AGENTS: ${path} cannot be loaded: ${reasonOf(error)}`);
    }
  }

  private openAi(): Agent {
    const { clock, random, config, incidents } = this.options;
    const { agentUrl, agentModel, agentKey, agentHistoryChars, agentStallMs } = config;
    if (agentUrl === undefined || agentModel === undefined) {
      throw new Error('AGENTS: openai needs AGENT_URL and AGENT_MODEL');
    }
    const run = openAi(agentUrl, {
      clock,
      random,
      key: agentKey,
      model: agentModel,
      historyChars: agentHistoryChars,
      stallMs: agentStallMs,
      note: (reason) => {
        incidents.note(
          'the agent openai got no answer or only a part of one',
          { actor: 'agents', reason },
          'warning'
        );
      }
    });
    return defineAgent({
      name: 'openai',
      description: `answers with the model ${agentModel}`,
      run
    });
  }

  /** What a module exports, when it has loaded in time: it may wait for ever at its top. */
  private inTime(loading: Promise<unknown>): Promise<unknown> {
    const { clock } = this.options;
    return new Promise((resolve, reject) => {
      const timer: unknown = clock.setTimeout(() => {
        reject(new Error(`it was not done after ${String(LOAD_MS)} ms`));
      }, LOAD_MS);
      void loading.then(resolve, reject).finally(() => {
        clock.clearTimeout(timer);
      });
    });
  }
}

/** Returns the agents that a module exports: `default`, which is one or a list. */
function agentsOf(module: unknown): Agent[] {
  const exported: unknown =
    typeof module === 'object' && module !== null && 'default' in module
      ? module.default
      : undefined;
  const list: unknown[] = Array.isArray(exported) ? exported : [exported];
  return list.map((item) => {
    if (!isAgentLike(item))
      throw new TypeError('its default export is no agent and no list of agents');
    return defineAgent(item);
  });
}

function isAgentLike(value: unknown): value is Agent {
  return typeof value === 'object' && value !== null && 'name' in value && 'run' in value;
}
