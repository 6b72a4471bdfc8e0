#!/usr/bin/env python3
"""Makes files of every format but PDF and compares all that the real reader sends with golden text.

usage: formats.py BENCH_READ READER [NAME...]

A case is a function that returns a file's name, its bytes and what is expected: the lines that
bench_read -v prints, without places (page, kind and level, the head of a table in brackets, text),
or, as a string, a regular expression for the message with which it must be refused;
of pictures also the languages. Prints TAP; the status is 1 when a case failed.
"""
import base64
import gzip
import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

from pdf_writer import Pdf

CASES = []


def case(function):
    CASES.append(function)
    return function


def page(body, head=''):
    return f'<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>'.encode()


# ---- Text by its content ---------------------------------------------------------------------


@case
def text_without_ending():
    text = ('Permission is granted to everybody who obtains a copy of this work to\n'
            'use it as they like.\n\nNo warranty is given.\n')
    return 'LICENSE', text.encode(), [
        '0 text Permission is granted to everybody who obtains a copy of this work to use it as they '
        'like.', '0 text No warranty is given.']


@case
def text_of_settings():
    return 'server.conf', b'[server]\nport = 80\nname = here\n', [
        '0 text [server]', '0 text port = 80', '0 text name = here']


@case
def text_of_code():
    return 'main.rs', b'fn main() {\n    run();\n}\n', [
        '0 code fn main() {', '0 code     run();', '0 code }']


@case
def text_western():
    return 'a.txt', 'Le café de la gare est fermé à midi, été comme hiver.\n'.encode('latin-1'), [
        'notice guessed_encoding', '0 text Le café de la gare est fermé à midi, été comme hiver.']


@case
def text_cyrillic():
    text = 'Гарантийный срок на насос составляет двадцать четыре месяца со дня покупки.'
    return 'notes', text.encode('koi8-r'), ['notice guessed_encoding', '0 text ' + text]


@case
def text_japanese():
    text = 'このポンプの保証期間は、お買い上げの日から二年間です。修理は販売店にご相談ください。'
    return 'notes.txt', text.encode('shift-jis'), ['notice guessed_encoding', '0 text ' + text]


@case
def text_wide_without_mark():
    return 'a.txt', 'The pump is red.\n'.encode('utf-16-le'), ['0 text The pump is red.']


@case
def text_named_as_office():
    return 'a.docx', b'Just text.\n', 'not what its name says'


@case
def no_text():
    return 'data', bytes(range(256)) * 4, 'of a kind that is not supported'


@case
def office_of_the_old_kind():
    return 'a.doc', b'\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1' + bytes(600), r'old kind.*save it as'


# ---- Tables as text --------------------------------------------------------------------------


@case
def delimited_with_names():
    return 'a.csv', b'Name,Price\r\n"Tent, ""red""",189\r\n"two\nlines",\r\n', [
        '0 row [Name; Price] Name; Price', '0 row [Name; Price] Name: Tent, "red"; Price: 189',
        '0 row [Name; Price] Name: two lines']


@case
def delimited_without_names():
    return 'a.tsv', b'1\ta\n2\tb\n', ['0 row 1; a', '0 row 2; b']


@case
def delimited_with_a_mark_that_nothing_closes():
    rows = ''.join(f'{i};"{i}\n' for i in range(20000))
    return 'a.csv', ('No;Size\n' + rows).encode(), ['0 row [No; Size] No; Size'] + [
        f'0 row [No; Size] No: {i}; Size: "{i}' for i in range(20000)]


@case
def delimited_in_western():
    return 'a.csv', 'Nom;Prix\nCafé crème à emporter;2\nThé glacé;3\n'.encode('latin-1'), [
        'notice guessed_encoding', '0 row [Nom; Prix] Nom; Prix',
        '0 row [Nom; Prix] Nom: Café crème à emporter; Prix: 2',
        '0 row [Nom; Prix] Nom: Thé glacé; Prix: 3']


# ---- JSON ------------------------------------------------------------------------------------


@case
def json_records():
    return 'a.json', b'{"title":"List","items":[{"name":"A","size":{"w":1}},{"name":"B"}]}', [
        '0 text title: List', '0 text items.name: A; items.size.w: 1', '0 text items.name: B']


@case
def json_nothing_and_lists():
    return 'a.json', b'[{"t":"Two","n":null,"tags":["a","b"],"parts":[{"n":1}]}]', [
        '0 text t: Two; tags: a; tags: b', '0 text parts.n: 1']


@case
def json_with_a_tail():
    return 'a.json', b'[1, 2] tail', ['0 text [1, 2] tail']


@case
def json_lines():
    return 'a.jsonl', b'{"a":1}\n{"a":"\\u00e9"}\n', ['0 text a: 1', '0 text a: é']


@case
def json_broken():
    return 'a.json', b'{"a":\n', ['0 text {"a":']


@case
def json_nested_deep():
    return 'a.json', b'[' * 20000, ['0 text ' + '[' * 16384, '0 text ' + '[' * 3616]


# ---- Markdown --------------------------------------------------------------------------------


@case
def markdown_blocks():
    return 'a.md', ('---\ntitle: Pump\n---\n# The *red* pump #\n\nSome **bold** text\nwith `code` '
                    'and [a link](http://x).\n\nSetext\n------\n\n- One\n- Two\n  1. a\n  2. b\n\n'
                    '> Quoted.\n\n```c\nif (x)\n    y();\n```\n\n    indented\n\n'
                    '<p>As <b>HTML</b></p>\n').encode(), [
        '0 text title: Pump', '0 head1 The red pump', '0 text Some bold text with code and a link.',
        '0 head2 Setext', '0 text - One', '0 text - Two', '0 text 1. a', '0 text 2. b',
        '0 text Quoted.', '0 code if (x)', '0 code     y();', '0 code indented', '0 text As HTML']


@case
def markdown_table():
    return 'a.md', b'| Name | Price |\n|:-----|------:|\n| Tent | **189** |\n| Rope | |\n', [
        '0 row [Name; Price] Name; Price', '0 row [Name; Price] Name: Tent; Price: 189',
        '0 row [Name; Price] Name: Rope']


@case
def markdown_nested_deep():
    return 'a.md', b'> ' * 20000 + b'deep\n', ['0 text deep']


# ---- Pictures --------------------------------------------------------------------------------


def drawn(kind, *texts):
    """Pages with these lines as a picture of that kind."""
    pdf = Pdf(300, 120)
    for lines in texts:
        pdf.page(pdf.lines(20, 30, lines, 12, lead=20))
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'a.pdf')
        with open(path, 'wb') as file:
            file.write(pdf.bytes())
        subprocess.run(['pdftoppm', '-r', '150', f'-{kind}', path, os.path.join(directory, 'p')],
                       check=True)
        pages = sorted(name for name in os.listdir(directory) if name.startswith('p-'))
        return [open(os.path.join(directory, name), 'rb').read() for name in pages]


def tiff(pages):
    """Pages of grey, as pdftoppm writes them, in one file."""
    out = bytearray(b'II*\0' + struct.pack('<I', 8))
    for number, page in enumerate(pages):
        _, width, height, _, pixels = re.match(rb'(P5)\n(\d+) (\d+)\n(\d+)\n(.*)', page,
                                               re.DOTALL).groups()
        width, height = int(width), int(height)
        tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1),
                (262, 3, 1, 1), (273, 4, 1, 0), (277, 3, 1, 1), (278, 4, 1, height),
                (279, 4, 1, len(pixels))]
        start = len(out) + 2 + 12 * len(tags) + 4
        following = start + len(pixels) if number + 1 < len(pages) else 0
        out += struct.pack('<H', len(tags))
        for tag, kind, count, value in tags:
            out += struct.pack('<HHII', tag, kind, count, start if tag == 273 else value)
        out += struct.pack('<I', following) + pixels
    return bytes(out)


PUMP, HOSE = ['Invoice 2040', 'The red pump costs 189 euros.'], ['The hose is seven metres long.']


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(width, height):
    head = struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(bytes(99)))
            + chunk(b'IEND', b''))


@case
def picture_png():
    return 'a.png', drawn('png', PUMP)[0], [
        'notice recognized 1', '1 text Invoice 2040 The red pump costs 189 euros.'], 'eng'


@case
def picture_jpeg_by_content():
    return 'photo', drawn('jpeg', PUMP)[0], [
        'notice recognized 1', '1 text Invoice 2040 The red pump costs 189 euros.'], 'eng'


@case
def picture_tiff_of_pages():
    return 'a.tif', tiff(drawn('gray', PUMP, HOSE)), [
        'notice recognized 1-2', '1 text Invoice 2040 The red pump costs 189 euros.',
        '2 text The hose is seven metres long.'], 'eng'


@case
def picture_without_recognition():
    return 'a.png', drawn('png', PUMP)[0], 'text recognition is turned off'


@case
def picture_in_a_language_without_data():
    return 'a.png', drawn('png', PUMP)[0], 'recognition is not installed', 'xyz'


@case
def picture_of_sixty_thousand_pixels():
    return 'a.png', png(60000, 60000), 'unpacks to far more', 'eng'


@case
def picture_cut_short():
    return 'a.png', drawn('png', PUMP)[0][:900], 'damaged', 'eng'


@case
def picture_of_nothing():
    return 'a.gif', b'GIF89a' + bytes(20), 'damaged', 'eng'


# ---- Mail ------------------------------------------------------------------------------------


@case
def mail_plain():
    return 'a.eml', ('From: =?utf-8?B?SsO2cmcg?= =?utf-8?Q?M=C3=BCller?= <j@example.org>\r\n'
                     'To: Ida\r\n <ida@example.org>\r\nReceived: from x\r\nSubject: The red pump\r\n'
                     'Date: Mon, 1 Jan 2024 10:00:00 +0000\r\n'
                     'Content-Type: text/plain; charset="iso-8859-1"\r\n'
                     'Content-Transfer-Encoding: quoted-printable\r\n\r\n'
                     'The caf=E9 has a pump that is =\r\nred.\r\n\r\nRegards\r\n').encode(), [
        '0 head1 The red pump', '0 text From: Jörg Müller <j@example.org>',
        '0 text To: Ida <ida@example.org>', '0 text Date: Mon, 1 Jan 2024 10:00:00 +0000',
        '0 text The café has a pump that is red.', '0 text Regards']


def mail_with(parts, kind='mixed'):
    body = ''.join(f'--b\r\n{head}\r\n\r\n{text}\r\n' for head, text in parts)
    return (f'Subject: S\r\nContent-Type: multipart/{kind}; boundary="b"\r\n\r\npreface\r\n{body}'
            '--b--\r\nend\r\n').encode()


def attached(name, data):
    return (f'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n'
            f'Content-Disposition: attachment; filename="{name}"',
            base64.encodebytes(data).decode())


@case
def mail_alternatives():
    return 'a.eml', mail_with([('Content-Type: text/plain', 'Plain.'),
                               ('Content-Type: text/html', '<p>HTML')], 'alternative'), [
        '0 head1 S', '0 text Plain.']


@case
def mail_with_html_alone():
    return 'a.eml', mail_with([('Content-Type: text/plain', ' '),
                               ('Content-Type: text/html; charset=koi8-r\r\n'
                                'Content-Transfer-Encoding: base64',
                                base64.b64encode('<p>Да'.encode('koi8-r')).decode())],
                              'alternative'), ['0 head1 S', '0 text Да']


@case
def mail_with_attachments():
    return 'a.eml', mail_with([('Content-Type: text/plain', 'See below.'),
                               attached('prices.csv', b'Name,Price\nTent,189\n'),
                               attached('a.pdf', b'%PDF-1.4 ...'),
                               attached('b.docx', b'PK\3\4 broken')]), [
        'notice parts_left_out', '0 head1 S', '0 text See below.', '0 head2 prices.csv',
        '0 row [Name; Price] Name; Price', '0 row [Name; Price] Name: Tent; Price: 189',
        '0 head2 b.docx']


@case
def mail_by_content():
    return 'saved', b'Return-Path: <a@b>\nSubject: S\n\nText.\n', ['0 head1 S', '0 text Text.']


@case
def mail_in_mail():
    inner = 'Subject: Inner\r\n\r\nInside.'
    return 'a.eml', mail_with([('Content-Type: message/rfc822', inner)]), [
        '0 head1 S', '0 head1 Inner', '0 text Inside.']


@case
def mail_nested_deep():
    text = 'Subject: S\r\nContent-Type: message/rfc822\r\n\r\n' * 50
    return 'a.eml', text.encode(), 'nest too deep'


# ---- XML -------------------------------------------------------------------------------------


@case
def xml_records():
    return 'a.xml', ('<?xml version="1.0" encoding="iso-8859-1"?><!DOCTYPE list><list>'
                     '<item no="1"><name>Caf\u00e9</name><size><w>3</w><h>4</h></size></item>'
                     '<item no="2"><name>Rope</name></item></list>').encode('latin-1'), [
        '0 text no: 1; name: Café', '0 text w: 3; h: 4', '0 text no: 2; name: Rope']


@case
def xml_of_a_book():
    return 'book', (b'<?xml version="1.0"?>\n<book><title>Pumps</title><chapter><title>Red ones'
                    b'</title><para>A <emphasis>red</emphasis> pump.</para><para>Two.</para>'
                    b'</chapter></book>'), [
        '0 head1 Pumps', '0 head2 Red ones', '0 text A red pump.', '0 text Two.']


@case
def xml_bomb():
    entities = ''.join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "lol"}">' for i in range(10))
    return 'a.xml', f'<!DOCTYPE x [{entities}]><x>&e9;</x>'.encode(), 'declares XML entities'


@case
def xml_nested_deep():
    return 'a.xml', b'<a>' * 100000, 'damaged|nest too deep'


@case
def xml_cut_short():
    return 'a.xml', b'<a><b>text</b>', 'damaged or cut short'


# ---- reStructuredText ------------------------------------------------------------------------


@case
def rst_blocks():
    return 'a.rst', ('=====\nPumps\n=====\n\n.. a comment\n   goes on\n\nThe *red*\n**pump** runs '
                     '``fast``; see :ref:`here` and `the page <http://x>`_.\n\nParts\n-----\n\n'
                     '- One\n- Two\n  lines\n\nRun it::\n\n    make\n      all\n\n'
                     '.. note:: Mind the\n   gap.\n\n.. code-block:: c\n   :linenos:\n\n   int i;\n\n'
                     '.. toctree::\n\n   other\n\nMore\n-----\nEnd.\n').encode(), [
        '0 head1 Pumps', '0 text The red pump runs fast; see here and the page.', '0 head2 Parts',
        '0 text - One', '0 text - Two lines', '0 text Run it:', '0 code make', '0 code   all',
        '0 text Mind the gap.', '0 code int i;', '0 head2 More', '0 text End.']


@case
def rst_tables():
    return 'a.rst', ('+------+-------+\n| Name | Price |\n+======+=======+\n| Tent | 189   |\n'
                     '| red  |       |\n+------+-------+\n| Rope | 5     |\n+------+-------+\n\n'
                     '====  =====\nTown  Count\n====  =====\nLünd  3\nOslo  17\n====  =====\n').encode(), [
        '0 row [Name; Price] Name; Price', '0 row [Name; Price] Name: Tent red; Price: 189',
        '0 row [Name; Price] Name: Rope; Price: 5', '0 row [Town; Count] Town; Count',
        '0 row [Town; Count] Town: Lünd; Count: 3', '0 row [Town; Count] Town: Oslo; Count: 17']


# ---- LaTeX -----------------------------------------------------------------------------------


@case
def tex_blocks():
    return 'a.tex', (r'''\documentclass[a4paper]{article}
\usepackage{x} \newcommand{\y}{z}
\title{The \emph{red} pump}
\begin{document}
\maketitle
\section*{Caf\'e in M\"{u}nchen} % hidden
It costs 5\,\% --- ``cheap''\footnote{In 2024.} \cite{smith}.
\label{x}Na\"\i ve.

Next \textbf{bold} paragraph,
$E = mc^2$.
\begin{enumerate}
\item One
\item Two
\end{enumerate}
\begin{verbatim}
if (x)
    y(); % kept
\end{verbatim}
\begin{tabular}{l|r} \hline
Name & Price \\ \hline
Tent & 189 \\
\end{tabular}
\begin{comment}
hidden
\end{comment}
\end{document}
hidden
''').encode(), [
        '0 head1 The red pump', '0 head2 Café in München',
        '0 text It costs 5% — “cheap” (In 2024.) [smith]. Naïve.',
        '0 text Next bold paragraph, E = mc^2.', '0 text 1. One', '0 text 2. Two', '0 code if (x)',
        '0 code     y(); % kept', '0 row [Name; Price] Name; Price',
        '0 row [Name; Price] Name: Tent; Price: 189']


@case
def tex_nested_deep():
    return 'a.tex', b'\\footnote{' * 20000 + b'deep', 'nest too deep'


# ---- Notebooks -------------------------------------------------------------------------------


@case
def notebook_cells():
    return 'a.ipynb', json.dumps({'nbformat': 4, 'cells': [
        {'cell_type': 'markdown', 'source': ['# Pumps\n', 'A *red* one.']},
        {'cell_type': 'code', 'source': 'for i in x:\n    print(i)', 'outputs': [
            {'output_type': 'stream', 'text': ['17\n', '18\n']},
            {'output_type': 'display_data', 'data': {'text/plain': 'Figure', 'image/png': 'x'}}]}
    ]}).encode(), ['0 head1 Pumps', '0 text A red one.', '0 code for i in x:', '0 code     print(i)',
                   '0 code 17', '0 code 18', '0 code Figure']


@case
def notebook_broken():
    return 'a.ipynb', b'{"cells": [', 'damaged or cut short'


# ---- HTML ------------------------------------------------------------------------------------


@case
def html_blocks():
    return 'a.html', page(
        '<nav>Home</nav><h1>Pump &amp; hose</h1><p>Some <b>bold</b>\ntext, &euro;5.<br>A line.</p>'
        '<ul><li>One<li>Two<ol start=3><li>a</li><li>b</li></ol></ul>'
        '<pre>if (x) {\n    y();\n}</pre><div hidden>no</div><h3>Deep</h3>After'
        '<script>var x = "<p>no</p>";</script>'), [
            '0 head1 Pump & hose', '0 text Some bold text, €5.', '0 text A line.', '0 text - One',
            '0 text - Two', '0 text 3. a', '0 text 4. b', '0 code if (x) {', '0 code     y();',
            '0 code }', '0 head3 Deep', '0 text After']


@case
def html_tables():
    return 'a.htm', page(
        '<table><caption>Prices</caption><thead><tr><th>Name<th>Price<th>Note</thead>'
        '<tr><td rowspan=2>Tent<td>189.90<td><p>red</p><p>new</p>'
        '<tr><td>170.00<td></table>'
        '<table><tr><td>Weight<td>3 kg<tr><td>Colour<td>red</table>'
        '<table><tr><td><p>Laid out</p><p>by table</p></table>'), [
            '0 text Prices', '0 row [Name; Price; Note] Name; Price; Note',
            '0 row [Name; Price; Note] Name: Tent; Price: 189.90; Note: red new',
            '0 row [Name; Price; Note] Name: Tent; Price: 170.00', '0 row Weight; 3 kg',
            '0 row Colour; red', '0 text Laid out', '0 text by table']


@case
def html_by_content():
    return 'saved', b'<?xml version="1.0"?>\n<!-- saved -->\n' + page('<p>Text.'), ['0 text Text.']


@case
def html_names_its_encoding():
    return 'a.html', ('<html><meta charset="windows-1251"><p>Да'.encode('cp1251')), ['0 text Да']


@case
def html_nested_deep():
    return 'a.html', page('<div><table><tr><td>' * 20000 + 'deep'), 'nest too deep'


@case
def html_nested_blocks():
    return 'a.html', page('<div><b>' * 50000 + 'deep'), ['0 text deep']


@case
def html_without_text():
    return 'a.html', page('<script>1</script>'), 'holds no text'


@case
def html_long_paragraph():
    words = ' '.join(f'word{i}' for i in range(20000))
    blocks = []
    while len(words) > 32756:
        cut = words.rindex(' ', 0, 32756)
        blocks.append('0 text ' + words[:cut])
        words = words[cut + 1:]
    return 'a.html', page('<p>' + ' '.join(f'word{i}' for i in range(20000))), blocks + [
        '0 text ' + words]


# ---- Packages --------------------------------------------------------------------------------

OFFICE = 'application/vnd.openxmlformats-officedocument.'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
S = ('xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
     'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"')
P = ('xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
     'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
     'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"')


def archive(parts, stored=()):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            kind = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            file.writestr(name, text, kind)
    return out.getvalue()


def office(types, parts):
    overrides = ''.join(f'<Override PartName="/{name}" ContentType="{OFFICE}{kind}"/>'
                        for name, kind in types.items())
    core = ('<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
            'core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Title</dc:title>'
            '</cp:coreProperties>')
    return archive({'[Content_Types].xml':
                    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                    + overrides + '</Types>', 'docProps/core.xml': core, **parts})


def relations(**targets):
    base = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    return ('<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            + ''.join(f'<Relationship Id="{i}" Type="{base}{kind}" Target="{target}"/>'
                      for i, (kind, target) in targets.items()) + '</Relationships>')


def word(body, before='', **more):
    styles = (f'<w:styles {W}><w:style w:type="paragraph" w:styleId="berschrift1">'
              '<w:name w:val="heading 1"/></w:style>'
              '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/>'
              '<w:basedOn w:val="Deep"/></w:style><w:style w:type="paragraph" w:styleId="Deep">'
              '<w:name w:val="Deep"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style></w:styles>')
    types = {'word/document.xml': 'wordprocessingml.document.main+xml',
             'word/styles.xml': 'wordprocessingml.styles+xml'}
    parts = {'word/document.xml': f'{before}<w:document {W}><w:body>{body}</w:body></w:document>',
             'word/styles.xml': styles}
    for kind, text in more.items():
        types[f'word/{kind}.xml'] = f'wordprocessingml.{kind}+xml'
        parts[f'word/{kind}.xml'] = f'<w:{kind} {W}>{text}</w:{kind}>'
    return office(types, parts)


def para(text, properties=''):
    return f'<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'


def word_rows(rows, head=''):
    return '<w:tbl>' + ''.join(
        f'<w:tr>{head if i == 0 else ""}' + ''.join(f'<w:tc>{para(c)}</w:tc>' for c in row)
        + '</w:tr>' for i, row in enumerate(rows)) + '</w:tbl>'


@case
def word_blocks():
    return 'a.docx', word(
        para('Pump', '<w:pStyle w:val="berschrift1"/>') + para('Care', '<w:pStyle w:val="Mine"/>')
        + '<w:p><w:r><w:t>Clean it </w:t></w:r><w:del><w:r><w:delText>never</w:delText>'
        '<w:t>no</w:t></w:r></w:del><w:ins><w:r><w:t>weekly</w:t></w:r></w:ins><w:r><w:tab/>'
        '<w:t>&amp; dry.</w:t><w:br/><w:t>Then rest.</w:t><w:instrText>PAGE</w:instrText></w:r></w:p>'
        + para('One', '<w:numPr><w:numId w:val="3"/></w:numPr>')
        + para('Two', '<w:numPr><w:numId w:val="0"/></w:numPr>')
        + word_rows([['Part', 'Price'], ['Hose', '9.50']], '<w:trPr><w:tblHeader/></w:trPr>')
        + word_rows([['Colour', 'red'], ['Weight', '3 kg']]),
        footnotes='<w:footnote>' + para('See page 4.') + '</w:footnote>',
        header=para('Manual 17-B')), [
            '0 head1 Pump', '0 head3 Care', '0 text Clean it weekly & dry.', '0 text Then rest.',
            '0 text - One', '0 text Two', '0 row [Part; Price] Part; Price',
            '0 row [Part; Price] Part: Hose; Price: 9.50', '0 row Colour; red', '0 row Weight; 3 kg',
            '0 text See page 4.', '0 text Manual 17-B']


@case
def word_by_content():
    return 'no name', word(para('Text.')), ['0 text Text.']


@case
def word_merged_cells():
    wide = f'<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>{para("wide")}</w:tc>'
    return 'a.docx', word(
        word_rows([['A', 'B', 'C'], ['1', '2', '3']])[:-len('</w:tbl>')]
        + f'<w:tr>{wide}<w:tc>{para("end")}</w:tc></w:tr></w:tbl>'), [
            '0 row [A; B; C] A; B; C', '0 row [A; B; C] A: 1; B: 2; C: 3',
            '0 row [A; B; C] A: wide; C: end']


@case
def word_entities():
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    return 'a.docx', word(para('&c;'), bomb), 'declares XML entities'


@case
def word_nested_deep():
    return 'a.docx', word('<w:sdt>' * 240 + para('x') + '</w:sdt>' * 240), 'nest too deep'


@case
def word_cut_short():
    return 'a.docx', word(para('Text.'))[:-40], 'damaged or cut short'


@case
def word_broken():
    return 'a.docx', word('<w:p><w:oops></w:p>'), 'damaged or cut short'


@case
def package_bomb():
    return 'a.docx', word(para('x' * 1000) * 100000), 'far more than a document of its size'


@case
def package_of_nothing():
    return 'a.zip', archive({'a.txt': 'text'}), 'an archive that holds no document'


def sheet(cells, strings=(), title='Prices', book=''):
    types = {'xl/workbook.xml': 'spreadsheetml.sheet.main+xml',
             'xl/worksheets/sheet1.xml': 'spreadsheetml.worksheet+xml',
             'xl/sharedStrings.xml': 'spreadsheetml.sharedStrings+xml',
             'xl/styles.xml': 'spreadsheetml.styles+xml'}
    return office(types, {
        'xl/workbook.xml': f'<workbook {S}>{book}<sheets><sheet name="{title}" sheetId="1" '
                           'r:id="rId7"/></sheets></workbook>',
        'xl/_rels/workbook.xml.rels': relations(rId7=('worksheet', 'worksheets/sheet1.xml')),
        'xl/styles.xml': f'<styleSheet {S}><numFmts><numFmt numFmtId="170" formatCode="[Red]dd.mm'
                         '.yyyy"/><numFmt numFmtId="171" formatCode="0.00 &quot;days&quot;"/>'
                         '</numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"'
                         '/><xf numFmtId="171"/><xf numFmtId="9"/><xf numFmtId="22"/></cellXfs>'
                         '</styleSheet>',
        'xl/sharedStrings.xml': f'<sst {S}>' + ''.join(f'<si>{s}</si>' for s in strings) + '</sst>',
        'xl/worksheets/sheet1.xml': f'<worksheet {S}><sheetData>{cells}</sheetData></worksheet>'})


@case
def sheet_values():
    return 'a.xlsx', sheet(
        '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
        '<row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3" t="s"><v>2</v></c>'
        '<c r="C3" t="inlineStr"><is><t>Since</t></is></c><c r="D3" t="str"><v>Tax</v></c></row>'
        '<row r="4"><c r="A4" t="inlineStr"><is><t>Tent</t></is></c><c r="B4"><v>0.10000000000000001'
        '</v></c><c r="C4" s="1"><v>45000</v></c><c r="D4" s="4"><v>0.19</v></c></row>'
        '<row r="5"><c r="A5" t="inlineStr"><is><t>Bag</t></is></c><c r="C5" s="2"><v>44197.5</v></c>'
        '<c r="D5" s="3"><v>2</v></c><c r="E5" t="b"><v>1</v></c></row>', [
            '<t>Price list</t>', '<r><t>Na</t></r><r><t>me</t></r><rPh><t>x</t></rPh>',
            '<t>Price</t>']), [
                '0 head1 Prices', '0 text Price list',
                '0 row [Name; Price; Since; Tax] Name; Price; Since; Tax',
                '0 row [Name; Price; Since; Tax] Name: Tent; Price: 0.1; Since: 2023-03-15; '
                'Tax: 19%',
                '0 row [Name; Price; Since; Tax] Name: Bag; Since: 2021-01-01 12:00; Tax: 2; TRUE']


@case
def sheet_since_1904():
    return 'a.xlsx', sheet('<row r="1"><c r="A1" s="1"><v>43538</v></c><c r="B1"><v>1</v></c></row>',
                           book='<workbookPr date1904="1"/>'), ['0 head1 Prices',
                                                                '0 row 2023-03-15; 1']


@case
def sheet_far_cells():
    return 'a.xlsx', sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
                           '<row r="4294967295"><c r="ZZZZZZZZ1" t="s"><v>99</v></c></row>'), [
                               '0 head1 Prices', '0 text 1']


def slides(*slides_and_notes):
    types = {'ppt/presentation.xml': 'presentationml.presentation.main+xml'}
    ids, targets, parts = '', {}, {}
    for i, (text, notes) in enumerate(slides_and_notes, 1):
        ids += f'<p:sldId id="{255 + i}" r:id="rId{i}"/>'
        targets[f'rId{i}'] = ('slide', f'slides/slide{i}.xml')
        parts[f'ppt/slides/slide{i}.xml'] = (f'<p:sld {P}><p:cSld><p:spTree>{text}</p:spTree>'
                                             '</p:cSld></p:sld>')
        if notes:
            parts[f'ppt/slides/_rels/slide{i}.xml.rels'] = relations(
                rId1=('notesSlide', f'../notesSlides/notes{i}.xml'))
            parts[f'ppt/notesSlides/notes{i}.xml'] = (
                f'<p:notes {P}><p:cSld><p:spTree>{shape(str(i), "sldNum")}{shape(notes, "body")}'
                '</p:spTree></p:cSld></p:notes>')
    parts['ppt/presentation.xml'] = (f'<p:presentation {P}><p:sldIdLst>{ids}</p:sldIdLst>'
                                     '</p:presentation>')
    parts['ppt/_rels/presentation.xml.rels'] = relations(**targets)
    return office(types, parts)


def shape(text, place=''):
    paragraphs = ''.join(f'<a:p><a:r><a:t>{t}</a:t></a:r></a:p>' for t in text.split('\n'))
    holder = f'<p:nvSpPr><p:nvPr><p:ph type="{place}"/></p:nvPr></p:nvSpPr>' if place else ''
    return f'<p:sp>{holder}<p:txBody>{paragraphs}</p:txBody></p:sp>'


@case
def slides_and_notes():
    cell = '<a:tc><a:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></a:txBody></a:tc>'
    table = ('<p:graphicFrame><a:graphic><a:graphicData><a:tbl>'
             + ''.join('<a:tr>' + ''.join(cell.format(c) for c in row) + '</a:tr>'
                       for row in (['Year', 'Sold', 'Left'], ['2026', '7', '1']))
             + '</a:tbl></a:graphicData></a:graphic></p:graphicFrame>')
    return 'a.pptx', slides(
        (shape('Pumps', 'ctrTitle') + shape('For all', 'subTitle') + shape('1', 'sldNum'), None),
        (shape('Sales', 'title') + shape('Good\nyear') + table, 'Say thanks.')), [
            '1 head1 Pumps', '1 head2 For all', '2 head1 Sales', '2 text Good', '2 text year',
            '2 row [Year; Sold; Left] Year; Sold; Left',
            '2 row [Year; Sold; Left] Year: 2026; Sold: 7; Left: 1', '2 text Notes: Say thanks.']


ODF = ' '.join(f'xmlns:{p}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for p, n in (
    ('office', 'office'), ('text', 'text'), ('table', 'table'), ('draw', 'drawing'),
    ('presentation', 'presentation')))


def open_document(kind, body, manifest=''):
    return archive({
        'mimetype': f'application/vnd.oasis.opendocument.{kind}',
        'META-INF/manifest.xml': f'<manifest>{manifest}</manifest>',
        'content.xml': f'<office:document-content {ODF}><office:automatic-styles><text:p>no</text:p>'
                       f'</office:automatic-styles><office:body>{body}</office:body>'
                       '</office:document-content>'}, stored=('mimetype',))


@case
def open_text():
    return 'a.odt', open_document(
        'text', '<text:h text:outline-level="2">Care</text:h><text:p>Clean<text:s text:c="2"/>it'
        '<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>With water.'
        '</text:p></text:note-body></text:note> weekly.<office:annotation><text:p>?</text:p>'
        '</office:annotation></text:p>\n<text:list><text:list-item><text:p>One</text:p><text:p>more'
        '</text:p></text:list-item></text:list><table:table><table:table-header-rows>'
        '<table:table-row><table:table-cell><text:p>Part</text:p></table:table-cell>'
        '<table:table-cell><text:p>Price</text:p></table:table-cell></table:table-row>'
        '</table:table-header-rows><table:table-row><table:table-cell><text:p>Hose</text:p>'
        '</table:table-cell><table:table-cell><text:p>9</text:p></table:table-cell>'
        '</table:table-row></table:table>'), [
            '0 head2 Care', '0 text Clean it [ With water.] weekly.', '0 text - One', '0 text more',
            '0 row [Part; Price] Part; Price', '0 row [Part; Price] Part: Hose; Price: 9']


@case
def open_sheet():
    def cells(*texts):
        return ''.join(f'<table:table-cell><text:p>{t}</text:p></table:table-cell>' for t in texts)
    empty = '<table:table-cell table:number-columns-repeated="1000"/>'
    return 'a.ods', open_document(
        'spreadsheet', '<table:table table:name="Stock"><table:table-row>' + cells('List') + empty
        + '</table:table-row><table:table-row>' + cells('Name', 'Left') + empty
        + '</table:table-row><table:table-row>' + cells('Tent', '7') + empty + '</table:table-row>'
        '<table:table-row table:number-rows-repeated="1048000">' + empty
        + '</table:table-row></table:table>'), [
            '0 head1 Stock', '0 text List', '0 row [Name; Left] Name; Left',
            '0 row [Name; Left] Name: Tent; Left: 7']


@case
def open_slides():
    def frame(text, kind):
        return (f'<draw:frame presentation:class="{kind}"><draw:text-box><text:p>{text}</text:p>'
                '</draw:text-box></draw:frame>')
    return 'a.odp', open_document(
        'presentation', '<draw:page>' + frame('Pumps', 'title') + frame('Good', 'outline')
        + frame('1', 'page-number') + '<presentation:notes>' + frame('Smile.', 'notes')
        + '</presentation:notes></draw:page><draw:page>' + frame('End', 'title')
        + '</draw:page>'), ['1 head1 Pumps', '1 text Good', '1 text Notes: Smile.', '2 head1 End']


@case
def open_with_password():
    return 'a.odt', open_document('text', 'x', '<file-entry><encryption-data/></file-entry>'), \
        'protected by a password'


def book(chapters):
    items = ''.join(f'<item id="c{i}" href="text/c%20{i}.xhtml"/>' for i in range(len(chapters)))
    spine = ''.join(f'<itemref idref="c{i}"/>' for i in reversed(range(len(chapters))))
    return archive({
        'mimetype': 'application/epub+zip',
        'META-INF/container.xml': '<container><rootfiles><rootfile full-path="OPS/b.opf"/>'
                                  '</rootfiles></container>',
        'OPS/b.opf': f'<package><metadata><title>Book</title></metadata><manifest>{items}</manifest>'
                     f'<spine>{spine}</spine></package>',
        **{f'OPS/text/c {i}.xhtml': text for i, text in enumerate(chapters)}}, stored=('mimetype',))


@case
def e_book():
    return 'a.epub', book([
        '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head>'
        '<title/></head><body><a id="x"/><h2>Second</h2><p>Two &#233;.</p></body></html>',
        '<html><body><h1>First</h1><p>One.']), [
            '0 head1 First', '0 text One.', '0 head2 Second', '0 text Two é.']


# ---- Compressed files ------------------------------------------------------------------------


@case
def gzip_of_text():
    return 'server.conf.gz', gzip.compress(b'[server]\n') + gzip.compress(b'port = 80\n'), [
        '0 text [server]', '0 text port = 80']


@case
def gzip_of_word():
    return 'a', gzip.compress(word(para('Text.'))), ['0 text Text.']


@case
def gzip_twice():
    return 'a.gz.gz', gzip.compress(gzip.compress(b'text')), 'compressed more than once'


@case
def gzip_bomb():
    return 'a.gz', gzip.compress(bytes(100 << 20)), 'far more than a document of its size'


@case
def gzip_cut_short():
    return 'a.gz', gzip.compress(b'text ' * 99)[:-9], 'damaged or cut short'


@case
def gzip_of_nothing():
    return 'a.gz', gzip.compress(b''), 'empty'


# ---- Running ---------------------------------------------------------------------------------


def read(program, reader, directory, name, data, languages):
    path = os.path.join(directory, name)
    with open(path, 'wb') as file:
        file.write(data)
    options = ['-v'] + (['-l', languages] if languages else [])
    return subprocess.run([program, *options, reader, path], capture_output=True, text=True,
                          timeout=100, check=False)


def check(made, result):
    expected = made[2]
    if isinstance(expected, str):
        if result.returncode == 0 or not re.search(expected, result.stderr):
            return f'not refused with {expected!r}: {result.stderr}{result.stdout[:300]}'
        return None
    if result.returncode != 0:
        return result.stderr
    lines = [re.sub(r'^(\S+ \S+) \(\d+ \d+ \d+ \d+\) ', r'\1 ', line).rstrip()
             for line in result.stdout.split('\n') if line]
    for i in range(max(len(lines), len(expected))):
        have = lines[i] if i < len(lines) else None
        want = expected[i] if i < len(expected) else None
        if have != want:
            return f'line {i + 1}: {have!r} instead of {want!r}'[:2000]
    return None


def main():
    program, reader, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    chosen = [c for c in CASES if not names or c.__name__ in names]
    failed = 0
    print(f'1..{len(chosen)}')
    with tempfile.TemporaryDirectory() as directory:
        for number, function in enumerate(chosen, 1):
            if function.__name__.startswith('picture') and not shutil.which('tesseract'):
                print(f'ok {number} - {function.__name__} # SKIP tesseract is not installed')
                continue
            made = function()
            languages = made[3] if len(made) > 3 else None
            problem = check(made, read(program, reader, directory, made[0], made[1], languages))
            failed += problem is not None
            print(f'{"not ok" if problem else "ok"} {number} - {function.__name__}')
            if problem:
                print('# ' + problem.replace('\n', '\n# '))
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
