# make demo    build the assignments and grade a sample class
# make test    run the whole test suite
# make lab     open the student's notebooks in JupyterLab
# make help    all targets

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help install demo test browser pictures matrix lab build rehearse lint sanitize clean

help:  ## this list
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(READY)  ## make the environment in .venv and compile the fast layers

$(READY): pyproject.toml setup.py $(wildcard cs231n/*.pyx cs231n/kernels/*.pyx cs231n/kernels/*.pxd cs231n/kernels/*.[ch])
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@echo "Installing into $(VENV) (a few minutes the first time) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	@$(BIN)/python -W ignore -c 'import cs231n.fast_layers as f; print("Fast layers:", {"cython": "compiled.", "numpy": "NumPy (no compiler was found; the same results, slower)."}[f.BACKEND])'
	@touch $@

demo: $(READY)  ## build the assignments and grade a sample class
	$(BIN)/python -m grading demo

test: $(READY)  ## run the whole test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

matrix: $(READY)  ## the kit on other Pythons, with old and new libraries, and in Colab's place (half an hour)
	$(BIN)/python -m pip install --quiet "nox[uv]>=2025.2"
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/nox $(NOX)

browser: $(READY)  ## look at JupyterLab through a real browser (needs Chromium)
	@found=$$(command -v $${CS231N_CHROMIUM:-chromium} || command -v chromium-browser || command -v google-chrome) || { \
	    echo "Chromium was not found. Debian, Ubuntu: sudo apt install chromium. macOS: brew install --cask chromium."; \
	    echo "Or name another browser of its kind: CS231N_CHROMIUM=/path/to/chrome make browser"; exit 2; }; \
	echo "Looking through $$found"
	$(BIN)/python -m pip install --quiet "playwright>=1.49,<2"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest grading/tests/browser $(TESTS)

pictures: $(READY)  ## the pictures of docs/instructors.md, made anew by the browser's tests
	CS231N_PICTURES=1 $(MAKE) browser

lab: $(READY)  ## open the student's notebooks (a working copy in work/, kept)
	@mkdir -p work && cp -Rn assignments/. work/ || true
	$(BIN)/jupyter lab --notebook-dir=work

build: $(READY)  ## rebuild assignments/ from grading/source and grading/reference
	$(BIN)/python -m grading build

rehearse: $(READY)  ## run all notebooks as students do, solved and unsolved; pages and pictures in build/rehearsal
	OMP_NUM_THREADS=1 $(BIN)/python -m grading rehearse --jobs 2 --output build/rehearsal

lint: $(READY)  ## style of Python and Cython
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && PATH="$(abspath $(BIN)):$$PATH" cython-lint cs231n

sanitize: $(READY)  ## the fast layers' tests under AddressSanitizer and UndefinedBehaviorSanitizer (gcc)
	rm -rf build/sanitize && mkdir -p build/sanitize
	cp -r cs231n setup.py pyproject.toml README.md LICENSE build/sanitize
	find build/sanitize -name '*.so' -delete
	cd build/sanitize && CS231N_SANITIZE=1 $(abspath $(BIN))/python setup.py --quiet build_ext --inplace
	cd build/sanitize && for cpu in portable avx2 avx512; do \
	    echo "== CS231N_CPU=$$cpu"; \
	    CS231N_CPU=$$cpu LD_PRELOAD=$$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
	    UBSAN_OPTIONS=print_stacktrace=1 OMP_NUM_THREADS=2 PYTHONPATH=$$PWD \
	    $(abspath $(BIN))/python -m pytest -q -n 2 --dist loadfile \
	        cs231n/tests/test_fast_*.py cs231n/tests/test_im2col*.py cs231n/tests/test_kept_memory.py || exit 1; \
	done

clean:  ## remove the environment and all build products (not students' work)
	rm -rf $(VENV) build dist *.egg-info grading/work .pytest_cache .ruff_cache .hypothesis
	rm -f cs231n/*.so cs231n/*.pyd cs231n/kernels/*.so cs231n/kernels/*.pyd
