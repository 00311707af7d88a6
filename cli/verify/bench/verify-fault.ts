/** Something that a check met and cannot go on after; the message is a sentence for the operator. */
export class VerifyFault extends Error {}
