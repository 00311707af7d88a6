/** Copies texts, and the code of messages. */

/** How long a button says that it has copied, in milliseconds. */
const COPIED_MS = 2_000;

/** Lets every copy button in the log copy the code below it. `tell` says to the user whether that worked. */
export function copyCodeOnClick(rows: HTMLElement, tell: (words: string) => void): void {
  rows.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('button.copy') : null;
    const code = button?.closest('.code-block')?.querySelector('code');
    if (button === null || code === null || code === undefined) return;
    // Without the last line feed: a terminal would run what is pasted at once.
    void copyText(code.textContent.replace(/\n$/, '')).then((isCopied) => {
      tell(isCopied ? 'Code copied.' : 'The browser does not let this page copy.');
      if (!isCopied) return;
      button.textContent = 'Copied';
      setTimeout(() => {
        button.textContent = 'Copy';
      }, COPIED_MS);
    });
  });
}

/** Copies a text. Browsers offer the clipboard API only to pages from https and localhost; elsewhere `execCommand` is tried. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.className = 'heard';
    document.body.append(field);
    const focused = document.activeElement;
    field.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way without https
    const isCopied = document.execCommand('copy');
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return isCopied;
  }
}
