/** The public surface of the package: the server to embed, its configuration, and the frames of `rollcall.v1`. */
export { Server, type Surroundings } from './server/wiring/server.js';
export { loadConfig, faultsMessage, type LoadedConfig } from './server/config/config.js';
export type { Config } from './server/config/settings.js';
export { createLogger, type ServerLogger } from './server/logger/logger.js';
export { systemClock, type Clock } from './actors/clock.js';
export type { Logger } from './actors/log-line.js';
export type { StatusReport } from './server/wiring/report/status-report.js';
export { ERRORS, CLOSES, type ErrorCode, type CloseCode } from './protocol/errors.js';
export {
  CLIENT_FRAMES,
  SERVER_FRAMES,
  SUBPROTOCOL,
  type ClientFrame,
  type ServerFrame,
  type MessageFrame
} from './protocol/frames.js';
export {
  AgentError,
  defineAgent,
  type Agent,
  type AgentEvent,
  type Answer,
  type AskEvent,
  type RunContext,
  type TextEvent,
  type ThinkingEvent,
  type ToolCallEvent,
  type ToolResultEvent,
  type Usage,
  type UsageEvent
} from './actors/agents/agent.js';
export type { Tool, ToolContext } from './actors/agents/tools/tool.js';
export { openAi, type OpenAiOptions } from './actors/agents/models/openai.js';
export { fromAiSdk } from './actors/agents/models/ai-sdk.js';
export { agUi, type AgUiOptions } from './actors/agents/models/ag-ui.js';
