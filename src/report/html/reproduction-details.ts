/** What was run, for the pages of a reproduction: shared by all settings, then setting by setting. */
import type { ReproductionRecord, SettingRecord } from '../../record/index.ts';
import { type Detail, runDetailsOf, settingDetails } from '../reproduction-view.ts';
import { type Child, element, type Markup } from './markup.ts';
import { detailList, section } from './page.ts';

/** Sections that end a page: `before` and the run, then each of `settings`. */
export function detailSections(
  title: string,
  record: ReproductionRecord,
  settings: readonly SettingRecord[],
  ...before: readonly Child[]
): Markup[] {
  return [
    section(title, null, ...before, listed(runDetailsOf(record))),
    ...settings.map((setting) => section(`Setting: ${setting.title}`, null, listed(settingDetails(setting)))),
  ];
}

function listed(details: readonly Detail[]): Markup {
  return detailList(
    details.map(({ name, text, code = false }) => [name, code ? element('code', {}, text) : text] as const),
  );
}
