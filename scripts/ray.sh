#!/usr/bin/env bash
# A Ray of its own on this machine, for tests: a head of four processors and two GPUs that are none, which asks for a token.
# Everything that it writes lies in one folder. Fetches Ray from PyPI into an environment of its own where it is not there yet.
#
#   eval "$(scripts/ray.sh start FOLDER)"   starts it; sets RAY_API_SERVER_ADDRESS and RAY_AUTH_TOKEN for its users
#   scripts/ray.sh stop FOLDER              ends all its programs and all jobs; the folder stays
#   scripts/ray.sh kill-head FOLDER         kill -9 of the head: Ray then ends the jobs, and knows none of them any more
#   scripts/ray.sh start-head FOLDER        starts it again, at the same address
set -euo pipefail
. "$(dirname "$0")/lib.sh"

version=2.60.0
environment=$cache/ray-$version

usage() {
    die "usage: ray.sh start|stop|kill-head|start-head FOLDER"
}

[ $# -eq 2 ] || usage
what=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)

# fetch: Ray with its dashboard, which speaks the Jobs API.
fetch() (
    mkdir -p "$cache"
    # Another script may be fetching it.
    exec 8>"$cache/ray.lock"
    flock 8
    [ -e "$environment/complete" ] && return
    step "fetching Ray $version"
    rm -rf "$environment"
    python3 -m venv "$environment" >&2 || die "no environment for Python: $environment"
    "$environment/bin/pip" install --quiet "ray[default]==$version" >&2 || die "Ray $version cannot be had from PyPI"
    touch "$environment/complete"
)

# free_ports COUNT: ports that no program listens on.
free_ports() {
    python3 - "$1" <<'PYTHON'
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))
PYTHON
}

# of_head: the programs of the head alone. They stay in the session that it began.
of_head() {
    ps -eo pid=,sess=,stat= | awk -v head="$(cat "$folder/head.pid" 2>/dev/null)" '$2 == head && $3 !~ /^Z/ { print $1 }'
}

# processes: those, and jobs, which have sessions of their own, and an environment that they do not overwrite.
processes() {
    of_head
    # Processes come and go meanwhile.
    grep -lzxF "NASBOT_TEST_RAY=$folder" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3 || true
}

# end_all LISTER: ends what a function lists, until it lists nothing.
end_all() {
    local left
    for _ in $(seq 100); do
        left=$("$1")
        [ -n "$left" ] || return 0
        # shellcheck disable=SC2086
        kill -KILL $left 2>/dev/null || true
        sleep 0.1
    done
    die "these processes do not end: $left"
}

answers() {
    curl --silent --fail --max-time 5 --header "Authorization: Bearer $(cat "$folder/token")" \
        "http://127.0.0.1:$dashboard/api/jobs/" >/dev/null
}

try_head() {
    read -r gcs dashboard agent agent_grpc runtime metrics client <"$folder/ports"
    # A shell that reads what this script prints waits until every copy of its output is closed: programs that stay get none.
    env NASBOT_TEST_RAY="$folder" RAY_AUTH_MODE=token RAY_AUTH_TOKEN="$(cat "$folder/token")" \
        setsid "$environment/bin/ray" start --head --block --disable-usage-stats --log-style=record --log-color=false \
        --node-ip-address=127.0.0.1 --port="$gcs" --dashboard-host=127.0.0.1 --dashboard-port="$dashboard" \
        --dashboard-agent-listen-port="$agent" --dashboard-agent-grpc-port="$agent_grpc" \
        --runtime-env-agent-port="$runtime" --metrics-export-port="$metrics" --ray-client-server-port="$client" --include-log-monitor=false \
        --num-cpus=4 --num-gpus=2 --object-store-memory=80000000 --temp-dir="$folder/ray" \
        >>"$folder/head.log" 2>&1 </dev/null &
    echo $! >"$folder/head.pid"
    for _ in $(seq 600); do
        answers && return
        kill -0 "$(cat "$folder/head.pid")" 2>/dev/null || break
        sleep 0.1
    done
    end_all of_head
    return 1
}

# Ray gives a head half a minute to come up, which is not enough where the machine is busy otherwise.
start_head() {
    for _ in 1 2 3; do
        ! try_head || return 0
    done
    die "the head does not start: $(tail -n 1 "$folder/head.log")"
}

case $what in
start)
    need_packages python3=python3 curl=curl ps=procps
    # Ray's sockets lie there, whose paths must be short.
    [ ${#folder} -le 40 ] || die "the path of the folder is longer than 40 letters: $folder"
    fetch
    free_ports 7 >"$folder/ports"
    (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$folder/token")
    start_head
    printf 'export RAY_API_SERVER_ADDRESS=http://127.0.0.1:%s RAY_AUTH_TOKEN=%q\n' "$dashboard" "$(cat "$folder/token")"
    ;;
stop)
    end_all processes
    rm -f "$folder/head.pid"
    ;;
kill-head)
    end_all of_head
    rm -f "$folder/head.pid"
    ;;
start-head) start_head ;;
*) usage ;;
esac
