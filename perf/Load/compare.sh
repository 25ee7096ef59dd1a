#!/bin/sh
# compare.sh [--quick] [--json FILE]: both hops of node-proxy beside those of HAProxy and nginx, in one run.
# What it measures, and how: perf/README.md. Further options: lab compare --help.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

# A file name is the caller's: make it absolute before going elsewhere.
json=
for argument; do
    shift
    if [ "$json" = next ]; then
        case $argument in /*) ;; *) argument=$PWD/$argument ;; esac
        json=
    elif [ "$argument" = --json ]; then
        json=next
    fi
    set -- "$@" "$argument"
done

sh "$root/build/packages.sh" "$here/packages"
make -s -C "$root" packages build lab
exec "$root/artifacts/lab/lab" compare "$@"
