/** What a client hears of the machine it runs on; from outside, so that specs can play it. */
export interface ClientEnvironment {
  /** Calls `onChange` when a network has come or gone, or the page has come back into sight; the answer ends it. */
  watch(onChange: (change: EnvironmentChange) => void): () => void;
}

/** `online` a network is there · `offline` it has gone, or seems to have · `visible` somebody looks at the page again. */
export type EnvironmentChange = 'online' | 'offline' | 'visible';

/** What browsers have and Node has not; only what is used here. */
interface Page {
  readonly visibilityState: string;
}

function isTarget(value: unknown): value is EventTarget {
  return value instanceof EventTarget;
}

function isPage(value: EventTarget): value is EventTarget & Page {
  return 'visibilityState' in value;
}

/** The browser; elsewhere nothing is ever heard. */
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
