/** The peer `json-uws`: uWebSockets.js that speaks the protocol, see `json-rooms.ts`. */
import { JsonRooms, type RoomSocket } from './json-rooms.js';

/** Serves on any free port and passes it on. */
export async function startJsonUws(tell: (port: number) => void): Promise<void> {
  const uws = await import('uWebSockets.js');
  const app = uws.App();
  const rooms = new JsonRooms((thread, text) => app.publish(thread, text));
  app.ws<{ socket: RoomSocket | null }>('/*', {
    maxBackpressure: 64 * 1_048_576,
    // The generator does not answer its pings.
    idleTimeout: 0,
    upgrade(res, req, context) {
      res.upgrade({ socket: null }, req.getHeader('sec-websocket-key'), '', '', context);
    },
    open(ws) {
      ws.getUserData().socket = {
        user: null,
        send: (text) => ws.send(text),
        join: (thread) => ws.subscribe(thread)
      };
    },
    message(ws, data) {
      const { socket } = ws.getUserData();
      if (socket !== null) rooms.take(socket, Buffer.from(data).toString());
    }
  });
  app.listen('127.0.0.1', 0, (token) => {
    if (token === false) throw new Error('no port');
    tell(uws.us_socket_local_port(token));
  });
}
