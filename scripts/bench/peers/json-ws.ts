/** The peer `json-ws`: bare `ws` that speaks the protocol, see `json-rooms.ts`; beside Rollcall on that engine. */
import { createServer } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { JsonRooms, type RoomSocket } from './json-rooms.js';

/** Serves on any free port and passes it on. */
export function startJsonWs(tell: (port: number) => void): void {
  const http = createServer();
  const wss = new WebSocketServer({ server: http, perMessageDeflate: false });
  const threads = new Map<string, Set<WebSocket>>();
  const rooms = new JsonRooms((thread, text) => {
    for (const member of threads.get(thread) ?? []) member.send(text);
  });
  wss.on('connection', (ws) => {
    const joined = new Set<Set<WebSocket>>();
    const socket: RoomSocket = {
      user: null,
      send: (text) => {
        ws.send(text);
      },
      join: (thread) => {
        const members = threads.get(thread) ?? new Set();
        threads.set(thread, members.add(ws));
        joined.add(members);
      }
    };
    ws.on('message', (data) => {
      if (Buffer.isBuffer(data)) rooms.take(socket, data.toString());
    });
    ws.on('close', () => {
      for (const members of joined) members.delete(ws);
    });
  });
  http.listen(0, '127.0.0.1', () => {
    const address = http.address();
    tell(typeof address === 'object' && address !== null ? address.port : 0);
  });
}
