import type { INodeProperties } from 'n8n-workflow';

/** Tables of fields in Markdown, made from what n8n shows, so that the documentation says the same. */

const TITLE = '| Field | What it is | Default |\n| --- | --- | --- |\n';

/** @param fields in the order of the panel; notices are left out */
export function fieldTable(fields: readonly INodeProperties[]): string {
	return TITLE + rows(fields, '').join('');
}

function rows(fields: readonly INodeProperties[], above: string): string[] {
	return (
		fields
			.filter(({ type }) => type !== 'notice')
			// Of a field that is there once for each model, the last one is for all.
			.filter(({ name }, index, shown) => !shown.slice(index + 1).some((other) => other.name === name))
			.flatMap((field) => {
				const label = `${above}${field.displayName}`;
				const own = `| **${escaped(label)}** (\`${field.name}\`) | ${explanation(field, fields)} | ${defaultOf(field)} |\n`;
				// The entries of a collection; those of a fixed one stand one level deeper.
				const inner = (field.options ?? []).flatMap((option) =>
					'values' in option ? option.values : 'type' in option ? [option] : [],
				);
				return [own, ...rows(inner, `${label} → `)];
			})
	);
}

function explanation(field: INodeProperties, all: readonly INodeProperties[]): string {
	const parts = [field.description, field.hint, choices(field), condition(field, all)];
	const text = parts
		.filter((part) => part !== undefined && part !== '')
		.map((part) => (/[.!?]$/.test(part ?? '') ? part : `${part}.`))
		.join(' ');
	return escaped(field.required === true ? `Required. ${text}` : text);
}

/** The choices of a list with what they mean; long lists by their values alone. */
function choices({ type, options = [] }: INodeProperties): string {
	if (type !== 'options' && type !== 'multiOptions') return '';
	const named = options.flatMap((option) => ('value' in option ? [option] : []));
	const isLong = named.length > 5;
	const list = named.map(({ name, value, description }) =>
		description === undefined || isLong
			? value === ''
				? 'empty'
				: `\`${String(value)}\``
			: `*${name}* (\`${String(value)}\`): ${description}`,
	);
	if (!list.some((entry) => entry.startsWith('*'))) return `Choices: ${list.join(', ')}`;
	return list.map((entry) => (entry.endsWith('.') ? entry : `${entry}.`)).join(' ');
}

/** On which other fields it depends whether a field is shown. */
function condition({ displayOptions }: INodeProperties, all: readonly INodeProperties[]): string {
	const others = Object.entries(displayOptions?.show ?? {}).filter(
		([name]) => name !== 'resource' && name !== 'operation',
	);
	if (others.length === 0) return '';
	const wanted = others.map(([name, values]) => {
		const offered = all.find((field) => field.name === name)?.options ?? [];
		const possible = (values ?? []).filter(
			(value) => offered.length === 0 || offered.some((option) => 'value' in option && option.value === value),
		);
		const texts = possible.map((value) => `\`${JSON.stringify(value).replaceAll('"', '')}\``);
		// A name with a slash is one outside the collection.
		return `\`${name.replace(/^\//, '')}\` is ${texts.join(' or ')}`;
	});
	return `Shown if ${wanted.join(' and ')}`;
}

function defaultOf({ type, default: value }: INodeProperties): string {
	if (type === 'resourceLocator') return `\`${String((value as { value?: unknown }).value)}\``;
	if (Array.isArray(value)) return value.map((entry) => `\`${String(entry)}\``).join(', ');
	if (value === '' || value === undefined || typeof value === 'object') return '';
	return `\`${escaped(String(value).replace(/^=/, ''))}\``;
}

function escaped(text: string): string {
	return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
