import codex from '../../../nodes/Runway/Runway.node.json';

describe('The search of the node panel', () => {
	it("finds the node, because its category is not AI, which n8n's editor shows only in a list of its own", () => {
		expect(codex.categories).not.toContain('AI');
	});

	it.each([
		'video',
		'AI video',
		'animate image',
		'upscale video',
		'text to video',
		'image to video',
		'act-one',
		'act-two',
		'aleph',
		'cometapi',
		'runwayml',
		'watch',
		'poll',
	])('knows the node by "%s"', (word) => {
		expect(codex.alias).toContain(word);
	});
});
