/** The frame that all pages share: head, style, header, sections, lists of facts. */
import { type Child, element, type Markup } from './markup.ts';
import { PAGE_STYLE } from './page-style.ts';

/** Pages may load nothing, wherever they are opened and whatever a record says. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

export interface PageParts {
  readonly title: string;
  readonly body: readonly Child[];
  /** Script elements; only a page that has some may run any. */
  readonly scripts?: readonly Markup[];
}

/** One self-contained HTML document: no network, no fonts, light and dark. */
export function renderPage({ title, body, scripts = [] }: PageParts): string {
  const policy = scripts.length === 0 ? POLICY : `${POLICY}; script-src 'unsafe-inline'`;
  const head = [
    element('meta', { charset: 'utf-8' }),
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element('meta', { 'http-equiv': 'Content-Security-Policy', content: policy }),
    element('meta', { name: 'color-scheme', content: 'light dark' }),
    element('title', {}, `${title} · RankScope`),
    { markup: `<style>${PAGE_STYLE}</style>` },
  ];
  const content = element('body', {}, element('main', {}, ...body), ...scripts);
  return `<!doctype html>\n${element('html', { lang: 'en' }, element('head', {}, ...head), content).markup}\n`;
}

export interface HeaderParts {
  /** The line above the title: what kind of page this is. */
  readonly kicker: Child;
  readonly title: string;
  /** What the page says, in a sentence or a few. */
  readonly answer: Child;
  /** What a reader must know before believing any of it. */
  readonly warnings: readonly string[];
  readonly facts: readonly (readonly [name: string, value: Child])[];
}

export function pageHeader({ kicker, title, answer, warnings, facts }: HeaderParts): Markup {
  return element(
    'header',
    {},
    element('p', { class: 'kicker' }, kicker),
    element('h1', {}, title),
    element('p', { class: 'answer' }, answer),
    ...warnings.map((text) => element('p', { class: 'partial' }, text)),
    element(
      'dl',
      { class: 'facts' },
      ...facts.map(([name, text]) => element('div', {}, element('dt', {}, name), element('dd', {}, text))),
    ),
  );
}

/** A heading, what is seen below it, and that. */
export function section(title: string, explanation: string | null, ...children: readonly Child[]): Markup {
  const text = explanation === null ? null : element('p', { class: 'explain' }, explanation);
  return element('section', {}, element('h2', {}, title), text, ...children);
}

/** Names with what they stand for, one pair a line: the details of a run. */
export function detailList(rows: readonly (readonly [name: string, value: Child])[]): Markup {
  return element(
    'dl',
    { class: 'run' },
    ...rows.flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]),
  );
}
