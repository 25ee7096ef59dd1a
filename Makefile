# demo       the Star Wars scenario on two nodes made of network namespaces; KEEP=1 leaves them standing
# demo-down  removes what KEEP=1 left standing
# faults     a loop of faults under load: MINUTES (2), SEED (drawn and printed)
# cost       measures what a connection costs
# test       all tests, as root; ends with "N passed, N failed"
# micro      measures verdicts and the compilation of policies; FILTER='*Decision*' for some
# fuzz       feeds hostile bytes to every parser; TARGET=name for one, SECONDS=n for each (30), SEED=n to repeat
# build      the program, into artifacts/node-proxy
# clean      removes what was built

.PHONY: demo demo-down faults cost micro test fuzz build lab packages sdk clean

SHELL := /bin/sh
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

program := artifacts/node-proxy
lab := artifacts/lab
fuzz := artifacts/fuzz
runtime := linux-$(if $(filter aarch64,$(shell uname -m)),arm64,x64)
publish := dotnet publish -c Release --nologo -v quiet

demo: packages build lab
	@$(lab)/lab demo $(if $(KEEP),--keep)

demo-down: lab
	@$(lab)/lab down

faults: packages build lab
	@$(lab)/lab faults $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

cost: packages build lab
	@$(lab)/lab cost

micro: sdk
	@dotnet build -c Release --nologo -v quiet -clp:NoSummary perf/Micro
	@perf/Micro/bin/Release/net10.0/Micro --filter '$(or $(FILTER),*)'
	@perf/Micro/bin/Release/net10.0/Micro memory

test: packages build
	@sh build/test.sh

fuzz: sdk
	@rm -rf $(fuzz)
	@dotnet publish -c Release --nologo -v quiet tests/Fuzz -o $(fuzz)
	@dotnet $(fuzz)/Fuzz.dll instrument
	@dotnet $(fuzz)/Fuzz.dll run $(or $(TARGET),all) $(or $(SECONDS),30) $(or $(SEED),0)

build: sdk
	@$(publish) src/Proxy -r $(runtime) -o $(program)

lab: sdk
	@$(publish) tests/Lab -o $(lab)

packages:
	@sh build/packages.sh

sdk:
	@dotnet --list-sdks 2>/dev/null | grep -q '^10\.' || \
		{ echo 'The .NET SDK 10 is missing: install the package dotnet-sdk-10.0, or see https://dot.net.' >&2; exit 1; }

clean:
	rm -rf artifacts TestResults
	find src tests perf -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} + 2>/dev/null || true
