#!/usr/bin/env bash
# A Slurm of its own on this machine, for tests: one node of 32 processors and two GPUs that are none, without accounting.
# Everything lies in one folder. Installs Debian's packages where they are missing, which takes root.
#
#   eval "$(scripts/slurm.sh start FOLDER)"     starts it and sets SLURM_CONF, by which sbatch and its kin find it
#   scripts/slurm.sh stop FOLDER                cancels all jobs, ends all its programs; the folder stays
#   scripts/slurm.sh kill-controller FOLDER     kill -9 of the controller, which then loses its last seconds
#   scripts/slurm.sh stop-controller FOLDER     its orderly end
#   scripts/slurm.sh start-controller FOLDER    starts it again
#   scripts/slurm.sh stop-node FOLDER           the same for the node: its jobs go on without it
#   scripts/slurm.sh start-node FOLDER
set -euo pipefail
. "$(dirname "$0")/lib.sh"

usage() {
    die "usage: slurm.sh start|stop|kill-controller|stop-controller|start-controller|stop-node|start-node FOLDER"
}

[ $# -eq 2 ] || usage
what=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
export SLURM_CONF=$folder/slurm.conf
PATH=$PATH:/usr/sbin:/sbin
node=$(hostname -s)

# free_port: a port that no program listens on.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# running NAME: whether the program whose number is in FOLDER/NAME.pid runs.
running() {
    [ -s "$folder/$1.pid" ] && kill -0 "$(cat "$folder/$1.pid")" 2>/dev/null
}

# end NAME SIGNAL: ends it and waits for its end.
end() {
    local number
    running "$1" || return 0
    number=$(cat "$folder/$1.pid")
    kill "-$2" "$number"
    for _ in $(seq 100); do
        kill -0 "$number" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$number" 2>/dev/null || true
    rm -f "$folder/$1.pid"
}

# until_true SECONDS COMMAND …: runs a command until it succeeds.
until_true() {
    local left=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || die "waited in vain for: $* (logs are in $folder)"
        sleep 0.1
    done
}

# A shell that reads what this script prints waits until every copy of its output is closed: programs that stay get none.
start_controller() {
    slurmctld -f "$SLURM_CONF" >/dev/null 2>&1 </dev/null || die "slurmctld does not start: $folder/slurmctld.log"
    until_true 30 scontrol ping
}

# The node does not see what is in the folder `hidden`, where that can be had.
start_node() {
    local start=(slurmd -f "$SLURM_CONF" -N "$node")
    mkdir -p "$folder/hidden"
    if unshare --mount true 2>/dev/null; then
        # shellcheck disable=SC2016
        start=(unshare --mount sh -c 'mount -t tmpfs tmpfs "$0" && exec "$@"' "$folder/hidden" "${start[@]}")
    fi
    "${start[@]}" >/dev/null 2>&1 </dev/null || die "slurmd does not start: $folder/slurmd.log"
    scontrol update nodename="$node" state=resume >/dev/null 2>&1 || true
    until_true 60 node_is_up
}

node_is_up() {
    sinfo --noheader --format=%T | grep -qE '^(idle|mixed|allocated)$'
}

# end_steps: ends what jobs left running while their node was away.
end_steps() {
    local process number
    for process in /proc/[0-9]*; do
        number=${process#/proc/}
        if [ "$(cat "$process/comm" 2>/dev/null)" = slurmstepd ] && [ "$(readlink "$process/cwd")" = "$folder" ]; then
            # shellcheck disable=SC2046
            kill -KILL $(cat "$process/task/$number/children") "$number" 2>/dev/null || true
        fi
    done
}

configure() {
    mkdir -p "$folder/state" "$folder/spool"
    [ -s "$folder/munge.key" ] || (umask 077 && head -c 128 /dev/urandom >"$folder/munge.key")
    # GPUs are told by device files; these two are everywhere.
    cat >"$folder/gres.conf" <<EOF
NodeName=$node Name=gpu File=/dev/zero
NodeName=$node Name=gpu File=/dev/full
EOF
    cat >"$folder/slurm.conf" <<EOF
ClusterName=nasbot
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=100000,bf_interval=2
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=5
SlurmdTimeout=5
ReturnToService=2
MpiDefault=none
GresTypes=gpu
NodeName=$node NodeAddr=127.0.0.1 CPUs=32 RealMemory=4000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=$node Default=YES MaxTime=60 State=UP PriorityTier=1 OverSubscribe=NO
PartitionName=urgent Nodes=$node MaxTime=60 State=UP PriorityTier=9 OverSubscribe=NO
EOF
}

case $what in
start)
    need_packages python3=python3 munged=munge slurmctld=slurm-wlm
    configure
    munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
        --log-file="$folder/munged.log" --seed-file="$folder/munged.seed" --num-threads=2 >/dev/null 2>&1 </dev/null ||
        die "munged does not start: $folder/munged.log"
    start_controller
    start_node
    printf 'export SLURM_CONF=%q\n' "$SLURM_CONF"
    ;;
stop)
    if running slurmctld; then
        scancel --user="$(id -un)" || true
        for _ in $(seq 100); do
            [ -z "$(squeue --noheader 2>/dev/null)" ] && break
            sleep 0.1
        done
    fi
    end slurmctld TERM
    end slurmd TERM
    end_steps
    end munged TERM
    ;;
kill-controller) end slurmctld KILL ;;
stop-controller) end slurmctld TERM ;;
start-controller) start_controller ;;
stop-node) end slurmd KILL ;;
start-node) start_node ;;
*) usage ;;
esac
