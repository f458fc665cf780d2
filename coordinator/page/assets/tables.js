/* Tables that a reader can sort: those of plain rows, of which there are more than a glance takes. */

const sortableRows = 6;

// "10 500", "5.00k/s", "1.56 ms", "75 %": what it is worth beside its neighbours; a text is itself.
function worthOf(text) {
  const found = /^[~<>≤≥+ ]*(-?[\d\u00a0\u202f ,]*\.?\d+)\s*([a-zµ%]*)/i.exec(text.trim());
  if (!found) return text.trim() === '–' ? -Infinity : text.trim();
  const factors = {
    ns: 1, us: 1e3, 'µs': 1e3, ms: 1e6, s: 1e9, min: 6e10, k: 1e3, m: 1e6, g: 1e9,
    b: 1, kib: 1024, mib: 1048576, gib: 1073741824, tib: 1099511627776,
  };
  return Number(found[1].replace(/[^\d.-]/g, '')) * (factors[found[2].toLowerCase()] || 1);
}

function compareWorth(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return a === b ? 0 : a - b; // Of two without a value the difference is none.
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}

function sortBy(table, column, down) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({ row, worth: worthOf(row.cells[column].textContent) }));
  rows.sort((a, b) => (down ? -1 : 1) * compareWorth(a.worth, b.worth));
  body.append(...rows.map((one) => one.row));
}

function makeSortable(table) {
  const heads = Array.from(table.tHead ? table.tHead.rows[0].cells : []);
  const plain = Array.from(table.tBodies[0].rows).every((row) => row.cells.length === heads.length && Array.from(row.cells).every((cell) => cell.rowSpan === 1 && cell.colSpan === 1));
  if (!plain || table.tBodies[0].rows.length < sortableRows || table.tHead.rows.length !== 1) return;
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'sort';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') !== 'descending' && (head.classList.contains('right') || head.getAttribute('aria-sort') === 'ascending');
      heads.forEach((one) => one.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      sortBy(table, column, down);
    });
  });
}
