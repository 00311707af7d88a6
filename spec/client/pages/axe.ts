/** What axe-core finds in a page, in light and dark. */
import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** The two looks of a page. */
export const SCHEMES = ['light', 'dark'] as const;

const IMPACTS: readonly unknown[] = ['serious', 'critical'];

/**
 * Looks for what keeps people out of a page as it is now; answers a line for each serious or critical violation. The
 * script comes in through the debugger, which the content security policy of the page does not bind.
 */
export async function accessibilityProblems(
  page: Page,
  schemes: readonly (typeof SCHEMES)[number][] = SCHEMES
): Promise<string[]> {
  const problems: string[] = [];
  await page.evaluate(axe.source);
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate<AxeResults>(
      "axe.run(document, { resultTypes: ['violations'] })"
    );
    for (const { id, impact, help, nodes } of violations) {
      if (!IMPACTS.includes(impact)) continue;
      const where = nodes.map(({ target }) => target.join(' ')).join(', ');
      problems.push(`${colorScheme}: ${id} (${String(impact)}): ${help}: ${where}`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  return problems;
}
