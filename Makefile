# A thin front of Meson: `make` builds, `make run` asks a manual a question, `make test` tests.
#
#   make run PDF=FILE Q="QUESTION"    asks a file of your own
#   make test T=NAME                  runs one test; `make tests` lists their names
#   make test SANITIZE=thread        runs what runs go through with ThreadSanitizer
#   make eval                        measures answers to questions about real documents
#   make test-models                 asks a real, very small model through a real engine (with pip)
#   make fuzz T=NAME SECONDS=60       runs one fuzzer (clang)
#   make soak SECONDS=3600            kills, a full disk, clock jumps under load, and a ledger
#   make faults SEEDS=1000            lets allocations of the whole server fail
#   make install DESTDIR=DIR          installs what was built
#   make format                       lays out every C file

# What the user typed, untouched: expanding it would take a dollar sign in a file name for make's
# own, so it is neither expanded nor exported under the short names.
unexport PDF Q T SECONDS SANITIZE SEEDS FIRST SEED
run: export TREADLE_RUN_PDF = $(value PDF)
run: export TREADLE_RUN_QUESTION = $(value Q)
test fuzz: export TREADLE_TEST = $(value T)
test tests: export TREADLE_SANITIZE = $(value SANITIZE)
fuzz: export TREADLE_FUZZ_SECONDS = $(value SECONDS)

faults: export TREADLE_TEST = fault
faults: export TREADLE_FAULT_SEEDS = $(value SEEDS)
faults: export TREADLE_FAULT_FIRST = $(value FIRST)

soak: export TREADLE_SOAK_SECONDS = $(value SECONDS)
soak: export TREADLE_SOAK_SEED = $(value SEED)

all:
	@scripts/need.sh build
	@scripts/build.sh build

run:
	@scripts/need.sh build run
	@QUIET=1 scripts/build.sh build
	@scripts/run.sh

test:
	@scripts/need.sh build run test
	@scripts/test.sh

tests:
	@scripts/need.sh build run test
	@scripts/test.sh --list

fuzz:
	@scripts/need.sh build run test
	@scripts/fuzz.sh

eval:
	@scripts/need.sh build run test
	@QUIET=1 scripts/build.sh build
	@node tests/eval/eval.mjs

test-models:
	@scripts/need.sh build run test
	@scripts/test-models.sh

faults:
	@scripts/need.sh build run test
	@scripts/test.sh

soak:
	@scripts/need.sh build run test
	@scripts/soak.sh

format:
	@scripts/format.sh

install: all
	@meson install -C build --no-rebuild

clean:
	rm -rf build build-*

.PHONY: all run test tests test-models faults soak eval fuzz format install clean
