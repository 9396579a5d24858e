/** The style sheet of the page: one set of rules, two sets of colours. */
import { paletteRules, paletteVariables } from './palette.ts';

const LIGHT =
  '--page:#ffffff;--ink:#1c1e21;--quiet:#5c6167;--rule:#d9dbde;--grid:#eceded;--null:#8c9096;' +
  '--band:#8c909633;--raised:#f6f6f4;--focus:#0060c0;--confirmed:#00734f;--refuted:#b34700';
const DARK =
  '--page:#16181b;--ink:#e7e8ea;--quiet:#a3a8ae;--rule:#3a3e44;--grid:#282b30;--null:#8d939b;' +
  '--band:#8d939b3d;--raised:#1e2125;--focus:#7fb8ff;--confirmed:#3ccf9f;--refuted:#ff9a5a';

export const PAGE_STYLE = `
:root{color-scheme:light dark;${LIGHT};${paletteVariables('light')}}
@media screen and (prefers-color-scheme:dark){:root{${DARK};${paletteVariables('dark')}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:960px;margin:0 auto;padding:48px 24px 72px}
header{border-bottom:1px solid var(--rule);padding-bottom:28px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.015em;margin:4px 0 16px;overflow-wrap:anywhere}
h2{font-size:21px;line-height:1.3;letter-spacing:-.01em;margin:0 0 6px}
h3{font-size:13px;font-weight:600;margin:0 0 6px;overflow-wrap:anywhere}
p{margin:0 0 12px;max-width:70ch}
.kicker{color:var(--quiet);font-size:14px;margin:0}
.answer{font-size:18px;line-height:1.5;max-width:66ch}
.partial{border-left:3px solid var(--series-1);padding-left:12px}
.quiet{color:var(--quiet);font-weight:400}
.explain{color:var(--quiet);font-size:14.5px}
*+.explain{margin-top:10px}
h2+.explain{margin-top:0}
section{margin-top:48px}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(126px,1fr));gap:14px 20px;margin:24px 0 0}
.facts dt,.run dt{color:var(--quiet);font-size:13px}
.facts dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.run{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:6px 24px;font-size:14.5px;margin:12px 0 0}
.run dt{padding-top:1px}
.run dd{margin:0;overflow-wrap:anywhere}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
figure{margin:16px 0 0}
figcaption{margin-bottom:26px}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--quiet);font-variant-numeric:tabular-nums}
svg .label{fill:var(--ink)}
.narrow{display:none}
.grid{stroke:var(--grid)}
.axis{stroke:var(--rule)}
.line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.thin{stroke-width:1.3}
.hair{stroke-width:1;stroke-opacity:.7}
.many .hair{stroke-opacity:.35}
.dashed{stroke-dasharray:5 4;stroke-linecap:butt}
.null{stroke:var(--null);stroke-width:1.2}
.ceiling{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:2 4}
.band{fill:var(--band)}
.interval{fill:var(--c);fill-opacity:.14}
.whisker{stroke:var(--c);stroke-width:1.2}
.mark{fill:var(--c);stroke:var(--page);stroke-width:1}
.absent{fill:none;stroke:var(--grid)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:14px 0 0;padding:0;font-size:14px}
.legend li{display:flex;align-items:center;gap:7px}
.legend svg{width:30px;height:12px;flex:none}
.swatch{width:18px;height:12px;border-radius:2px;display:inline-block}
.gain-legend{gap:4px 12px;font-size:13px;font-variant-numeric:tabular-nums}
.heat{display:flex;flex-wrap:wrap;gap:20px;margin-top:18px}
.heat-panel{max-width:100%;min-width:120px}
.heat-panel svg{width:var(--w);max-width:100%}
.heat-panel text{font-size:10.5px}
.controls{display:flex;flex-wrap:wrap;gap:8px 18px;margin:14px 0 0;font-size:14px}
.controls[hidden]{display:none}
.controls label{display:flex;align-items:center;gap:7px;color:var(--quiet)}
select{font:inherit;color:var(--ink);background:var(--raised);border:1px solid var(--rule);border-radius:5px;padding:3px 6px}
details{margin-top:14px}
summary{cursor:pointer;font-size:14.5px;color:var(--quiet)}
details dl{margin:8px 0 0;max-width:72ch;font-size:14.5px}
details dt{font-weight:600;margin-top:8px}
details dd{margin:0}
.scroll{overflow:auto;margin-top:14px;max-height:78vh;border-bottom:1px solid var(--rule)}
table{border-collapse:separate;border-spacing:0;font-size:13.5px;font-variant-numeric:tabular-nums;width:100%}
caption{text-align:left;max-width:min(calc(100vw - 32px),912px);color:var(--quiet);padding:0 0 8px;font-size:13.5px}
th,td{padding:4px 9px;text-align:right;white-space:nowrap;border-top:1px solid var(--grid)}
th{font-weight:500}
thead th{border-top:0;color:var(--quiet);background:var(--page)}
thead tr:last-child th{position:sticky;top:0;z-index:1;border-bottom:1px solid var(--rule)}
th[scope=colgroup]{text-align:center;font-weight:600;color:var(--ink)}
th[scope=colgroup]:first-child,th[scope=row],th[scope=col]:first-child{text-align:left}
th.basis{color:var(--c)}
th[scope=row]{background:var(--page)}
tbody tr:hover>*{background:var(--raised)}
td:last-child,th:last-child{padding-right:2px}
td:first-child,th:first-child{padding-left:2px}
th button{font:inherit;color:inherit;background:none;border:0;padding:2px 0;cursor:pointer;white-space:nowrap}
th button::after{content:"";display:inline-block;width:.9em;text-align:right}
th[aria-sort=ascending] button::after{content:"▴"}
th[aria-sort=descending] button::after{content:"▾"}
th[aria-sort=ascending],th[aria-sort=descending]{color:var(--ink)}
a{color:var(--focus);text-underline-offset:2px}
article{margin-top:20px}
article h3{font-size:16px;margin:0 0 2px}
article h3 code{color:var(--quiet);font-weight:400}
article p{margin:0}
strong{font-weight:600;color:var(--ink)}
.claims{font-size:14.5px;margin-top:14px}
.claims th,.claims td{white-space:normal;text-align:left;vertical-align:top;padding:6px 9px}
.claims thead th{position:static}
.claims .claim th{border-top:1px solid var(--rule);padding-top:16px}
.claims .claim th>span{display:block;max-width:76ch}
.claims .statement{font-size:16px;font-weight:600;margin:2px 0}
.claims td:last-child{width:38%}
.claims td:nth-child(2){min-width:11ch}
.claims .spread,.overview .spread{white-space:nowrap}
.claims th[scope=row]{width:17%}
.claims td:nth-child(3){font-variant-numeric:tabular-nums}
.claims tr.claim:hover>*{background:none}
.whole{max-height:none}
.overview th,.overview td{white-space:normal;text-align:left;vertical-align:top}
.overview tbody th{min-width:30ch;max-width:52ch}
.overview td:nth-child(3){min-width:14ch;max-width:26ch}
.overview a{color:inherit;text-decoration-color:var(--rule)}
.overview code{color:var(--quiet);font-size:11.5px}
.verdict{font-weight:600;white-space:nowrap}
.v-confirmed{color:var(--confirmed)}
.v-refuted{color:var(--refuted)}
.v-inconclusive{color:var(--quiet)}
.beside{display:flex;flex-wrap:wrap;align-items:flex-start;gap:8px 28px}
.beside>.scroll{flex:1 1 400px;min-width:0}
.words{text-align:left;white-space:normal;min-width:14ch}
td.source,th.source{background:var(--raised)}
.spread{display:block;font-size:11.5px;color:var(--quiet)}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:2px}
@media (min-width:621px){#layers th[scope=row],#layers-head th:first-child{position:sticky;left:0;z-index:1}#layers-head th:first-child{z-index:2}}
@media (max-width:620px){
main{padding:28px 16px 48px}
h1{font-size:24px}
.answer{font-size:16.5px}
.wide{display:none}
.narrow{display:block}
.run{grid-template-columns:1fr;gap:0}
.run dd{margin-bottom:8px}
.claims,.claims caption,.claims tbody,.claims tr,.claims th,.claims td{display:block;width:auto!important}
.claims thead{display:none}
.claims tbody{margin-bottom:20px}
.claims th,.claims td{border:0;padding:1px 2px}
.claims th[scope=row]{border-top:1px solid var(--grid);margin-top:8px;padding-top:8px}
.claims td[data-label="Source"]::before,.claims td[data-label^="Ours"]::before{content:attr(data-label) ": ";color:var(--quiet)}
}
@media print{.controls{display:none}.scroll{max-height:none;overflow:visible}thead th{position:static!important}tbody tr,figure,article{break-inside:avoid}h2,.claim{break-after:avoid}main{padding:0;max-width:none}}
${paletteRules()}
`;
