/** The engines that a server can run on, where they load. */
import { requireTool } from '../../require.js';

/** Values of TRANSPORT; the server must behave the same on each. */
export const TRANSPORTS = ['uws', 'ws'] as const;

const uwsFault: string | null = await import('uWebSockets.js').then(
  () => null,
  (error: unknown) => (error instanceof Error ? error.message : String(error))
);

/** Skips the tests below the running `before` when the engine does not load on this Node. */
export function requireTransport(
  context: Pick<Mocha.Context, 'skip'>,
  transport: (typeof TRANSPORTS)[number]
): void {
  const isPresent = transport === 'ws' || uwsFault === null;
  requireTool(context, 'uWebSockets.js', isPresent, uwsFault ?? '');
}
