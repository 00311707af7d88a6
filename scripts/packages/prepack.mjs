/** Builds what is packed, once for both packages: `npm pack` runs this before it packs either. */
import { build, needsBuild } from '../setup.mjs';

if (needsBuild()) await build();
