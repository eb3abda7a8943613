import type { Locator, Page } from 'playwright-core';

/** Swagger UI as somebody who clicks sees it. */
export class SwaggerPage {
  constructor(readonly page: Page) {}

  async open(url: string): Promise<void> {
    await this.page.goto(`${url}/docs`);
    await this.page.locator('.opblock').first().waitFor();
  }

  operation(method: string, path: string): OperationBlock {
    const summary = this.page.locator(`.opblock-summary-path[data-path="${path}"]`);
    return new OperationBlock(
      this.page.locator(`.opblock.opblock-${method}`).filter({ has: summary }),
    );
  }

  async authorize(token: string): Promise<void> {
    const dialog = await this.#dialog();
    await dialog.locator('input').fill(token);
    await dialog.getByRole('button', { name: 'Apply credentials' }).click();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
  }

  async logOut(): Promise<void> {
    const dialog = await this.#dialog();
    await dialog.getByRole('button', { name: 'Remove authorization' }).click();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
  }

  async #dialog(): Promise<Locator> {
    await this.page.locator('.auth-wrapper > .authorize').first().click();
    return this.page.locator('.dialog-ux');
  }
}

export interface ShownAnswer {
  status: number;
  /** As it is shown. */
  body: string;
}

/** One operation, opened by `tryOut`. */
export class OperationBlock {
  constructor(private readonly block: Locator) {}

  async tryOut(): Promise<void> {
    await this.block.locator('.opblock-summary-control').click();
    await this.block.locator('.try-out__btn').click();
  }

  async choose(example: string): Promise<void> {
    const ofRequest = this.block.locator('.examples-select-element').first();
    await ofRequest.selectOption({ label: example });
  }

  async fill(parameter: string, value: string): Promise<void> {
    await this.block.locator(`tr[data-param-name="${parameter}"] input`).fill(value);
  }

  /** Presses Execute and answers what the page then shows; an earlier answer is cleared first. */
  async execute(): Promise<ShownAnswer> {
    const clear = this.block.locator('.btn-clear');
    if ((await clear.count()) > 0) await clear.click();
    await this.block.locator('.execute').click();
    const answer = this.block.locator('.live-responses-table tbody tr.response').first();
    const status = await answer.locator('.response-col_status').innerText();
    const body = answer.locator('.highlight-code pre').first();
    const shown = (await body.count()) > 0 ? await body.innerText() : '';
    return { status: Number.parseInt(status, 10), body: shown };
  }
}
