/** The line of `link.ts` in a browser: its WebSocket and its `fetch`. */
import type { LinkAnswer, LinkSocket, LinkSocketEvents } from './link.js';

/** Opens a WebSocket to the server of the page. */
export function openSocket(
  path: string,
  protocols: string[],
  events: LinkSocketEvents
): LinkSocket {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url, protocols);
  socket.addEventListener('open', () => {
    events.open();
  });
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (typeof data === 'string') events.message(data);
  });
  socket.addEventListener('close', () => {
    events.closed();
  });
  return {
    send: (text) => {
      socket.send(text);
    },
    close: () => {
      socket.close();
    }
  };
}

/** Asks the server of the page. */
export async function askServer(path: string, token: string | null): Promise<LinkAnswer> {
  const response = await fetch(path, {
    cache: path.includes('/charts/') ? 'default' : 'no-store',
    headers: token === null ? {} : { authorization: `Bearer ${token}` }
  });
  return { code: response.status, text: await response.text() };
}

/** Lets the reader keep a text as a file. */
export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it when the next task runs.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 1_000);
}
