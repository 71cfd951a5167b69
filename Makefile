# `make help` says what there is. CI calls the same targets.

GUEST_TARGET := wasm32-wasip2
GUEST_OUT    := target/$(GUEST_TARGET)/guest
LIBRARY_OUT  := target/$(GUEST_TARGET)/library
# A guest's stack and first memory: a memory that never grows inside a call costs no system call.
export CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS := -Clink-arg=-zstack-size=262144 -Clink-arg=--initial-memory=1048576

TANDEM  := target/debug/tandem
PLUGINS := $(notdir $(patsubst %/,%,$(dir $(wildcard plugins/*/plugin.toml))))
GUESTS  := $(notdir $(patsubst %/,%,$(dir $(wildcard tests/guests/*/Cargo.toml))))
# Plugins whose tests are cases for the sandbox and nothing else: nothing of them is built for the host.
SANDBOX := $(foreach p,$(PLUGINS),$(if $(wildcard plugins/$(p)/tests/*.toml),$(if $(wildcard plugins/$(p)/tests/*.rs),,$(p))))
# One selection of packages for every host build, so that no dependency is compiled twice with other features.
HOST    := --workspace $(foreach g,$(GUESTS),--exclude guest-$(g)) $(foreach p,$(SANDBOX),--exclude tandem-plugin-$(p)) --exclude tandem-conformance-plugin --exclude tandem-api-client
NODE    := npx -y -p node@22

FUZZERS := manifest package config patterns frames messages records swarm_keys workflows
# How long each of them runs.
FUZZ_SECONDS ?= 10

.PHONY: help setup build shipped plugins run test lint docs audit fmt bench fuzz conformance clients interop sdk-packages sdk-test demo-mesh clean
.DEFAULT_GOAL := help

help: ## show this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what guests need: the wasm32-wasip2 target
	@rustup target list --installed 2>/dev/null | grep -qx $(GUEST_TARGET) || rustup target add $(GUEST_TARGET)

# The component behind imported APIs goes into the binary, and so is built before it.
API_CLIENT := plugins/lib/api-client/built/api-client.wasm
build: setup ## build the host
	@cargo build --target $(GUEST_TARGET) --profile library -p tandem-api-client
	@cmp -s $(LIBRARY_OUT)/tandem_api_client.wasm $(API_CLIENT) || cp $(LIBRARY_OUT)/tandem_api_client.wasm $(API_CLIENT)
	@echo "cargo build --bin tandem"
	@cargo build $(HOST) --bin tandem

shipped: setup build keys/dev.key ## build, pack and sign the plugins that `make run` serves
	@echo "cargo build --profile library (plugins)"
	@cargo build --target $(GUEST_TARGET) --profile library $(foreach p,$(SANDBOX),-p tandem-plugin-$(p))
	@echo "cargo build --profile guest (plugins)"
	@cargo build --target $(GUEST_TARGET) --profile guest $(foreach p,$(filter-out $(SANDBOX),$(PLUGINS)),-p tandem-plugin-$(p))
	@for p in $(PLUGINS); do c=tandem_plugin_$$(echo $$p | tr - _).wasm; \
		case " $(SANDBOX) " in *" $$p "*) c=$(LIBRARY_OUT)/$$c ;; *) c=$(GUEST_OUT)/$$c ;; esac; \
		$(TANDEM) plugin pack $$c --manifest plugins/$$p/plugin.toml --key keys/dev.key -o plugins/$$p.wasm || exit 1; done

plugins: shipped ## the same, and the test guests and the conformance plugin
	@echo "cargo build --profile guest (test guests)"
	@cargo build --target $(GUEST_TARGET) --profile guest $(foreach g,$(filter-out stranger,$(GUESTS)),-p guest-$(g)) -p tandem-conformance-plugin
	@# By itself: its wit-bindgen has the macro, with which the SDK would be compiled once more.
	cargo build --target $(GUEST_TARGET) --profile guest -p guest-stranger
	@for g in $(GUESTS); do $(TANDEM) plugin pack $(GUEST_OUT)/guest_$$(echo $$g | tr - _).wasm --manifest tests/guests/$$g/plugin.toml $$([ -d tests/guests/$$g/wit ] && echo --wit tests/guests/$$g/wit) --key keys/dev.key -o target/guests/$$g.wasm || exit 1; done
	@$(TANDEM) plugin pack $(GUEST_OUT)/tandem_conformance_plugin.wasm --manifest tests/conformance/plugin.toml --key keys/dev.key -o target/conformance/conformance.wasm

keys/dev.key: | build
	@$(TANDEM) plugin keygen keys/dev --if-missing

run: shipped ## build everything and start the host on 127.0.0.1:8000 with sample data
	$(TANDEM) serve --config examples/tandem.toml

test: plugins ## run every test
	@echo "cargo test (every package of the host)"
	@cargo test $(HOST)

lint: setup ## formatting, documents, structure, clippy (also of a host without dht, gossip and nat), and that no published WIT text has changed
	cargo fmt --all --check
	cargo test -q -p tandem-docs -p tandem-structure
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p tandem --no-default-features -- -D warnings
	sh tools/wit-frozen.sh

docs: shipped ## write docs/reference/cli.md, config.md and tools.md
	@TANDEM_WRITE_DOCS=1 cargo test -q $(HOST) --bin tandem reference
	@TANDEM_WRITE_DOCS=1 cargo test -q $(HOST) --test all library::the_table_of_tools_is_current

audit: ## licences, sources, duplicates and advisories of dependencies, and unused ones (installs cargo-deny and cargo-machete)
	sh tools/audit.sh

fmt: ## format the code
	cargo fmt --all

bench: plugins ## build for speed and print what a call costs
	sh tests/bench/run.sh

fuzz: ## look further than the corpus: run each fuzz target for FUZZ_SECONDS (installs cargo-fuzz)
	@cargo fuzz --version > /dev/null 2>&1 || cargo install --locked cargo-fuzz
	@for t in $(FUZZERS); do mkdir -p fuzz/corpus/$$t; RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $$t fuzz/corpus/$$t tests/fuzz/corpus/$$t -- -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -print_final_stats=1 || exit 1; done

conformance: plugins ## run the official MCP conformance suite (fetches Node 22 with npx)
	NODE="$(NODE)" sh tests/conformance/run.sh

clients: plugins ## list and call a tool with each public MCP client
	NODE="$(NODE)" sh tests/e2e/clients/run.sh

interop: plugins ## js-libp2p and py-libp2p use a host's tools as peers (installs them from npm and PyPI)
	NODE="$(NODE)" sh tests/interop/run.sh

demo-mesh: plugins ## three hosts find each other, run a workflow and lose one of them
	sh tests/mesh/demo.sh

sdk-packages: ## build what would be published of the SDKs: a wheel, an npm tarball, crates
	sh sdk/packages.sh

sdk-test: build ## test the SDKs of every language (installs what they need from PyPI and npm)
	HOST="$(HOST)" sh sdk/test.sh

clean: ## remove what was built
	cargo clean
	rm -f plugins/*.wasm
