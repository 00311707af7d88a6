/** What the threads of this node know of other nodes, and tell them. A single node has none, and pays nothing for it. */

/** Somebody has come to a thread on another node, or has left it there. */
export interface ElsewhereNews {
  readonly thread: string;
  /** Null for a backend, which may read everything. */
  readonly user: string | null;
  readonly isThere: boolean;
}

/** The other nodes. None of these methods throws or waits. */
export interface Elsewhere {
  /** Id of this node. */
  readonly node: string;
  /**
   * Returns who answers for what a node holds: this node when it is its own, or when that node is gone and this one has
   * the smallest id; null while that is not sure.
   */
  owns(node: string | undefined): boolean | null;
  /** Adds a listener, called when what another node held may have become this one's. Returns a function that removes it. */
  onOrphans(listener: () => void): () => void;
  /** Returns whether somebody other than an author is subscribed on another node; null for whom all are others. */
  hasReader(thread: string, author: string | null): boolean;
  /** Returns the users who are subscribed on other nodes, once for each node that has them. */
  people(thread: string): Iterable<string>;
  /** Tells the other nodes of a subscription here. */
  enter(thread: string, user: string | null): void;
  /** Tells the other nodes that a subscription here has ended. */
  leave(thread: string, user: string | null): void;
  /**
   * Calls `nobody` once, when every other node has said that nobody but an author is subscribed there. Until then it goes
   * on asking. Like {@link Elsewhere.confirmGiven} it takes the place of what was asked about the thread before.
   */
  confirmNobody(thread: string, author: string | null, nobody: () => void): void;
  /**
   * Calls `given` once, with a reader other than an author who has got everything up to an offset on another node, when
   * there is one. Until then it goes on asking.
   */
  confirmGiven(
    thread: string,
    offset: number,
    author: string | null,
    given: (user: string | null) => void
  ): void;
  /** Ends the questions about a thread. */
  forget(thread: string): void;
  /** Adds a listener for what happens on other nodes. Returns a function that removes it. */
  listen(listener: (news: ElsewhereNews) => void): () => void;
}
