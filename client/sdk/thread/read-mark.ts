/** How far the user has read a thread, and how much of that the current connection has been told. */
export class ReadMark {
  #read = 0;
  #sent = 0;

  /** Moves the mark; it never moves back. Invalid offsets are ignored. */
  raise(offset: number): void {
    if (Number.isSafeInteger(offset)) this.#read = Math.max(this.#read, offset);
  }

  /** Sends the mark unless it was sent; `send` returns whether it could. */
  tell(send: (read: number) => boolean): void {
    if (this.#read > this.#sent && send(this.#read)) this.#sent = this.#read;
  }

  /** Handles a lost connection: the server may not have got the mark. */
  lost(): void {
    this.#sent = 0;
  }
}
