/** Something that the person at the terminal can put right or should know, in one sentence. */
export class StartError extends Error {
	constructor(
		sentence: string,
		/** Lines that may be printed above the sentence. */
		readonly details = '',
	) {
		super(sentence);
		this.name = 'StartError';
	}
}
