import type { RouteTable } from '../../../../server/http/route-table.js';
import type { HttpReply } from '../../../../server/transport/transport.js';

/** A reply with its body, as text and parsed. */
export type AskedReply = Omit<HttpReply, 'body'> & {
  readonly text: string;
  readonly body: Record<string, unknown>;
};

/** Asks a route without a body, with an API key unless it is empty. Null: the table has no such route. */
export async function askRoute(
  table: RouteTable,
  url: string,
  { key, method = 'GET' }: { readonly key: string; readonly method?: string | undefined }
): Promise<AskedReply | null> {
  const [path = '', query = ''] = url.split('?');
  const reply = await table.answer({
    method,
    path,
    query,
    address: '127.0.0.1',
    header: (name) => (name === 'x-api-key' && key !== '' ? key : undefined),
    body: () => Promise.resolve('')
  });
  if (reply === null || !('body' in reply)) return null;
  const text = String(reply.body);
  return { ...reply, text, body: JSON.parse(text) as Record<string, unknown> };
}
