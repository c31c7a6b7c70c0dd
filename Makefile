# From a bare clone with nothing but python3 and make: `make demo`, `make test`, `make check`, `make bench`.
# PIP_FLAGS reaches pip, as in: make demo PIP_FLAGS="--extra-index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
PIP_FLAGS ?=
BIN := .venv/bin
RESULTS := benchmarks/results

.PHONY: demo test browser check bench tutorial-way records wild results docs schema
.DELETE_ON_ERROR:

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) --constraint constraints.txt --editable '.[learn,serve,batch,dev]'
	touch $@

demo: .venv/installed  ## train LeNet, then read the pictures of samples/ with it
	$(BIN)/python samples/demo.py

test: .venv/installed  ## all tests, in two processes of one thread each: four threads on two cores take a fifth longer
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --ignore tests/browser

tests/browser/.axe/installed: Makefile
	npm install --silent --no-save --no-package-lock --ignore-scripts --prefix tests/browser/.axe axe-core@4.14.1
	echo '*' > tests/browser/.axe/.gitignore
	touch $@

browser: .venv/installed tests/browser/.axe/installed  ## the page in a real browser: the system's chromium
	$(BIN)/python -m pytest tests/browser

check: .venv/installed  ## style, types, floors
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed  ## what reading and training cost on this machine
	$(BIN)/python -m benchmarks.cost

tutorial-way: .venv/installed  ## training beside the tutorials' way, in turns; wants the machine for itself
	$(BIN)/python -m benchmarks.tutorial_way --out $(RESULTS)/tutorial_way.json

records: .venv/installed  ## the tables of docs/records.md, about three hours and a quarter; goes on with the trainings; wants the machine for itself
	$(BIN)/python -m benchmarks.accuracy --train 3 --picture docs/pictures/records/wrong.png --out $(RESULTS)/accuracy.json
	$(BIN)/python -m benchmarks.smallest --out $(RESULTS)/smallest.json
	$(BIN)/python -m benchmarks.time_to_accuracy --out $(RESULTS)/time_to_accuracy.json
	$(BIN)/python -m benchmarks.inference --out $(RESULTS)/inference.json
	$(MAKE) docs

benchmarks/.venv-peers/installed: benchmarks/peers.txt
	$(PYTHON) -m venv benchmarks/.venv-peers
	echo '*' > benchmarks/.venv-peers/.gitignore
	benchmarks/.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) --requirement benchmarks/peers.txt
	touch $@

runs/tutorial/model.onnx: | .venv/installed
	$(BIN)/inkdigit train lenet --out $(@D)

wild: .venv/installed benchmarks/.venv-peers/installed runs/tutorial/model.onnx  ## strangers' digits and strings, beside RapidOCR and Tesseract; wants the machine for itself
	$(BIN)/python -m benchmarks.wild --sizes --out $(RESULTS)/wild.json
	$(BIN)/python -m benchmarks.strings --out $(RESULTS)/strings.json
	$(BIN)/python -m benchmarks.throughput --out $(RESULTS)/throughput.json

results: .venv/installed  ## every recipe of docs/recipes.md over three seeds, about 75 min; goes on where it was stopped
	$(BIN)/inkdigit compare convnet keras-cnn mlp lenet cnn linear inception residual convnet-fixed softmax --seeds 3
	$(BIN)/inkdigit compare mlp cnn --set precision=bfloat16 --seeds 3 --out comparison-bfloat16
	$(BIN)/python -m benchmarks.evidence comparison comparison-bfloat16
	$(MAKE) docs

docs: .venv/installed  ## write docs/recipes.md, docs/records.md, docs/reading.md and the READMEs' figures anew, from benchmarks/results
	$(BIN)/python -m docs.recipes
	$(BIN)/python -m docs.records
	$(BIN)/python -m docs.reading
	$(BIN)/python -m docs.reading.text

schema: .venv/installed  ## write the JSON Schema of a reading anew
	$(BIN)/python docs/schema.py
