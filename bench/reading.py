#!/usr/bin/env python3
"""Measures how Treadle reads the PDF files of a directory, beside other tools.

usage: bench/reading.py [--build build] [--files] DIRECTORY

For each file the words of every tool that is there (pdftotext, mutool, pypdf) are compared with
Treadle's. Figures, in percent:
  lost     words that at least two of the others have and Treadle lacks (one is enough where only
           one of them reads anything)
  broken   words of one letter beyond the share that the others have: text that fell apart
  order    pairs of words that follow each other in at least two of the others and not in Treadle
The same is counted for pdftotext against the rest, which is the mark to reach. Then pages a second
of wall time and processor time, with pdftotext in the same run, and the most memory of a process.
Words are compared without accents. A file counts as worse where Treadle loses over 2 percent more words than pdftotext.
--files prints a line a file. Tools that are missing are left out, and said so.
"""
import argparse
import collections
import re
import resource
import shutil
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

WIDE = '\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff'  # written without spaces: each counts by itself
WORD = re.compile(f'[{WIDE}]|[^\\W{WIDE}]+')
ACCENT = re.compile('[\u00a8\u00af\u00b4\u00b8\u02c6\u02c7\u02d8-\u02dd\u200e\u200f\u202a-\u202e]')
LIMIT = 300  # seconds for one tool and one file


def without_repeats(text):
    """Lines that repeat, numbers aside, only once: heads and feet of pages are no words lost."""
    keys = [re.sub(r'\d+', '#', line.strip()) for line in text.split('\n')]
    count, seen, kept = collections.Counter(keys), set(), []
    for line, key in zip(text.split('\n'), keys):
        if count[key] < 3 or key not in seen:
            kept.append(line)
        seen.add(key)
    return '\n'.join(kept)


def words_of(text):
    # Accents that fonts draw by themselves are put to their letters by some tools and not by others,
    # and points of Hebrew and Arabic to other letters by each.
    text = unicodedata.normalize('NFKD', ACCENT.sub('', text))
    text = ''.join(c for c in text if unicodedata.category(c) != 'Mn').replace('\u0131', 'i')
    text = unicodedata.normalize('NFC', text)
    # A word that a hyphen parts at a line's end counts as one.
    text = re.sub(r'(\w)[-\u00ad]\s*\n\s*(\w)', r'\1\2', text).replace('\u00ad', '')
    return WORD.findall(text.lower())


def run(command):
    """Output, wall seconds, processor seconds; no output when it failed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return None, LIMIT, LIMIT, 'took too long'
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    if done.returncode:
        return None, wall, cpu, done.stderr.decode(errors='replace').strip()[:160]
    return done.stdout.decode(errors='replace'), wall, cpu, ''


PYPDF = '''
import sys, pypdf
for page in pypdf.PdfReader(sys.argv[1]).pages:
    print(page.extract_text())
'''


def find_tools(build):
    tools = {'treadle': [str(build / 'bench/bench_read'), str(build / 'treadle-reader')]}
    if shutil.which('pdftotext'):
        tools['pdftotext'] = ['pdftotext', None, '-']
    if shutil.which('mutool'):
        tools['mutool'] = ['mutool', 'draw', '-q', '-F', 'txt', None]
    if subprocess.run([sys.executable, '-c', 'import pypdf'], capture_output=True).returncode == 0:
        tools['pypdf'] = [sys.executable, '-c', PYPDF, None]
    return tools


def command_of(words, path):
    given = [str(path) if word is None else word for word in words]
    return given if str(path) in given else given + [str(path)]


def pages_of(path):
    done = subprocess.run(['pdfinfo', str(path)], capture_output=True)
    found = re.search(rb'Pages:\s+(\d+)', done.stdout)
    return int(found.group(1)) if found else 0


def agreed(counters):
    """What at least two of the counters have, or the only one that has anything."""
    full = [counter for counter in counters if counter]
    if len(full) < 2:
        return full[0] if full else collections.Counter()
    result = collections.Counter()
    for i, one in enumerate(full):
        for other in full[i + 1:]:
            result |= one & other
    return result


def share(part, whole):
    return 100 * part / whole if whole else 0.0


def judge(mine, others):
    """Lost and broken words and pairs out of order, each with its whole."""
    words = collections.Counter(mine)
    pairs = collections.Counter(zip(mine, mine[1:]))
    wanted = agreed([collections.Counter(other) for other in others])
    wanted_pairs = agreed([collections.Counter(zip(other, other[1:])) for other in others])
    lost = sum((wanted - words).values())
    unordered = sum((wanted_pairs - pairs).values())
    single = [sum(1 for word in text if len(word) == 1 and word.isalpha() and
                  not re.match(f'[{WIDE}]', word)) / max(1, len(text))
              for text in [mine] + others if text]
    fallen = max(0.0, single[0] - max(single[1:], default=0)) * len(mine) if mine else 0
    return {'lost': (lost, sum(wanted.values())), 'broken': (fallen, len(mine)),
            'order': (unordered, sum(wanted_pairs.values()))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--build', type=Path, default=Path('build'))
    parser.add_argument('--files', action='store_true')
    parser.add_argument('directory', type=Path)
    options = parser.parse_args()
    tools = find_tools(options.build)
    print('tools: ' + ', '.join(tools))
    paths = sorted(path for path in options.directory.rglob('*')
                   if path.suffix.lower() == '.pdf' and path.is_file())
    sums = {name: collections.defaultdict(lambda: [0, 0]) for name in ('treadle', 'pdftotext')}
    clock = collections.defaultdict(lambda: [0.0, 0.0])
    worse, failed, pages = [], [], 0
    for path in paths:
        texts, errors = {}, {}
        for name, words in tools.items():
            text, wall, cpu, error = run(command_of(words, path))
            if text is not None and name != 'treadle':
                text = without_repeats(text)
            texts[name] = words_of(text) if text is not None else []
            errors[name] = error
            clock[name][0] += wall
            clock[name][1] += cpu
        pages += pages_of(path)
        if errors['treadle'] and any(texts.values()):
            failed.append(f'{path}: {errors["treadle"]}')
        found = {}
        for name in sums:
            if name in texts and not errors['treadle']:
                others = [text for other, text in texts.items() if other not in (name, 'treadle')]
                found[name] = judge(texts[name], others)
                for key, (part, whole) in found[name].items():
                    sums[name][key][0] += part
                    sums[name][key][1] += whole
        if len(found) == 2:
            lost = {name: share(*found[name]['lost']) for name in found}
            if lost['treadle'] > lost['pdftotext'] + 2:
                worse.append(f'{path}: {lost["treadle"]:.1f} % lost, pdftotext {lost["pdftotext"]:.1f} %')
        if options.files and 'treadle' in found:
            print('  '.join(f'{key} {share(*found["treadle"][key]):5.2f}' for key in found['treadle'])
                  + f'  {path}')
    for name, figures in sums.items():
        print(f'{name:10} ' + '  '.join(f'{key} {share(*figures[key]):.2f} %'
                                        for key in ('lost', 'broken', 'order')))
    for name, (wall, cpu) in clock.items():
        print(f'{name:10} {pages / wall if wall else 0:8.1f} pages/s   {cpu:8.1f} s of processor')
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f'{len(paths)} files, {pages} pages; most memory of a process {most} MB')
    for title, lines in (('worse than pdftotext', worse), ('not read', failed)):
        print(f'{title}: {len(lines)}')
        for line in lines:
            print('  ' + line)


if __name__ == '__main__':
    main()
