import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

import { known } from './facts';

const root = path.join(__dirname, '../..');

/** The generated file, below the project's folder. */
export const TABLE_FILE = 'nodes/Runway/modelTable.ts';

type Members = Map<string, ts.PropertySignature>;

/** The parameters of every model that the typings of one endpoint have, by model. */
function typings(endpoint: string): Map<string, Members> {
	const file = path.join(root, 'node_modules/@runwayml/sdk/resources', `${endpoint}.d.ts`);
	const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
	const found = new Map<string, Members>();
	const visit = (node: ts.Node) => {
		if (ts.isInterfaceDeclaration(node)) {
			const members: Members = new Map(
				node.members.filter(ts.isPropertySignature).map((member) => [member.name.getText(), member]),
			);
			for (const model of literals(members.get('model'))) found.set(String(model), members);
		}
		ts.forEachChild(node, visit);
	};
	visit(source);
	if (found.size === 0) throw new Error(`The typings of ${endpoint} name no model.`);
	return found;
}

/** The values of a union of texts or numbers. */
function literals(member: ts.PropertySignature | undefined): Array<string | number> {
	const type = member?.type;
	if (type === undefined) return [];
	return (ts.isUnionTypeNode(type) ? [...type.types] : [type]).flatMap((one): Array<string | number> => {
		if (!ts.isLiteralTypeNode(one)) return [];
		if (ts.isStringLiteral(one.literal)) return [one.literal.text];
		return ts.isNumericLiteral(one.literal) ? [Number(one.literal.text)] : [];
	});
}

/** Whether the picture may be given with the position `last`. */
function takesLastFrame(members: Members): boolean {
	const documented = members.get('promptImage')?.getSourceFile().text ?? '';
	const name = /Array<(\w+)\.PromptImage>/.exec(members.get('promptImage')?.getText() ?? '')?.[1];
	const space = name === undefined ? '' : (documented.split(`namespace ${name} {`)[1] ?? '');
	return /^\s*position\??: 'first' \| 'last'/m.test(space.split('\n    }\n')[0] ?? '');
}

/** The source of the table, as the installed typings have it. */
export function modelTableSource(): string {
	const endpoints = Object.entries(known).map(([endpoint, models]) => {
		const present = typings(endpoint);
		const rows = Object.entries(models).map(([model, { title, retired, durations }]) => {
			const members = present.get(model);
			if ((members === undefined) !== (retired !== undefined)) {
				const state = members === undefined ? 'has retired' : 'has brought back';
				throw new Error(`Runway ${state} ${model} (${endpoint}): say so in scripts/models/facts.ts.`);
			}
			const listed = literals(members?.get('ratio')).map(String);
			const seconds = durations ?? literals(members?.get('duration')).map(Number);
			const row = {
				title,
				retired: retired !== undefined,
				ratios: retired?.ratios ?? listed,
				durations: retired?.durations ?? seconds,
				needsPrompt: members?.get('promptText') !== undefined && !members.get('promptText')?.questionToken,
				takesReferences: members?.has('references') === true || members?.has('referenceImages') === true,
				takesLastFrame: members !== undefined && takesLastFrame(members),
			};
			return [model, row] as const;
		});
		const others = [...present.keys()].filter((model) => !(model in models));
		return { endpoint, rows: Object.fromEntries(rows), others };
	});
	const literal = (value: unknown) => JSON.stringify(value);
	const body = endpoints.map(({ endpoint, rows, others }) => {
		const lines = Object.entries(rows).map(([model, row]) => `\t\t${literal(model)}: ${literal(row)},\n`);
		const rest = others.length === 0 ? '' : `\t\t// Not offered: ${others.join(', ')}.\n`;
		return `\t${literal(endpoint)}: {\n${lines.join('')}${rest}\t},\n`;
	});
	return `/** Written by \`npm run models\` from Runway's typings and scripts/models/facts.ts. Do not edit. */

/** What is known about a model at one endpoint; an empty list means that nothing is known. */
export interface ModelFacts {
	title: string;
	/** Runway has retired it; CometAPI may still serve it. */
	retired: boolean;
	/** Width and height in pixels, with a colon. */
	ratios: readonly string[];
	/** Seconds. */
	durations: readonly number[];
	needsPrompt: boolean;
	takesReferences: boolean;
	takesLastFrame: boolean;
}

export type FactsByModel = Readonly<Record<string, ModelFacts>>;

// prettier-ignore
export const modelTable = {
${body.join('')}} satisfies Record<string, FactsByModel>;
`;
}
