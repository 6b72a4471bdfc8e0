#!/usr/bin/env python3
"""Makes files of every format but PDF and compares all that the real reader sends with golden text.

usage: formats.py BENCH_READ READER [NAME...]

A case is a function that returns a file's name, its bytes and what is expected: the lines that
bench_read -v prints, without places (page, kind and level, the head of a table in brackets, text),
or, as a string, a regular expression for the message with which it must be refused.
Prints TAP; the status is 1 when a case failed.
"""
import os
import re
import subprocess
import sys
import tempfile

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
        '0 text fn main() {', '0 text run();', '0 text }']


@case
def text_western():
    return 'a.txt', 'Le café de la gare est fermé à midi, été comme hiver.\n'.encode('latin-1'), [
        '0 text Le café de la gare est fermé à midi, été comme hiver.']


@case
def text_cyrillic():
    text = 'Гарантийный срок на насос составляет двадцать четыре месяца со дня покупки.'
    return 'notes', text.encode('koi8-r'), ['0 text ' + text]


@case
def text_japanese():
    text = 'このポンプの保証期間は、お買い上げの日から二年間です。修理は販売店にご相談ください。'
    return 'notes.txt', text.encode('shift-jis'), ['0 text ' + text]


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


@case
def picture():
    return 'a.txt', b'\x89PNG\r\n\x1a\n' + bytes(50), 'a picture'


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


# ---- Running ---------------------------------------------------------------------------------


def read(program, reader, directory, name, data):
    path = os.path.join(directory, name)
    with open(path, 'wb') as file:
        file.write(data)
    return subprocess.run([program, '-v', reader, path], capture_output=True, text=True,
                          timeout=100, check=False)


def check(made, result):
    expected = made[2]
    if isinstance(expected, str):
        if result.returncode == 0 or not re.search(expected, result.stderr):
            return f'not refused with {expected!r}: {result.stderr}{result.stdout[:300]}'
        return None
    if result.returncode != 0:
        return result.stderr
    lines = [re.sub(r'^(\S+ \S+) \(0 0 0 0\) ', r'\1 ', line)
             for line in result.stdout.split('\n') if line]
    for i in range(max(len(lines), len(expected))):
        have = lines[i] if i < len(lines) else None
        want = expected[i] if i < len(expected) else None
        if have != want:
            return f'line {i + 1}: {have!r} instead of {want!r}'
    return None


def main():
    program, reader, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    chosen = [c for c in CASES if not names or c.__name__ in names]
    failed = 0
    print(f'1..{len(chosen)}')
    with tempfile.TemporaryDirectory() as directory:
        for number, function in enumerate(chosen, 1):
            made = function()
            problem = check(made, read(program, reader, directory, made[0], made[1]))
            failed += problem is not None
            print(f'{"not ok" if problem else "ok"} {number} - {function.__name__}')
            if problem:
                print('# ' + problem.replace('\n', '\n# '))
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
