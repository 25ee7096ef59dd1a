#!/bin/sh
# Installs what the lab and the tests need from the system's packages, one by one, and says so.
# Nothing that gets installed is started as a service.
# packages.sh FILE: those that FILE lists instead, in the same form.
set -eu

# command   package       reason; a path of a file may stand for the command
needed='
ip          iproute2      network namespaces and links between them
nsenter     util-linux    runs processes inside a namespace
iptables-nft     iptables  capture rules, over nf_tables
iptables-legacy  iptables  capture rules, over ip_tables
ipset       ipset         the sets of remembered destinations
nginx       nginx-light   the servers of the scenario
curl        curl          the clients of the scenario
openssl     openssl       a stranger to speak TLS with
tcpdump     tcpdump       shows what is on the wire
'

policy=/usr/sbin/policy-rc.d
updated=no

forbid_services() {
    # dpkg asks this file before it starts a service; 101 means "not allowed".
    [ -e "$policy" ] && return
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
}

install_package() {
    if [ "$(id -u)" != 0 ]; then
        echo "package $2 is missing ($3): run this as root, or install it" >&2
        exit 1
    fi
    command -v apt-get > /dev/null || { echo "package $2 is missing ($3), and there is no apt-get to install it" >&2; exit 1; }
    forbid_services
    if [ $updated = no ]; then
        updated=yes
        echo 'reading the package lists: apt-get update'
        DEBIAN_FRONTEND=noninteractive apt-get update -qq > /dev/null || echo 'apt-get update failed; going on with the lists at hand' >&2
    fi
    echo "installing $2: $3"
    log=$(mktemp)
    if ! DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" > "$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        echo "package $2 could not be installed ($3)" >&2
        exit 1
    fi
    rm -f "$log"
}

PATH=$PATH:/usr/sbin:/sbin
# A file instead of a pipe: the loop must be able to end the script.
list=$(mktemp)
if [ $# -gt 0 ]; then cat "$1"; else echo "$needed"; fi > "$list"
while read -r command package reason; do
    [ -z "$command" ] && continue
    command -v "$command" > /dev/null || install_package "$command" "$package" "$reason" < /dev/null
done < "$list"
rm -f "$list"
