/**
 * The agents as a supervised child: it loads those of `AGENTS`, takes up the runs that an earlier process has left, and
 * ends those at work when the server stops. In development a module whose file changes is loaded anew: its runs at work
 * finish with the old code, and new runs have the new.
 */
import { resolve } from 'node:path';
import { defineAgent, type Agent } from '../../../actors/agents/agent.js';
import { createEcho } from '../../../actors/agents/echo.js';
import { openAi } from '../../../actors/agents/models/openai.js';
import { NO_MARKS, type LoopMarks } from '../../../actors/agents/seeing/loop-marks.js';
import type { Runs } from '../../../actors/agents/runs.js';
import type { Clock } from '../../../actors/clock.js';
import type { Logger } from '../../../actors/log-line.js';
import type { Incidents } from '../../../actors/monitor/incidents.js';
import type { Service } from '../../../actors/service.js';
import { reasonOf } from '../../../machines/reason.js';
import { LoopWatch, type StartLoopThread } from './loop/loop-watch.js';
import { loadAgents, MODULE_FILES, type ModuleFiles } from './agent-module.js';
import type { Config } from '../../config/settings.js';

/** Options of {@link AgentsService}. */
export interface AgentsServiceOptions {
  readonly config: Pick<
    Config,
    | 'agents'
    | 'environment'
    | 'agentEchoWordsPerSecond'
    | 'agentUrl'
    | 'agentKey'
    | 'agentModel'
    | 'agentHistoryChars'
    | 'agentStallMs'
    | 'logFormat'
    | 'logLevel'
  >;
  readonly clock: Clock;
  /** Returns a random number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly incidents: Pick<Incidents, 'note'>;
  /** Default: those of the disk. */
  readonly files?: ModuleFiles;
  /** Starts the thread that watches the event loop. Default: a worker thread. */
  readonly startThread?: StartLoopThread;
}

/** Agents of AGENTS that are no modules. */
const SHIPPED: readonly string[] = ['echo', 'openai'];

/** The agents of a server. */
export class AgentsService implements Service {
  private readonly options: AgentsServiceOptions;
  private readonly files: ModuleFiles;
  private readonly loaded = new Map<string, Agent>();
  /** Watches the event loop; null when no module can block it. */
  private readonly watching: LoopWatch | null;
  private unwatch: (() => void)[] = [];
  /** Set when the handlers are made. */
  runs: Runs | null = null;

  constructor(options: AgentsServiceOptions) {
    this.options = options;
    this.files = options.files ?? MODULE_FILES;
    const { config, clock, logger, startThread } = options;
    const hasModules = config.agents.some((item) => !SHIPPED.includes(item));
    const { logFormat: format, logLevel } = config;
    const thread = startThread === undefined ? {} : { startThread };
    const isQuiet = logLevel === 'error';
    this.watching = hasModules
      ? new LoopWatch({ clock, logger, format, isQuiet, ...thread })
      : null;
  }

  /** Where calls of agents are marked. The agents of the package never keep the event loop. */
  get marks(): LoopMarks {
    return this.watching ?? NO_MARKS;
  }

  /** The agents by name; filled by {@link start}. */
  get agents(): ReadonlyMap<string, Agent> {
    return this.loaded;
  }

  async start(): Promise<void> {
    const { config, logger } = this.options;
    this.loaded.clear();
    this.watching?.start();
    const found = await this.loadAll();
    for (const [index, agents] of found.entries()) {
      const item = config.agents[index] ?? '';
      for (const agent of agents) this.add(item, agent);
      if (config.environment === 'development' && !SHIPPED.includes(item)) this.watch(item, agents);
    }
    this.runs?.restore();
    if (this.loaded.size > 0) {
      logger.info(`Agents: ${[...this.loaded.keys()].join(', ')}`, { actor: 'agents' });
    }
  }

  async stop(): Promise<void> {
    for (const unwatch of this.unwatch.splice(0)) unwatch();
    await this.runs?.stop();
    await this.watching?.stop();
  }

  private async loadAll(): Promise<Agent[][]> {
    try {
      return await Promise.all(this.options.config.agents.map((item) => this.load(item)));
    } catch (error) {
      await this.watching?.stop();
      throw error;
    }
  }

  private async load(item: string): Promise<Agent[]> {
    if (item === 'echo') {
      return [createEcho(this.options.clock, this.options.config.agentEchoWordsPerSecond)];
    }
    if (item === 'openai') return [this.openAi()];
    try {
      return await this.loadModule(resolve(item), 0);
    } catch (error) {
      throw new Error(`AGENTS: ${reasonOf(error)}`);
    }
  }

  private loadModule(path: string, version: number): Promise<Agent[]> {
    const load = (): Promise<Agent[]> => loadAgents(path, version, this.files, this.options.clock);
    return this.watching?.whileLoading(path, load) ?? load();
  }

  private add(item: string, agent: Agent): void {
    if (this.loaded.has(agent.name)) {
      throw new Error(`AGENTS: ${item} has one of two agents ${agent.name}`);
    }
    this.loaded.set(agent.name, agent);
  }

  /** Loads a module anew after each change of its file. */
  private watch(item: string, first: readonly Agent[]): void {
    const path = resolve(item);
    let present = first;
    let version = 0;
    let isLoading = false;
    let isOld = false;
    const loadAgain = async (): Promise<void> => {
      isOld = true;
      if (isLoading) return;
      isLoading = true;
      while (isOld) {
        isOld = false;
        present = await this.replaced(path, present, ++version);
      }
      isLoading = false;
    };
    this.unwatch.push(this.files.watch(path, () => void loadAgain()));
  }

  /** Returns the agents of a module's new version, or the present ones when it is no good. */
  private async replaced(
    path: string,
    present: readonly Agent[],
    version: number
  ): Promise<readonly Agent[]> {
    const { logger, incidents } = this.options;
    try {
      const agents = await this.loadModule(path, version);
      for (const [index, { name }] of agents.entries()) {
        const isOwn = present.some((agent) => agent.name === name);
        const isTwice = agents.findIndex((agent) => agent.name === name) !== index;
        if (isTwice || (this.loaded.has(name) && !isOwn)) {
          throw new Error(`${path} has one of two agents ${name}`);
        }
      }
      for (const { name } of present) this.loaded.delete(name);
      for (const agent of agents) this.loaded.set(agent.name, agent);
      const names = agents.map(({ name }) => name).join(', ');
      logger.info(`Agents loaded anew: ${names}`, { actor: 'agents' });
      return agents;
    } catch (error) {
      const fields = { actor: 'agents', reason: reasonOf(error) };
      incidents.note(
        'a changed module of AGENTS is no good: its agents stay as they were',
        fields,
        'warning'
      );
      return present;
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
}
