/** Reads what `rollcall verify` needs from flags, the environment and files. */
import { reasonOf } from '../../machines/reason.js';
import { loadSetting } from '../../server/config/config.js';
import { SETTINGS } from '../../server/config/settings.js';
import { tokenIn } from '../chat/dial.js';
import { DEFAULT_THREAD } from '../chat/dial-order.js';
import type { CliSeat } from '../cli-outside.js';
import { type Flags, inputOf, refuse } from '../command-settings.js';
import { dialOrder, misused } from '../dial-flags.js';
import { runVerify } from './verify-command.js';

/** Runs the command. */
export async function verify(flags: Flags, seat: CliSeat, isJson: boolean): Promise<number> {
  const dialed = dialOrder(flags, DEFAULT_THREAD, seat);
  if (!dialed.ok) return await misused('verify', dialed.faults, seat);
  // Read only this setting: a server may be checked from a machine that has no other.
  const input = inputOf(flags, seat);
  const apiKey = input.ok ? loadSetting(SETTINGS.apiKey, input.value) : input;
  if (!apiKey.ok) return await refuse(apiKey.faults, seat);
  const { url, tokenFile } = dialed.value;
  let { token } = dialed.value;
  if (tokenFile !== undefined) {
    try {
      token = await tokenIn(tokenFile);
    } catch (error) {
      return await misused('verify', [`--token-file: ${reasonOf(error)}`], seat);
    }
  }
  const { agent, watch, only } = flags;
  return await runVerify({ url, token, apiKey: apiKey.value, agent, watch, only, isJson }, seat);
}
