#!/bin/sh
# Runs every test project in Release and ends with "N passed, N failed" over all of them.
# A project that does not build, crashes, or runs no test counts as one failure.
set -u

results=artifacts/test-results
passed=0 failed=0 skipped=0
rm -rf "$results" && mkdir -p "$results"

value() { sed -n "s/.*<Counters [^>]*$2=\"\([0-9]*\)\".*/\1/p" "$1" | head -n 1; }

for project in tests/*.Tests; do
    name=$(basename "$project")
    echo "== $name"
    if ! dotnet build -c Release --nologo -v quiet -clp:NoSummary "$project"; then
        echo "$name does not build"
        failed=$((failed + 1))
        continue
    fi
    file=$results/$name.trx
    "$project/bin/Release/net10.0/$name" -result-trx "$file" -noLogo -noColor
    code=$?
    total=$(value "$file" total 2> /dev/null)
    if [ "${total:-0}" -eq 0 ]; then
        echo "$name ran no test (exit code $code)"
        failed=$((failed + 1))
        continue
    fi
    ok=$(value "$file" passed)
    bad=$(value "$file" failed)
    idle=$((total - ok - bad))
    # An exit code without a failed test is a run that broke off.
    [ $code -ne 0 ] && [ "$bad" -eq 0 ] && { echo "$name ended with exit code $code"; bad=1; }
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + idle))
done

[ $skipped -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] || exit 1
if [ $skipped -gt 0 ] && [ "$(id -u)" = 0 ]; then exit 1; fi
