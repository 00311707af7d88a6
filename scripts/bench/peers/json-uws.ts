/**
 * The peer `json-uws`: uWebSockets.js that speaks as much of Rollcall's protocol as the rows need. It parses each frame,
 * stamps a publish, acknowledges it and publishes it to a topic. It stores and authenticates nothing. What Rollcall needs
 * beyond it is the price of its promises.
 */

/** The fields that it reads. */
interface ClientFrame {
  readonly type: string;
  readonly id?: unknown;
  readonly user?: unknown;
  readonly thread?: string;
  readonly mid?: unknown;
  readonly kind?: unknown;
  readonly body?: unknown;
}

function isFrame(value: unknown): value is ClientFrame {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** Serves on any free port and passes it on. */
export async function startJsonUws(tell: (port: number) => void): Promise<void> {
  const uws = await import('uWebSockets.js');
  const offsets = new Map<string, number>();
  const app = uws.App();
  app.ws<{ user: unknown }>('/*', {
    maxBackpressure: 64 * 1_048_576,
    // The generator does not answer its pings.
    idleTimeout: 0,
    upgrade(res, req, context) {
      res.upgrade({ user: null }, req.getHeader('sec-websocket-key'), '', '', context);
    },
    message(ws, data) {
      const frame: unknown = JSON.parse(Buffer.from(data).toString());
      if (!isFrame(frame)) return;
      const { type, id, thread = '' } = frame;
      const offset = offsets.get(thread) ?? 0;
      if (type === 'connect') {
        ws.getUserData().user = frame.user;
        ws.send(JSON.stringify({ type: 'connected', id, user: frame.user, time: Date.now() }));
      } else if (type === 'subscribe') {
        ws.subscribe(thread);
        ws.send(JSON.stringify({ type: 'subscribed', id, thread, offset }));
        ws.send(JSON.stringify({ type: 'caught_up', thread, offset }));
      } else if (type === 'publish') {
        const { mid, body, kind = 'user_message' } = frame;
        const next = offset + 1;
        offsets.set(thread, next);
        const at = Date.now();
        const from = { user: ws.getUserData().user };
        ws.send(JSON.stringify({ type: 'ack', id, thread, mid, offset: next, at }));
        app.publish(
          thread,
          JSON.stringify({ type: 'message', thread, offset: next, mid, from, at, kind, body })
        );
      }
    }
  });
  app.listen('127.0.0.1', 0, (token) => {
    if (token === false) throw new Error('no port');
    tell(uws.us_socket_local_port(token));
  });
}
