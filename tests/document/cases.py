#!/usr/bin/env python3
"""Reads each PDF of a directory with the real reader and compares what came with what is expected.

usage: cases.py BENCH_READ READER DIRECTORY

NAME.expect.txt beside NAME.pdf has a line for each expectation. White space counts as one space:
  text     must occur, in the order of these lines
  *text    must occur
  !text    must not occur
  |text    must begin a line, with its spaces as they are
  =WORD    'completed' or 'failed': whether the file can be read (completed unless said)
  #text    a remark        ?text    a wish, which is not tested
Prints TAP; the status is 1 when a case failed.
"""
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

WIDE = '[\u3000-\u9fff\uff00-\uffef]'


def plain(text):
    """White space as one space, compatibility forms folded, no space between ideographs."""
    text = re.sub(r'\s+', ' ', unicodedata.normalize('NFKC', text)).strip()
    return re.sub(f'(?<={WIDE}) (?={WIDE})', '', text)


def check(expected, text, status):
    """What is wrong with the text, as a list."""
    body, position, wrong = plain(text), 0, []
    wanted = 'completed'
    for line in expected.split('\n'):
        if not line or line[0] in '#?':
            continue
        kind, rest = line[0], plain(line[1:])
        if kind == '=':
            wanted = line[1:]
        elif kind == '*' and rest not in body:
            wrong.append(f'lacks {rest}')
        elif kind == '!' and rest in body:
            wrong.append(f'has {rest}')
        elif kind == '|' and '\n' + line[1:] not in '\n' + text:
            wrong.append(f'lacks the line {line[1:]!r}')
        elif kind not in '*!|=':
            found = body.find(plain(line), position)
            if found < 0:
                wrong.append(('out of order: ' if plain(line) in body else 'lacks ') + line[:100])
            else:
                position = found + len(plain(line))
    if status != wanted:
        wrong.insert(0, f'{status}, not {wanted}')
    return wrong


def read(program, reader, path):
    """Text and status of one file."""
    done = subprocess.run([program, reader, path], capture_output=True, timeout=60)
    if done.returncode not in (0, 1):
        return done.stderr.decode(), f'ended with status {done.returncode}'
    if done.returncode == 1:
        return done.stderr.decode(), 'failed'
    return done.stdout.decode(), 'completed'


def main():
    program, reader, directory = sys.argv[1:]
    paths = sorted(Path(directory).glob('*.pdf'))
    failed = 0 if paths else 1
    print(f'1..{len(paths)}')
    for number, path in enumerate(paths, 1):
        text, status = read(program, reader, path)
        wrong = check(path.with_suffix('.expect.txt').read_text(), text, status)
        print(f'{"not ok" if wrong else "ok"} {number} - {path.stem}')
        for line in wrong:
            print(f'# {line}')
        if wrong:
            print(f'# read: {plain(text)[:600]}')
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
