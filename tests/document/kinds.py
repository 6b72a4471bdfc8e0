#!/usr/bin/env python3
"""Draws pages of every kind that people have and looks at what the real reader makes of them.

usage: kinds.py BENCH_READ READER [NAME...]

A case is a function that draws a file and returns it with what is expected, in the words of cases.py;
a line that starts with '~' must stand, as a regular expression, in what bench_read -v prints.
Prints TAP; the status is 1 when a case failed.
"""
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import zlib

from cases import check, plain
from pdf_writer import Pdf, text_string

CASES = []


def case(function):
    CASES.append(function)
    return function


WOODS = ('The keeper of the woods walks his round at dawn and counts the deer that graze beside the '
         'brook before the village wakes and the first carts come down the lane. In winter he puts '
         'out hay and salt so that no animal has to search for food under the snow. ')
HARBOUR = ('Ships that enter the harbour after dark wait at the outer buoy until the pilot comes on '
           'board. He knows where the bank has moved since the last storm and where the anchor '
           'holds. No captain has ever refused his help in all these years of trade. ')
ORCHARD = ('Apples that are picked too early stay sour, and those that hang too long turn soft and '
           'brown. The old women of the farm test one of each tree every morning in September, and '
           'their word decides where the ladders are carried on that day. ')


def wrapped(text, width):
    return textwrap.wrap(text.strip(), width)


@case
def columns_unequal_heights():
    pdf = Pdf()
    left, right = wrapped(WOODS * 2, 45), wrapped(HARBOUR, 45)
    pdf.page(pdf.text(60, 70, 'A title over both columns', 18, 'B'), pdf.lines(60, 110, left),
             pdf.lines(320, 110, right))
    return pdf.bytes(), ['A title over both columns', ' '.join(left), ' '.join(right)]


@case
def columns_drawn_across():
    """Line by line over the gap, as some converters write them."""
    pdf = Pdf()
    left, right = wrapped(WOODS * 2, 45), wrapped(HARBOUR * 2, 45)
    rows = []
    for i in range(max(len(left), len(right))):
        for x, lines in ((60, left), (320, right)):
            if i < len(lines):
                rows.append(pdf.text(x, 110 + 12 * i, lines[i]))
    pdf.page(pdf.text(60, 70, 'News of the week', 18, 'B'), *rows)
    return pdf.bytes(), ['News of the week', ' '.join(left), ' '.join(right)]


@case
def columns_drawn_backwards():
    """The right column first, and the title last."""
    pdf = Pdf()
    left, right = wrapped(WOODS * 2, 45), wrapped(HARBOUR * 2, 45)
    pdf.page(pdf.lines(320, 110, right), pdf.lines(60, 110, left),
             pdf.text(60, 70, 'News of the week', 18, 'B'))
    return pdf.bytes(), ['News of the week', ' '.join(left), ' '.join(right)]


@case
def columns_four():
    pdf = Pdf(842, 595)
    texts = [wrapped(text * 2, 34) for text in (WOODS, HARBOUR, ORCHARD, WOODS[::-1])]
    pdf.page(*[pdf.lines(40 + 195 * i, 80 + 5 * i, lines) for i, lines in enumerate(texts)])
    return pdf.bytes(), [' '.join(lines) for lines in texts]


@case
def columns_with_a_sidebar():
    pdf = Pdf()
    body, side = wrapped(WOODS * 3, 70), wrapped(ORCHARD, 22)
    pdf.page(pdf.lines(60, 110, body), pdf.lines(450, 110, side, 8, 'B', 10))
    return pdf.bytes(), [' '.join(body), ' '.join(side)]


@case
def columns_lines_in_no_order():
    """All lines of two columns, drawn from the bottom upwards."""
    pdf = Pdf()
    left, right = wrapped(WOODS * 2, 45), wrapped(HARBOUR * 2, 45)
    rows = [pdf.text(60, 110 + 12 * i, line) for i, line in enumerate(left)]
    rows += [pdf.text(320, 110 + 12 * i, line) for i, line in enumerate(right)]
    pdf.page(*reversed(rows))
    return pdf.bytes(), [' '.join(left), ' '.join(right)]


@case
def footnote_below_columns():
    pdf = Pdf()
    left, right = wrapped(WOODS * 2, 45), wrapped(HARBOUR * 2, 45)
    pdf.page(pdf.text(60, 700, '1 The round is described in the annals of the parish.', 8),
             pdf.lines(60, 110, left), pdf.lines(320, 110, right))
    return pdf.bytes(), [' '.join(left), ' '.join(right), '1 The round is described in the annals']


@case
def words_drawn_apart():
    """Emphasised words after all the others, as some writers group them by font."""
    pdf = Pdf()
    pdf.page(pdf.text(60, 100, 'The valve must be'), pdf.text(168, 100, 'before the first start.'),
             pdf.text(60, 112, 'Open it slowly.'), pdf.text(144.5, 100, 'shut', font='B'))
    return pdf.bytes(), ['The valve must be shut before the first start. Open it slowly.']


@case
def labels_and_values():
    """All labels first, then all values."""
    pdf = Pdf()
    names = ['Name', 'Date of birth', 'Insured since', 'Number']
    values = ['Ida Berg', '4 May 1971', '1 July 2003', 'K 20-443']
    pdf.page(pdf.text(60, 80, 'Certificate', 16, 'B'), pdf.lines(60, 110, names, lead=24),
             pdf.lines(200, 110, values, lead=24))
    return pdf.bytes(), ['Certificate', 'Name Ida Berg', 'Date of birth 4 May 1971',
                         'Insured since 1 July 2003', 'Number K 20-443']


def table(pdf, x, y, rows, widths, lead=16, font='R', head=None):
    content = []
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if cell:
                content.append(pdf.text(x + sum(widths[:c]), y + r * lead, cell,
                                        font=head if head and r == 0 else font))
    return content


@case
def table_with_gaps_and_a_head():
    pdf = Pdf()
    rows = [['Town', '2019', '2020', '2021'], ['Bergen', '14', '', '17'], ['Lund', '', '21', '23'],
            ['Turku', '9', '11', '12']]
    pdf.page(*table(pdf, 60, 100, rows, [120, 80, 80, 80], head='B'))
    return pdf.bytes(), ['Town 2019 2020 2021', 'Bergen 14 – 17', 'Lund – 21 23', 'Turku 9 11 12',
                         r'~row \(.*\) \[Town 2019 2020 2021\] Bergen 14 – 17',
                         r'~\[Town 2019 2020 2021\] Turku 9 11 12']


def table_case(rows, head=None, widths=(120, 120, 120, 120)):
    pdf = Pdf()
    pdf.page(*table(pdf, 60, 100, rows, widths[:len(rows[0])], head=head))
    return pdf.bytes()


@case
def table_of_labels_and_values():
    """Its first value is the only one without a number, but it names no column."""
    rows = [('Product', 'Desk lamp'), ('Price', '40.00'), ('Weight', '3.5'), ('Height', '62')]
    return table_case(rows), ['Product Desk lamp', r'~row \(.*\) Price 40\.00$', r'~row \(.*\) Height 62$']


@case
def table_of_labels_and_long_values():
    rows = [('Name', 'Alice Smith'), ('Born', '12 May 1980 in Bonn'), ('Street', 'Mill Lane 5'),
            ('Phone', 'office 4410, home 2231')]
    return table_case(rows), [r'~row \(.*\) Born 12 May 1980 in Bonn$', r'~row \(.*\) Street Mill']


@case
def table_of_two_pairs():
    rows = [('Name:', 'Alice Smith', 'Branch:', 'Bonn'), ('Born:', '12.05.1980', 'Code:', '5312'),
            ('Since:', '01.02.2010', 'Desk:', '17'), ('Until:', '31.12.2030', 'Floor:', '4')]
    return table_case(rows), [r'~row \(.*\) Born: 12\.05\.1980 Code: 5312$']


@case
def table_head_above_numbers():
    rows = [('Town', 'State', 'People'), ('Bonn', 'NRW', '331,885'), ('Ulm', 'BW', '128,928'),
            ('Jena', 'TH', '110,731')]
    return table_case(rows), [r'~\[Town State People\] Ulm BW 128,928$']


@case
def table_head_of_years():
    rows = [('', '2021', '2022', '2023'), ('Sales', '410', '455', '470'), ('Costs', '380', '390', '420'),
            ('Staff', '12', '13', '13')]
    return table_case(rows), [r'~\[\S+ 2021 2022 2023\] Costs 380 390 420$']


@case
def table_bold_head_above_words():
    rows = [('Key', 'Effect'), ('Esc', 'closes the window'), ('Tab', 'moves to the next field'),
            ('F1', 'shows the help')]
    return table_case(rows, head='B'), [r'~\[Key Effect\] Tab moves to the next field$']


@case
def table_head_above_a_rule():
    """Nothing but the space of the rule below it sets the head apart."""
    pdf = Pdf()
    rows = [('Sigla', 'Nome'), ('SCC', 'computing'), ('SMA', 'mathematics'), ('SME', 'statistics'),
            ('SSC', 'systems')]
    pdf.page(*table(pdf, 60, 100, rows[:1], [120, 120]), *table(pdf, 60, 116, rows[1:], [120, 120], lead=11))
    return pdf.bytes(), [r'~row \(.*\) Sigla Nome$', r'~\[Sigla Nome\] SMA mathematics$']


@case
def table_of_words_without_a_head():
    rows = [('apple', 'red', 'sweet'), ('lemon', 'yellow', 'sour'), ('plum', 'blue', 'sweet'),
            ('pear', 'green', 'mild')]
    return table_case(rows), [r'~row \(.*\) lemon yellow sour$']


@case
def table_drawn_by_columns():
    pdf = Pdf()
    rows = [['Part', 'Stock', 'Price'], ['Nut', '120', '0.10'], ['Bolt', '75', '0.25'],
            ['Washer', '300', '0.05'], ['Hinge', '12', '3.40']]
    content = []
    for c in range(3):
        content += [pdf.text(60 + 120 * c, 100 + 16 * r, row[c]) for r, row in enumerate(rows)]
    pdf.page(*content)
    return pdf.bytes(), [' '.join(row) for row in rows]


@case
def table_right_aligned():
    pdf = Pdf()
    rows = [['Rent', '1,200.00'], ['Heating', '85.50'], ['Garage', '60.00'], ['Total', '1,345.50']]
    content = []
    for r, (name, value) in enumerate(rows):
        content += [pdf.text(60, 100 + 16 * r, name), pdf.text(400 - 5.6 * len(value),
                                                               100 + 16 * r, value)]
    pdf.page(*content)
    return pdf.bytes(), [' '.join(row) for row in rows]


@case
def table_cells_of_many_lines():
    """Each cell is drawn whole, one after the other."""
    pdf = Pdf()
    content = []
    rows = [(['Leave of', 'absence'], ['up to five days in', 'each calendar year'], ['Unpaid']),
            (['Parental', 'leave'], ['up to three years', 'after the birth'], ['As by law'])]
    y = 100
    for row in rows:
        for x, cell in zip((60, 160, 300), row):
            content.append(pdf.lines(x, y, cell))
        y += 40
    pdf.page(*content)
    return pdf.bytes(), ['Leave of absence', 'up to five days in each calendar year', 'Unpaid',
                         'Parental leave', 'up to three years after the birth', 'As by law',
                         r'~^1 row \(60 .*Leave of absence up to five days in each calendar year Unpaid$']


@case
def margins_heads_of_chapters():
    pdf = Pdf()
    for n in range(1, 9):
        head = 'The Woods' if n < 5 else 'The Harbour'
        pdf.page(pdf.text(60, 40, head), pdf.text(540, 40, str(n + 20)),
                 pdf.lines(60, 110, wrapped((WOODS if n < 5 else HARBOUR) + f'So ends page {n}.', 80)),
                 pdf.text(60, 770, 'Document 44-B, revision 3, of 2 May'))
    return pdf.bytes(), ['The Woods', 'Document 44-B, revision 3', 'So ends page 2.',
                         'The Harbour', 'So ends page 8.', '!The Woods 22', '!The Harbour 26',
                         '!So ends page 2. Document']


@case
def margins_keep_totals():
    pdf = Pdf()
    for n, total in enumerate(['310.00', '42.10', '77.25'], 1):
        pdf.page(pdf.text(60, 40, f'Receipt {500 + n * 7}'), pdf.text(60, 300, 'Paid in cash'),
                 pdf.text(60, 750, f'Sum {total}'), pdf.text(300, 775, f'Page {n} of 3'))
    return pdf.bytes(), ['Receipt 507', 'Sum 310.00', 'Receipt 514', 'Sum 42.10', 'Receipt 521',
                         'Sum 77.25', '!Page 2 of 3']


@case
def margins_dictionary_words():
    """Guide words differ on each page, so they stay."""
    pdf = Pdf()
    words = ['abbot', 'badger', 'candle', 'dormouse']
    for n, word in enumerate(words, 1):
        pdf.page(pdf.text(60, 40, word), pdf.lines(60, 110, wrapped(ORCHARD, 80)),
                 pdf.text(300, 770, f'- {n} -'))
    return pdf.bytes(), words + ['!- 2 -']


@case
def rtl_arabic_with_numbers():
    pdf = Pdf()
    line = 'يبلغ ثمن الكتاب 45 درهما في السوق'
    shown = ''.join(reversed(line)).replace('54', '45')
    pdf.page(pdf.text(200, 100, shown, font='U', size=12))
    return pdf.bytes(), [line]


@case
def rtl_hebrew_with_latin():
    pdf = Pdf()
    line = 'התוכנה Open Sea זמינה מאז 2014 לכולם'
    shown = ''.join(reversed(line)).replace('aeS nepO', 'Open Sea').replace('4102', '2014')
    pdf.page(pdf.text(200, 100, shown, font='U', size=12),
             pdf.text(60, 130, 'An English line below it stays whole.'))
    return pdf.bytes(), [line, 'An English line below it stays whole.']


@case
def rtl_word_in_latin_text():
    pdf = Pdf()
    pdf.page(pdf.text(60, 100, 'The word םולש means peace in Hebrew.', font='U'))
    return pdf.bytes(), ['The word שלום means peace in Hebrew.']


@case
def rtl_marks_above_letters():
    """Each mark is drawn by itself, as those of vocalised texts are."""
    pdf = Pdf()
    letters, content = 'שלום', []
    for i, letter in enumerate(letters):
        content += [pdf.text(300 - 6 * i, 100, letter, 12, 'U'),
                    pdf.text(301 - 6 * i, 99.5, '\u05b0' if i == 0 else '\u05b8', 12, 'U')]
    pdf.page(*content)
    return pdf.bytes(), ['!ש ל', '!ל ו', '!ו ם']


VOCALISED = 'كَانَ أَبُو ٱلْهُذَيْلِ أَسْلَمَ ٱلنَّاسِ صَدْرًا'


def draw_glyphs(pdf, y, clusters, leftward):
    """Draws letters, each with its marks, at their places from the right to the left. Marks are drawn
    after their letter where the drawing goes leftward, else before it."""
    content, x = [], 500
    for cluster in clusters:
        x -= 6
        glyphs = [(cluster[0], x, y)] + [(mark, x + 2, y - 3) for mark in cluster[1:]]
        content += [pdf.text(gx, gy, glyph, 12, 'U') for glyph, gx, gy in glyphs if glyph != ' ']
    return content if leftward else content[::-1]


def clusters_of(text):
    return re.findall('[^\u064b-\u0652][\u064b-\u0652]*', text)


@case
def rtl_marks_drawn_before_letters():
    """From left to right, so each mark comes before its letter, as some engines draw."""
    pdf = Pdf()
    pdf.page(*draw_glyphs(pdf, 100, clusters_of(VOCALISED), False))
    return pdf.bytes(), [VOCALISED]


@case
def rtl_marks_drawn_after_letters():
    pdf = Pdf()
    pdf.page(*draw_glyphs(pdf, 100, clusters_of(VOCALISED), True))
    return pdf.bytes(), [VOCALISED]


@case
def rtl_ligature():
    """A glyph that is two letters has them in the order of reading."""
    pdf = Pdf()
    pdf.page(pdf.text(300, 100, 'مك\ue000س', font='U', size=12))
    return pdf.bytes(), ['سلاكم']


@case
def accent_above_a_letter_without_dot():
    pdf = Pdf()
    pdf.page(pdf.text(100, 100, 'busque la l\u0131\u0301nea', font='U', size=12))
    return pdf.bytes(), ['busque la línea']


@case
def links_on_many_pages():
    """More links than the reader keeps in memory: the document is opened anew between pages."""
    pdf = Pdf()
    link = pdf.add(b'<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/Border[0 0 0]>>')
    for n in range(1, 91):
        pdf.page(pdf.text(60, 100, f'Clause {n * 7} of the contract.'),
                 entries=b'/Annots[%s]' % (b'%d 0 R ' % link * 200))
    return pdf.bytes(), [f'Clause {n * 7} of the contract.' for n in range(1, 91)]


@case
def rtl_columns():
    pdf = Pdf()
    right = ['השועל רץ ביער בלילה', 'והכלב ישן בבית עד הבוקר', 'איש לא ראה את השועל', 'ואיש לא שמע את הכלב']
    left = ['הספינה עוגנת בנמל הגדול', 'והמלחים יורדים אל החוף', 'הרוח נושבת מן המערב', 'והים שקט מאוד היום']
    pdf.page(*[pdf.text(x, 100 + 14 * i, line[::-1], 12, 'U')
               for x, lines in ((330, right), (60, left)) for i, line in enumerate(lines)])
    return pdf.bytes(), right + left


@case
def turned_page():
    pdf = Pdf()
    pdf.page(*[pdf.text(100 + 14 * i, 700, line, 11, matrix=(0, 1, -1, 0))
               for i, line in enumerate(wrapped(WOODS, 60))])
    return pdf.bytes(), [' '.join(wrapped(WOODS, 60))]


@case
def turned_upside_down():
    pdf = Pdf()
    pdf.page(*[pdf.text(500, 700 - 14 * i, line, 11, matrix=(-1, 0, 0, -1))
               for i, line in enumerate(wrapped(HARBOUR, 60))])
    return pdf.bytes(), [' '.join(wrapped(HARBOUR, 60))]


@case
def turned_stamp_beside_text():
    pdf = Pdf()
    body = wrapped(WOODS * 2, 70)
    pdf.page(pdf.text(30, 600, 'Received 4 June by the registry', 9, matrix=(0, 1, -1, 0)),
             pdf.lines(70, 110, body))
    return pdf.bytes(), [' '.join(body), 'Received 4 June by the registry']


@case
def vertical_chinese():
    pdf = Pdf(wide=1000)
    columns = ['春眠不觉晓处处闻啼鸟', '夜来风雨声花落知多少']
    pdf.page(*[pdf.text(500 - 30 * c, 100 + 14 * i, character, 12, 'U')
               for c, column in enumerate(columns) for i, character in enumerate(column)])
    return pdf.bytes(), [''.join(columns)]


@case
def code_in_a_typewriter_font():
    pdf = Pdf()
    code = ['for (i = 0; i < n; i++) {', '    if (a[i])', '        total += a[i];', '}']
    pdf.page(pdf.lines(60, 80, wrapped(WOODS, 80)), pdf.lines(90, 140, code, font='M'),
             pdf.lines(60, 200, wrapped(HARBOUR, 80)))
    return pdf.bytes(), ['|' + line for line in code] + [r'~code \(.*\)     if \(a\[i\]\)']


@case
def raised_marks():
    pdf = Pdf()
    pdf.page(pdf.text(60, 100, 'On the 3'), pdf.text(98, 96.5, 'rd', 6),
             pdf.text(105, 100, 'of May the area was 40 m'), pdf.text(216.5, 96.5, '2', 6),
             pdf.text(60, 120, 'Area = x'), pdf.text(97.6, 116.5, '2', 6))
    return pdf.bytes(), ['On the 3rd of May the area was 40 m', 'Area = x^2', '!3^rd']


@case
def outline_and_labels():
    pdf = Pdf()
    for n, title in enumerate(['Foreword', 'Of Woods', 'Of Harbours', 'Of Orchards'], 1):
        pdf.page(pdf.text(60, 90, title, 10), pdf.lines(60, 130, wrapped(WOODS, 80)))
    pdf.catalog += (b'/PageLabels<</Nums[0<</S/r>>1<</S/D/St 1>>3<</S/D/P(A-)>>]>>')
    first = len(pdf.objects) + 2
    entries = ['Foreword', '1 Of Woods', '2 Of Harbours', 'Of Orchards']
    root = pdf.add(b'<</Type/Outlines/First %d 0 R/Last %d 0 R/Count 4>>' % (first, first + 3))
    for i, title in enumerate(entries):
        links = b'/Prev %d 0 R' % (first + i - 1) if i else b''
        links += b'/Next %d 0 R' % (first + i + 1) if i < 3 else b''
        pdf.add(b'<</Title %s/Parent %d 0 R%s/Dest[%d 0 R/Fit]>>' % (
            text_string(title), root, links, pdf.pages[i]))
    pdf.catalog += b'/Outlines %d 0 R' % root
    return pdf.bytes(), [r'~^1=i head1 .* Foreword$', r'~^2=1 head1 .* Of Woods$',
                         r'~^4=A-1 head1 .* Of Orchards$', r'~^3=2 text \(60 ']


def tagged_pdf(pieces, tree, before=()):
    pdf = Pdf()
    pdf.page(*before, *pdf.marked([(role, content(pdf)) for role, content in pieces]),
             entries=b'/StructParents 0')
    pdf.tags(tree)
    return pdf.bytes()


def at(x, y, text, **style):
    return lambda pdf: pdf.text(x, y, text, **style)


def lines_at(x, y, lines):
    return lambda pdf: pdf.lines(x, y, lines)


@case
def tagged_headings():
    """Tags say what is a heading where size and weight do not, and the other way round."""
    woods = wrapped(WOODS, 80)
    pieces = [('Titel', at(60, 80, 'On keeping woods')), ('P', lines_at(60, 100, woods)),
              ('P', at(60, 180, 'Read this twice', font='B')),
              ('H2', at(60, 210, 'Of deer')), ('P', lines_at(60, 230, woods))]
    tree = [('Document', [('Titel', 0), ('P', 1), ('P', 2), ('Sect', [('H2', 3), ('P', 4)])])]
    return tagged_pdf(pieces, tree), [r'~head1 .* On keeping woods$', r'~head2 .* Of deer$',
                                      r'~text .* Read this twice$', ' '.join(woods)]


@case
def tagged_table_with_a_head():
    """Cells of several lines, and a head that nothing but its tags shows."""
    cells = [('TH', 60, 100, ['Part and', 'number']), ('TH', 200, 106, ['Use']), ('TH', 340, 106, ['State']),
             ('TD', 60, 140, ['Wheel']), ('TD', 200, 140, ['turns the stone by', 'the force of water']),
             ('TD', 340, 140, ['worn']), ('TD', 60, 180, ['Rope']), ('TD', 200, 180, ['lifts sacks']),
             ('TD', 340, 180, ['new'])]
    pieces = [(role, lines_at(x, y, lines)) for role, x, y, lines in cells]
    rows = [('TR', [(cells[i][0], i) for i in range(start, start + 3)]) for start in (0, 3, 6)]
    return tagged_pdf(pieces, [('Table', rows)]), [
        r'~\[Part and number Use State\] Wheel turns the stone by the force of water worn$',
        r'~\[Part and number Use State\] Rope lifts sacks new$']


@case
def tagged_items():
    """A mark and the lines of its item are one block, further paragraphs of it are others."""
    pieces = [('Lbl', at(60, 100, '\u2022')), ('P', lines_at(80, 100, ['hang up the', 'lamp'])),
              ('P', at(80, 140, 'light it')), ('Lbl', at(60, 160, '\u2022')), ('P', at(80, 160, 'go home'))]
    tree = [('L', [('LI', [('Lbl', 0), ('LBody', [('P', 1), ('P', 2)])]),
                   ('LI', [('Lbl', 3), ('LBody', [('P', 4)])])])]
    return tagged_pdf(pieces, tree), [r'~text .* \S hang up the lamp$', r'~text .* light it$',
                                      r'~text .* \S go home$']


@case
def tagged_line_by_line():
    """Each line is tagged as a paragraph, which none is."""
    woods = wrapped(WOODS, 80)
    pieces = [('P', at(60, 100 + 12 * i, line)) for i, line in enumerate(woods)]
    return tagged_pdf(pieces, [('P', i) for i in range(len(woods))]), [r'~text .* ' + ' '.join(woods) + '$']


@case
def tagged_in_part():
    """Most of the page has no tags, so they say nothing about it."""
    woods = wrapped(WOODS, 80)
    pdf = Pdf()
    pdf.page(*pdf.marked([('H1', pdf.text(60, 80, 'quick words'))]), pdf.lines(60, 100, woods),
             entries=b'/StructParents 0')
    pdf.tags([('H1', 0)])
    return pdf.bytes(), ['quick words', ' '.join(woods), r'~text .* quick words$']


@case
def tagged_in_circles():
    pdf = Pdf()
    pdf.page(*pdf.marked([('P', pdf.text(60, 80, 'a paragraph'))]), entries=b'/StructParents 0')
    pdf.tags([('Span', 0)])
    number = len(pdf.objects)
    pdf.objects[-1] = b'<</S/Span/P %d 0 R/K 0>>' % number
    return pdf.bytes(), ['a paragraph']


@case
def scans_among_other_pages():
    pdf = Pdf()
    pdf.page(pdf.lines(60, 110, wrapped(WOODS, 80)))
    for _ in range(3):
        pdf.page(pdf.picture(20, 20, 570, 750))
    pdf.page(pdf.lines(60, 110, wrapped(HARBOUR, 80)))
    pdf.page(b'')
    return pdf.bytes(), ['The keeper of the woods', 'Ships that enter', '~notice no_text 2-4$']


@case
def letters_without_meaning():
    pdf = Pdf()
    pdf.page(pdf.lines(60, 110, wrapped(WOODS, 80)))
    pdf.page(pdf.text(60, 100, ''.join(chr(0xE000 + i) for i in range(200)), font='U'))
    return pdf.bytes(), ['The keeper of the woods', '~notice unreadable_letters 2$']


@case
def letters_without_meaning_alone():
    pdf = Pdf()
    pdf.page(pdf.text(60, 100, ''.join(chr(0xE000 + i) for i in range(200)), font='U'))
    return pdf.bytes(), ['=failed', '*its fonts do not say which letters they show']


@case
def comments_of_readers():
    pdf = Pdf()
    below = ('Too high; ask the owner – again.', 'Is this the right valve?')
    notes = b' '.join(
        b'<</Type/Annot/Subtype/%s/Rect[%d %d %d %d]/QuadPoints[60 %d 150 %d 60 %d 150 %d]'
        b'/Contents%s>>' % (kind, x, y, x + 12, y + 11, y + 11, y + 11, y, y, text_string(text))
        for kind, x, y, text in ((b'Text', 400, 689, below[0]), (b'Highlight', 60, 665, below[1])))
    pdf.page(pdf.text(60, 100, 'The rent is 900 a month.'), pdf.text(60, 124, 'Turn the valve.'),
             pdf.text(60, 148, 'The end.'), entries=b'/Annots[%s]' % notes)
    return pdf.bytes(), ['The rent is 900 a month. Too high; ask the owner – again.',
                         'Turn the valve. Is this the right valve?', 'The end.']


@case
def attached_files():
    inner = Pdf()
    inner.page(inner.text(60, 100, 'The offer is valid until 30 June.'))
    inner.page(inner.text(60, 100, 'It costs 4500 euros.'))
    pdf = Pdf()
    pdf.page(pdf.text(60, 100, 'See the files of this portfolio.'))
    pdf.attach('offer.pdf', inner.bytes())
    pdf.attach('remarks.txt', 'Call Änne before noon.\nThe key is at the gate.'.encode())
    pdf.attach('sound.bin', b'\x00\x01\x02\xff')
    return pdf.bytes(), ['See the files of this portfolio.', 'The offer is valid until 30 June.',
                         'It costs 4500 euros.', 'Call Änne before noon.',
                         'The key is at the gate.', r'~^3=offer.pdf, 2 ',
                         r'~^4=remarks.txt ', r'~^notice attachments 1$']


@case
def attached_bomb():
    """Half a gigabyte of zeros in half a megabyte."""
    pdf = Pdf()
    pdf.page(pdf.text(60, 100, 'A short letter.'))
    packer = zlib.compressobj()
    data = b''.join(packer.compress(bytes(1 << 20)) for _ in range(512)) + packer.flush()
    for name in ('film.bin', 'zeros.txt'):
        pdf.attach(name, data, b'/Filter/FlateDecode')
    return pdf.bytes(), ['A short letter.', '~^notice attachments 1$']


@case
def form_made_from_data():
    pdf = Pdf()
    pdf.page(pdf.text(60, 100, 'Please wait...'))
    form = pdf.stream(b'<xdp><template><field name="no">x</field></template><xfa:datasets><xfa:data>'
                      b'<a><name>O&amp;K G&#252;nther</name><empty/><sum cur="EUR">7300</sum></a>'
                      b'</xfa:data></xfa:datasets></xdp>')
    pdf.catalog += b'/NeedsRendering true/AcroForm<</Fields[]/XFA %d 0 R>>' % form
    return pdf.bytes(), ['name: O&K Günther', 'sum: 7300', '~notice form_data 1', '!field']


@case
def header_far_from_the_start():
    pdf = Pdf()
    pdf.page(pdf.text(60, 100, 'The lease begins in October.'))
    plain_file = pdf.bytes()
    return b'X-Mail: a\r\n' * 5000 + plain_file, ['The lease begins in October.']


@case
def text_outside_of_what_is_shown():
    pdf = Pdf()
    pdf.page(pdf.text(60, 100, 'All of this text stands outside of the part that is shown.'),
             entries=b'/CropBox[0 0 50 50]')
    return pdf.bytes(), ['All of this text stands outside']


def scan_of(pdf):
    """The first page of a file as a grey picture."""
    with tempfile.NamedTemporaryFile(suffix='.pdf') as file:
        file.write(pdf.bytes())
        file.flush()
        return subprocess.run(['pdftoppm', '-r', '200', '-gray', '-singlefile', file.name],
                              capture_output=True, check=True).stdout


@case
def scan_recognized():
    drawn = Pdf()
    drawn.page(drawn.text(60, 90, 'Lease of the mill', 18, 'B'),
               drawn.lines(60, 130, wrapped(WOODS, 80), 11, 'S', 14))
    pdf = Pdf()
    pdf.page(pdf.text(60, 100, 'The signed contract follows on the next page.'))
    pdf.scan(scan_of(drawn))
    return pdf.bytes(), ['The signed contract follows', 'Lease of the mill',
                         'counts the deer that graze beside the brook before the village wakes',
                         '~^notice recognized 2$']


scan_recognized.languages = 'eng'


@case
def scan_in_a_language_that_is_not_installed():
    pdf = Pdf()
    pdf.page(pdf.text(60, 100, 'The signed contract follows on the next page.'))
    pdf.page(pdf.picture(20, 20, 570, 750))
    return pdf.bytes(), ['The signed contract follows', '~^notice no_text 2$',
                         '~^notice no_recognition 2$']


scan_in_a_language_that_is_not_installed.languages = 'xxx'


def run(program, reader, data, verbose, languages):
    with tempfile.NamedTemporaryFile(suffix='.pdf') as file:
        file.write(data)
        file.flush()
        command = [program] + ['-v'] * verbose
        command += ['-l', languages] if languages else []
        command += [reader, file.name]
        done = subprocess.run(command, capture_output=True, timeout=60)
    text = (done.stdout or done.stderr).decode()
    return text, {0: 'completed', 1: 'failed'}.get(done.returncode, f'status {done.returncode}')


def try_case(program, reader, function):
    data, expected = function()
    if os.environ.get('TREADLE_KEEP_CASES'):
        with open(os.path.join(os.environ['TREADLE_KEEP_CASES'], function.__name__ + '.pdf'),
                  'wb') as file:
            file.write(data)
    patterns = [line[1:] for line in expected if line.startswith('~')]
    languages = getattr(function, 'languages', None)
    text, status = run(program, reader, data, False, languages)
    wrong = check('\n'.join(line for line in expected if not line.startswith('~')), text, status)
    if patterns:
        detail, _ = run(program, reader, data, True, languages)
        wrong += [f'no match: {pattern}' for pattern in patterns if not re.search(pattern, detail, re.M)]
        text = detail if wrong else text
    return wrong, text


def main():
    program, reader, *names = sys.argv[1:]
    cases = [function for function in CASES if not names or function.__name__ in names]
    failed = 0
    print(f'1..{len(cases)}')
    for number, function in enumerate(cases, 1):
        wrong, text = try_case(program, reader, function)
        print(f'{"not ok" if wrong else "ok"} {number} - {function.__name__}')
        for line in wrong:
            print(f'# {line}')
        if wrong:
            print('# read: ' + (text if names else plain(text)[:900]))
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
