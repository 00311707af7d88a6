/** The browser's side of `link.ts`: a WebSocket, `fetch` and saving a file. */
import { parsedJson } from '../../../sdk/json.js';
import type { LinkAnswer, LinkSocket, LinkSocketEvents } from './link.js';

/** Opens a WebSocket to the server that served the page. */
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

/** Sends a GET request to the server that served the page. */
export async function askServer(path: string, token: string | null): Promise<LinkAnswer> {
  const response = await fetch(path, {
    cache: path.includes('/charts/') ? 'default' : 'no-store',
    headers: token === null ? {} : { authorization: `Bearer ${token}` }
  });
  return { code: response.status, text: await response.text() };
}

/** Downloads a text as a JSON file. Returns its size in bytes. */
export function saveFile(name: string, text: string): number {
  const blob = new Blob([text], { type: 'application/json' });
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has long begun the download by then.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 1_000);
  return blob.size;
}

/** Resolves when the page has been painted; after a short time on a hidden page, which is not painted. */
export function painted(): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      setTimeout(resolve, 0);
    };
    requestAnimationFrame(done);
    setTimeout(done, 200);
  });
}

/** Asks for the report of `/status`. Rejects when there is no response. */
export async function askReport(): Promise<unknown> {
  const response = await fetch('/status', { headers: { accept: 'application/json' } });
  return parsedJson(await response.text());
}
