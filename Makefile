# loxctl: the kitchen. `make` explains itself.

PREFIX   ?= /usr/local
DESTDIR  ?=
FUZZTIME ?= 20s
KILLS    ?= 3000
FUZZ     ?= ^Fuzz
GO       ?= go

# bash-completion, zsh, fish and man look here without being told.
bindir  = $(DESTDIR)$(PREFIX)/bin
mandir  = $(DESTDIR)$(PREFIX)/share/man
bashdir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zshdir  = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
fishdir = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

.PHONY: help build try test race lint fuzz chaos mutants bench bench-locks generate install uninstall snapshot

help: ## say what can be made (the default)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/loxctl, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o bin/ .

try: build ## build, then scatter a real command over this repository's files
	@echo '$$ loxctl scatter -j4 --tag COMMAND ::: *.md no-such-file go.mod Makefile'
	@bin/loxctl scatter -j4 --tag 'test {} = CHANGELOG.md && sleep 1; wc -l < {}' ::: *.md no-such-file go.mod Makefile; \
	status=$$?; \
	echo; \
	echo 'The first job slept for a second and its line still came first: output is in the'; \
	echo 'order of the records. no-such-file does not exist, so that one job failed: the'; \
	echo 'summary names it, and the exit status is 123.'; \
	test $$status -eq 123 || { echo "It was $$status: something is wrong." >&2; exit 1; }

test: ## run every test
	$(GO) test ./...

race: ## run every test under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./...

lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt these:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

fuzz: ## run the fuzz targets, or those of FUZZ=REGEXP, for FUZZTIME (20s, or 10000x)
	@set -e; tests=$$($(GO) test -list '$(FUZZ)' ./...); \
	echo "$$tests" | awk '/^Fuzz/ { f[n++] = $$1 } /^ok/ { while (n) print $$2, f[--n] }' | \
	while read -r package target; do \
		echo "$$package $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package"; \
	done

chaos: ## kill processes at the named locks, KILLS (3000) in each mode (5 minutes)
	LOXCTL_CHAOS_KILLS=$(KILLS) $(GO) test -count=1 -timeout 60m -v -run '^TestChaos$$' ./locks

mutants: ## break the rules of the named locks one by one: do the tests notice?
	$(GO) test -count=1 -tags mutant -v -run '^TestMutants$$' ./locks

bench: ## measure loxctl beside its peers and the limit (6 minutes; bench-quick: 1)
	@$(GO) run ./internal/bench $(BENCHFLAGS)
	@$(MAKE) --no-print-directory bench-locks

bench-locks: ## measure package locks beside flock(2), without a command line (1 minute)
	@$(GO) test -run '^$$' -bench '^Benchmark(MemoryFree|Named|HandOff|LongestWait)$$' ./locks

bench-%: # bench-quick, bench-list
	@$(GO) run ./internal/bench -$* $(BENCHFLAGS)

generate: ## write man pages and completions anew
	$(GO) generate ./...

install: build ## install below PREFIX (/usr/local), DESTDIR in front
	install -d $(bindir) $(bashdir) $(zshdir) $(fishdir)
	install -m 755 bin/loxctl $(bindir)/loxctl
	install -m 644 completions/loxctl.bash $(bashdir)/loxctl
	install -m 644 completions/_loxctl $(zshdir)/_loxctl
	install -m 644 completions/loxctl.fish $(fishdir)/loxctl.fish
	for page in man/*.[1-8]; do \
		install -d $(mandir)/man$${page##*.} && install -m 644 $$page $(mandir)/man$${page##*.}/ || exit; \
	done

uninstall: ## remove what install has put there
	rm -f $(bindir)/loxctl $(bashdir)/loxctl $(zshdir)/_loxctl $(fishdir)/loxctl.fish
	for page in man/*.[1-8]; do rm -f $(mandir)/man$${page##*.}/$${page##*/} || exit; done

snapshot: ## build the packages of a release into dist/ (needs goreleaser)
	@command -v goreleaser >/dev/null || { \
		echo 'goreleaser is not installed. To get it:' >&2; \
		echo '  go install github.com/goreleaser/goreleaser/v2@v2.12.7' >&2; exit 1; }
	goreleaser release --snapshot --clean
