/** Something that the person at the terminal can put right: shown as one sentence, without a stack. */
export class Problem extends Error {
	constructor(sentence, details = '') {
		super(sentence);
		this.name = 'Problem';
		/** Lines that may be printed below the sentence. */
		this.details = details;
	}
}

/** Something that this machine lacks and that can't be installed for it: what needs it is left out, and says so. */
export class Absent extends Problem {}
