import type { WebSocketConstructor, WebSocketLike } from '../../../client/sdk/connection/socket.js';
import type { FakeConnection, FakeRollcall } from './fake-rollcall.js';

interface Listeners {
  open: () => void;
  error: () => void;
  message: (event: { readonly data: unknown }) => void;
  close: (event: { readonly code: number; readonly reason: string }) => void;
}

/** Makes a WebSocket class that connects to `server` in this process. Microtasks deliver the frames, in order. */
export function memoryWebSocket(server: FakeRollcall): WebSocketConstructor {
  return class MemorySocket implements WebSocketLike {
    readyState = 0;
    readonly #listeners: { [K in keyof Listeners]: Listeners[K][] } = {
      open: [],
      error: [],
      message: [],
      close: []
    };
    #connection: FakeConnection | null = null;

    constructor() {
      queueMicrotask(() => {
        if (this.readyState !== 0) return;
        if (server.refusals > 0) {
          server.refusals -= 1;
          for (const listener of this.#listeners.error) listener();
          this.#closed(1006, '');
          return;
        }
        this.readyState = 1;
        this.#connection = server.accept({
          send: (text) => {
            queueMicrotask(() => {
              if (this.readyState !== 1) return;
              for (const listener of this.#listeners.message) listener({ data: text });
            });
          },
          close: (code, reason) => {
            queueMicrotask(() => {
              this.#closed(code, reason);
            });
          }
        });
        for (const listener of this.#listeners.open) listener();
      });
    }

    addEventListener<K extends keyof Listeners>(type: K, listener: Listeners[K]): void {
      this.#listeners[type].push(listener);
    }

    send(data: string): void {
      queueMicrotask(() => {
        const connection = this.#connection;
        // A server ignores what arrives on a connection that it has closed.
        if (connection !== null && server.connections.has(connection))
          server.take(connection, data);
      });
    }

    close(): void {
      this.#closed(1000, '');
    }

    #closed(code: number, reason: string): void {
      if (this.readyState === 3) return;
      this.readyState = 3;
      if (this.#connection !== null) server.gone(this.#connection);
      for (const listener of this.#listeners.close) listener({ code, reason });
    }
  };
}
