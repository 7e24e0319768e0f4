# make demo   a bureau with three firms on this machine, in the browser
# make test   every test, on a private PostgreSQL and Redis (go vet is of make lint)
# make lint   format, vet, linters, generated pages
# make bench  our speed against the limit of this machine, budget by budget
#
# demo and test install what is missing and say so. Nothing is written into the
# tree: root and a normal user may take turns in one clone.

.PHONY: demo test lint bench generate binary
.DEFAULT_GOAL := test

# Per user and per clone.
OUT := $(shell go env GOCACHE)/docketry-$(shell pwd | cksum | cut -d' ' -f1)
DOCKETRY := $(OUT)/docketry
PACKAGES ?= ./...

demo:
	@.ci/install-tools demo
	@$(MAKE) --no-print-directory binary
	@exec $(DOCKETRY) demo $(ARGS)

test:
	@.ci/install-tools test
	@$(MAKE) --no-print-directory binary
	@APART="$$(go list -f '{{range .TestGoFiles}}{{$$.Dir}}/{{.}} {{end}}{{range .XTestGoFiles}}{{$$.Dir}}/{{.}} {{end}}' $(PACKAGES) | xargs grep -lE '^func Test[A-Za-z0-9_]+_Alone\(' | xargs -rn1 dirname | sort -u)" \
	  exec $(DOCKETRY) devstack -- .ci/go-test -vet=off -shuffle=on -timeout 30m $(PACKAGES)

lint:
	@.ci/lint

bench: binary
	@exec $(DOCKETRY) bench $(ARGS)

# generate makes the Go files of the pages; they are committed.
generate:
	go tool templ generate

binary:
	@mkdir -p $(OUT)
	@go build -o $(DOCKETRY) ./cmd/docketry
