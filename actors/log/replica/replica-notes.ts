/** Notes of a replica that others than its own order read: they say what a log is. */

/** Id of the note with the cluster whose replica the log is, or begins. A log of a single node has none. */
export const CLUSTER_NOTE = 'cluster';

/** Ids of the notes with how far each partition was applied begin so; the number of the partition follows. */
export const CURSOR_NOTE = 'cursor:';

/** Id of the note of a replica that was repaired: it may lack messages, so that it must be made anew. */
export const REPAIRED_NOTE = 'repaired';

/** What a log is: a `replica` of a cluster, or the first one of a cluster to be; of a `single` node; or nothing yet. */
export type LogRole = 'replica' | 'single' | 'new';
