/**
 * What the page does beyond being read: choosing a family, a basis or a rank, and sorting the layer table. It is
 * plain script text, since it runs in a browser and nothing compiles it; without it the page shows its defaults.
 */
export const PAGE_SCRIPT = `
const data = JSON.parse(document.getElementById('data').textContent);
const find = (id) => document.getElementById(id);
for (const controls of document.querySelectorAll('.controls')) controls.hidden = false;

const share = (v) => v === 0 ? '0' : v < 0.00005 ? '<0.0001' : v.toFixed(v >= 0.09995 ? 3 : 4);
const number = (v) => {
  if (v >= 999999.5) return (v / 1e6).toPrecision(3) + 'M';
  if (v >= 99.95) return Math.round(v).toLocaleString('en-US');
  if (v >= 9.995) return v.toFixed(1);
  if (v >= 0.9995) return v.toFixed(2);
  if (v >= 0.09995) return v.toFixed(3);
  return v === 0 ? '0' : v >= 0.00095 ? v.toFixed(4) : v.toExponential(1);
};

find('coverage-family')?.addEventListener('change', (event) => {
  for (const panel of document.querySelectorAll('[data-panel]')) {
    panel.hidden = panel.dataset.panel !== event.target.value;
  }
});

function paintHeatMap() {
  const gain = data.gain[find('heat-family').selectedIndex][find('heat-basis').selectedIndex];
  for (const row of document.querySelectorAll('g.row')) {
    [...row.children].forEach((cell, rank) => {
      const value = gain[row.dataset.layer][rank];
      const step = value === null ? -1 : data.gainSteps.filter((s) => value >= s).length;
      cell.setAttribute('class', value === null ? 'absent' : 'g-' + step);
      cell.firstChild.textContent = value === null ? 'not measured' : number(value) + '\\u00d7';
    });
  }
}
for (const id of ['heat-family', 'heat-basis']) find(id)?.addEventListener('change', paintHeatMap);

function fillLayers() {
  const family = find('layers-family').selectedIndex;
  const rank = find('layers-rank').selectedIndex;
  for (const row of find('layers').tBodies[0].rows) {
    data.bases.forEach((_, basis) => {
      [['coverage', share], ['gain', number]].forEach(([key, format], i) => {
        const value = data[key][family][basis][row.dataset.layer][rank];
        const cell = row.cells[row.cells.length - 2 * (data.bases.length - basis) + i];
        cell.textContent = value === null ? '\\u2013' : format(value);
        cell.dataset.v = value === null ? '' : value;
      });
    });
  }
  find('layers-choice').textContent = data.families[family] + ' adapters at rank ' + data.ranks[rank];
  sortLayers();
}
for (const id of ['layers-family', 'layers-rank']) find(id)?.addEventListener('change', fillLayers);

function sortLayers() {
  const heads = [...find('layers-head').cells];
  const column = heads.findIndex((head) => head.getAttribute('aria-sort') !== 'none');
  const sign = heads[column].getAttribute('aria-sort') === 'ascending' ? 1 : -1;
  const body = find('layers').tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, text: row.cells[column].dataset.v }));
  // Rows without a value stay at the end in both directions.
  rows.sort((a, b) => (a.text === '') - (b.text === '') || sign * (a.text - b.text));
  body.append(...rows.map(({ row }) => row));
}
for (const button of document.querySelectorAll('#layers-head button')) {
  button.addEventListener('click', () => {
    const head = button.parentElement;
    const before = head.getAttribute('aria-sort');
    for (const other of find('layers-head').cells) other.setAttribute('aria-sort', 'none');
    // Names start in the order of the model, numbers with the largest first.
    const first = head.cellIndex === 0 ? 'ascending' : 'descending';
    const turned = before === 'ascending' ? 'descending' : 'ascending';
    head.setAttribute('aria-sort', before === 'none' ? first : turned);
    sortLayers();
  });
}
`;
