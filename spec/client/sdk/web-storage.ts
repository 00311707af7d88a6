import type { WebStorage } from '../../../client/sdk/outbox/outbox-storage.js';

/** Makes a fake of the browser's `localStorage`, in memory. */
export function webStorage(): WebStorage & { readonly items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    get length() {
      return items.size;
    },
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => {
      items.set(key, value);
    },
    removeItem: (key) => {
      items.delete(key);
    }
  };
}
