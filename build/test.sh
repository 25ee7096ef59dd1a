#!/bin/sh
# Runs every test project in Release and ends with "N passed, N failed" over all of them.
# The tests in network namespaces mostly wait: their three parts run beside each other and beside all others.
# A project that does not build, crashes, or runs no test counts as one failure.
set -u

results=artifacts/test-results
beside=Proxy.Linux.Tests
nft=$beside.EndToEnd.NftTwoWorkers
legacy=$beside.EndToEnd.LegacyOneWorker
passed=0 failed=0 skipped=0
rm -rf "$results" && mkdir -p "$results"

# The tests that failed, why and where: at the end, where whoever sees only the end finds them.
tell_failed() {
    tr '\n' ' ' < "$1" | sed 's/<UnitTestResult /\n&/g' | grep '^<UnitTestResult [^>]*outcome="Failed"' |
        sed -e 's/^<UnitTestResult testName="\([^"]*\)".*<Message>\([^<]*\)<.*<StackTrace>\([^<]*\)<.*/failed: \1: \2 |\3/' \
            -e 's/^<UnitTestResult testName="\([^"]*\)".*<Message>\([^<]*\)<.*/failed: \1: \2/' \
            -e 's/^<UnitTestResult testName="\([^"]*\)".*/failed: \1/' \
            -e 's/&quot;/"/g' -e "s/&apos;/'/g" -e 's/&lt;/</g' -e 's/&gt;/>/g' -e 's/&#x[AD];/ /g' -e 's/&amp;/\&/g' |
        cut -c 1-1500
}

value() { sed -n "s/.*<Counters [^>]*$2=\"\([0-9]*\)\".*/\1/p" "$1" | head -n 1; }

# What its results are called, the project, and which of its tests.
run() {
    part=$1 project=$2
    shift 2
    "tests/$project/bin/Release/net10.0/$project" -result-trx "$results/$part.trx" -noLogo -noColor "$@"
    echo $? > "$results/$part.code"
}

run_beside() {
    parts="$parts $1"
    run "$@" > "$results/$1.log" 2>&1 &
}

count() {
    code=$(cat "$results/$1.code")
    total=$(value "$results/$1.trx" total 2> /dev/null)
    if [ "${total:-0}" -eq 0 ]; then
        echo "$1 ran no test (exit code $code)"
        failed=$((failed + 1))
        return
    fi
    ok=$(value "$results/$1.trx" passed)
    bad=$(value "$results/$1.trx" failed)
    idle=$((total - ok - bad))
    # An exit code without a failed test is a run that broke off.
    [ "$code" -ne 0 ] && [ "$bad" -eq 0 ] && { echo "$1 ended with exit code $code"; bad=1; }
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + idle))
}

built='' parts=''
for project in tests/*.Tests; do
    name=$(basename "$project")
    if dotnet build -c Release --nologo -v quiet -clp:NoSummary "$project"; then
        built="$built $name"
    else
        echo "$name does not build"
        failed=$((failed + 1))
    fi
done

case " $built " in *" $beside "*)
    run_beside $nft $beside -namespace $nft
    run_beside $legacy $beside -namespace $legacy
    run_beside $beside $beside -namespace- $nft -namespace- $legacy
    ;;
esac
for name in $built; do
    [ "$name" = $beside ] && continue
    echo "== $name"
    run "$name" "$name"
    count "$name"
done
wait
for part in $parts; do
    echo "== $part"
    cat "$results/$part.log"
    count "$part"
done

for result in "$results"/*.trx; do
    [ -f "$result" ] && tell_failed "$result"
done
[ $skipped -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] || exit 1
if [ $skipped -gt 0 ] && [ "$(id -u)" = 0 ]; then exit 1; fi
