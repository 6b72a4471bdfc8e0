#!/usr/bin/env python3
"""Checks that comments, messages, names and documents keep to plain words.

usage: words.py [SOURCE_ROOT]

Each row of WORDS is an expression that readers from many countries do not understand at once, what
to say in its place, and a sentence with it. A word in a name counts too ("count_told"). What users
write is not checked: the lists of words in LANGUAGES, and in tests all strings but titles. Writes
TAP, one case a row, and one for the rows themselves.
"""
import os
import pathlib
import re
import sys

WORDS = (
    (r"behind", "after", "The page starts behind it."),
    (r"told|tells?|telling|untold", "sent, published, reported; says, shows", "Nobody is told."),
    (r"who(ever|mever|soever)", "name the actor: the caller, a client", "Whoever asks waits."),
    (r"vouch(es|ed)?", "certify, trust", "Certificates that vouch for it."),
    (r"(goes|going|gone|went) on", "continue", "The run goes on."),
    (r"(give|gives|gave|given|giving) back", "return, release", "Gives back the handle."),
    (r"(break|breaks|broke|broken|breaking) off", "be cut off, break", "The answer broke off."),
    (r"comes? late", "be late", "A reader who comes late."),
    (r"(fall|falls|fell|fallen) silent", "stop sending", "The server fell silent."),
    (r"not whole", "not complete", "The reply is not whole."),
    (r"(in the making|at hand)", "that is being made; current, present", "The page at hand."),
    (r"again and again", "repeatedly, until it succeeds", "It went away again and again."),
    (r"(holds?|held|holding) up", "block, delay", "It holds up all writes."),
    (r"all the same", "still, nevertheless", "It fails all the same."),
    (r"none the less", "still", "It is none the less read."),
    (r"no sensible \w+", "invalid data", "It gave no sensible answer."),
    (r"what others bring", "results from other threads", "What others bring."),
    (r"(take|takes|took|taken) (it |them |runs? )?up", "claim, start", "The run is taken up."),
    (r"(heed|heeds|heeded|reckon|reckons|reckoned)", "follow, obey; count", "It is not heeded."),
)

# Files whose text is checked, and those of which comments, names and titles of tests are.
WHOLE = re.compile(r"(src|include|bench)/.*\.(c|h|cc|hh|py|sh)|(.*/)?meson\.build|Makefile"
                   r"|(docs|packaging|scripts|\.ci)/.*|(bench/|docs/)?[^/]*\.md")
TESTS = re.compile(r"tests/.*\.(c|h|mjs|py)")

LANGUAGES = {"src/language/stopwords.c", "src/builtin/extractive_question.c",
             "src/builtin/extractive_kind.c"}
SKIPPED = re.compile(r"node_modules|\.git|build.*|eval|pdf|cases|transcripts|subprojects")

STRING = re.compile(r"""'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`""")
C_PARTS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
TITLE = re.compile(r"\b(?:test|skip|until)\($")


def blank(text):
    """As many line ends as the text has, so that lines keep their numbers."""
    return "\n" * text.count("\n") or " "


def without_strings(name, text):
    """The text without its strings, but for the titles of tests."""
    if name.endswith((".c", ".h", ".cc")):
        return C_PARTS.sub(lambda part: blank(part[0]) if part[0][0] == '"' else part[0], text)
    if name.endswith(".py"):
        return "\n".join(line if line.lstrip().startswith("#") else STRING.sub(" ", line)
                         for line in text.split("\n"))
    return "\n".join(line if line.lstrip().startswith(("//", "*", "/*")) else STRING.sub(
        lambda part, line=line: part[0] if TITLE.search(line[:part.start()]) else " ", line)
        for line in text.split("\n"))


def joined(text):
    """The text with each end of a comment's or string's line as a space and a line end, so that
    expressions are found across lines."""
    return re.sub(r'"?[ \t]*\n[ \t]*(?:\*(?!/)|//|#|"|\.\\")?', lambda part: " \n", text)


def files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not SKIPPED.fullmatch(name))
        for path in (pathlib.Path(folder, name) for name in sorted(names)):
            name = path.relative_to(root).as_posix()
            whole = WHOLE.fullmatch(name)
            if not (whole or TESTS.fullmatch(name)) or name == "tests/contract/words.py":
                continue
            text = path.read_text(errors="replace")
            keep = whole and name not in LANGUAGES
            yield name, joined(text if keep else without_strings(name, text))


def expression(words):
    """Words as a regular expression; underscores and capitals part the words of a name."""
    spaced = words.replace(" ", r"\s+")
    return re.compile(rf"(?<![A-Za-z])(?:{spaced})(?![A-Za-z])", re.IGNORECASE)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else '.')
    texts = dict(files(root))
    print(f"1..{len(WORDS) + 1}")
    failed = 0
    for number, (words, better, _) in enumerate(WORDS, 1):
        pattern = expression(words)
        found = [f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0].split()}"
                 for name, text in texts.items() for match in pattern.finditer(text)]
        failed += bool(found)
        print("not ok" if found else "ok", number, f"- {words}: better {better}")
        for line in found:
            print("#", line)
    blind = [words for words, _, sample in WORDS if not expression(words).search(sample)]
    failed += bool(blind) or len(texts) < 100
    print("not ok" if blind or len(texts) < 100 else "ok", len(WORDS) + 1,
          "- each row finds its sample")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
