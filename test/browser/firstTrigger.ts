import type { Locator } from 'playwright-core';

import type { Editor } from './editor';

/** The way to a first trigger that fires, for somebody who reads nothing but what is in view. */
export class FirstTrigger {
	clicks = 0;
	private tests = 0;

	constructor(
		private readonly editor: Editor,
		/** What the trigger is called. */
		private readonly name: string,
	) {}

	/** Adds a trigger to a new workflow, and leaves its panel open. */
	async add(): Promise<void> {
		const { editor } = this;
		await this.openOverview();
		await this.click(editor.page.getByText('Create workflow', { exact: true }));
		await this.click(editor.part('canvas-plus-button'));
		await editor.part('node-creator-search-bar').fill('runway');
		for (const entry of ['Runway', 'On task succeeded'])
			await this.click(editor.part('node-creator-item-name').getByText(entry, { exact: true }));
		await editor.part('trigger-execute-button').first().waitFor();
	}

	/** Fetches a test event in the open panel: the newest task, with its video. */
	async test(): Promise<void> {
		await this.click(this.editor.part('trigger-execute-button'));
		await this.editor.output.getByText('video/mp4').waitFor();
		this.tests += 1;
	}

	/** Closes the panel, and publishes the workflow. */
	async publish(): Promise<void> {
		for (const button of ['ndv-close-button', 'workflow-open-publish-modal-button', 'workflow-publish-button'])
			await this.click(this.editor.part(button));
		await this.click(this.editor.page.getByText('Got it', { exact: true }));
	}

	/** Runs another workflow, whose last node is named, and comes back. */
	async runOther(workflow: string, lastNode: string, own: string): Promise<void> {
		await this.openOverview();
		await this.click(this.editor.page.getByText(workflow, { exact: true }));
		await this.click(this.editor.part('execute-workflow-button'));
		await this.editor.succeeded(lastNode);
		await this.openOverview();
		await this.click(this.editor.page.getByText(own, { exact: true }));
	}

	/** Opens the first execution that the published trigger starts, and plays its video. */
	async see(): Promise<void> {
		const { editor } = this;
		// n8n lays its advice over the list.
		await editor.page.addLocatorHandler(editor.page.getByText('Production Checklist'), async () => {
			await editor.page.keyboard.press('Escape');
			this.clicks += 1;
		});
		await this.click(editor.part('radio-button-executions'));
		const executions = editor.part('current-executions-list').locator('[data-test-execution-status="success"]');
		// The latest comes first, and tests have executions, too.
		await executions.nth(this.tests).waitFor();
		await this.click(executions);
		await editor.openNode(this.name);
		await editor.playFile();
		this.clicks += 2;
	}

	private async openOverview(): Promise<void> {
		await this.editor.page.goto(`${this.editor.n8n.url}/home/workflows`);
		this.clicks += 1;
	}

	private async click(what: Locator): Promise<void> {
		await what.first().click();
		this.clicks += 1;
	}
}
