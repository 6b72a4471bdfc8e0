// A PDF file made of lines of plain text: enough for tests that need a few pages of their own.

const escape = line => line.replace(/[\\()]/g, '\\$&');

/** Stands for a page that takes about for ever: a form that shows another one twice, and so on. */
export const slowPage = Symbol('a slow page');

/** The bytes of a PDF with one page for each list of lines (ASCII); `more` goes into its catalog. */
export function makePdf(pages, more = '') {
    const objects = [`<< /Type /Catalog /Pages 2 0 R ${more} >>`, null,
        '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'];
    const kids = [];
    const forms = 4 + pages.length * 2;
    for (const lines of pages) {
        const text = lines === slowPage ? [] : lines.map(line => `(${escape(line)}) '`).join('\n');
        const stream = lines === slowPage ? '/X Do' : `BT /F1 11 Tf 72 740 Td 14 TL\n${text}\nET`;
        objects.push(`<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`);
        objects.push(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${
            objects.length} 0 R /Resources << /Font << /F1 3 0 R >> /XObject << /X ${forms
        } 0 R >> >> >>`);
        kids.push(`${objects.length} 0 R`);
    }
    for (let i = 0; i < 40 && pages.includes(slowPage); i++)
        objects.push(`<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /XObject << /X ${
            objects.length + 2} 0 R >> >> /Length 11 >>\nstream\n/X Do /X Do\nendstream`);
    objects[1] = `<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${kids.length} >>`;

    let file = '%PDF-1.4\n';
    const offsets = objects.map((object, index) => {
        const offset = file.length;
        file += `${index + 1} 0 obj\n${object}\nendobj\n`;
        return offset;
    });
    const start = file.length;
    const entries = offsets.map(offset => `${String(offset).padStart(10, '0')} 00000 n \n`);
    file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries.join('')}`;
    file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
    return Buffer.from(file, 'latin1');
}

/** A small manual: each page has a subject of its own, so a question has one right page. */
export function loomManual() {
    return makePdf([
        ['The Loom Manual', '',
            'This manual describes the Hartley loom, its parts and its care.',
            'Read the chapter on safety before the loom is used for the first time.'],
        ['Warping', '',
            'The warp is wound on the back beam with an even tension of forty newtons.',
            'A warp that is wound unevenly breaks at the heddles within the first hour.'],
        ['The treadle', '',
            'The treadle raises the harness through a cord of braided linen.',
            'Replace the treadle cord every six months, or when it is frayed.',
            'The cord is tied with a bowline knot, never with a reef knot.'],
        ['Oiling', '',
            'The shuttle race is oiled with two drops of camellia oil each morning.',
            'Mineral oil stains the cloth and must not be used.'],
    ]);
}
