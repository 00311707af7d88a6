/** Reports network and visibility changes to a client; specs pass their own. */
export interface ClientEnvironment {
  /** Calls `onChange` after each change; the returned function stops it. */
  watch(onChange: (change: EnvironmentChange) => void): () => void;
}

/** `online` a network is available · `offline` none seems to be · `visible` the page is shown again. */
export type EnvironmentChange = 'online' | 'offline' | 'visible';

/** The browser globals that are used here; Node does not have them. */
interface Page {
  readonly visibilityState: string;
}

function isTarget(value: unknown): value is EventTarget {
  return value instanceof EventTarget;
}

function isPage(value: EventTarget): value is EventTarget & Page {
  return 'visibilityState' in value;
}

/** Reports the browser's events; outside a browser it reports nothing. */
export const platformEnvironment: ClientEnvironment = {
  watch: (onChange) => {
    const window: unknown = Reflect.get(globalThis, 'window');
    const page: unknown = Reflect.get(globalThis, 'document');
    const ends: (() => void)[] = [];
    const listen = (target: unknown, type: string, heard: () => void): void => {
      if (!isTarget(target)) return;
      target.addEventListener(type, heard);
      ends.push(() => {
        target.removeEventListener(type, heard);
      });
    };
    listen(window, 'online', () => {
      onChange('online');
    });
    listen(window, 'offline', () => {
      onChange('offline');
    });
    listen(page, 'visibilitychange', () => {
      if (isTarget(page) && isPage(page) && page.visibilityState === 'visible') onChange('visible');
    });
    return () => {
      for (const end of ends) end();
    };
  }
};
