# Imitations of the commands of queues, for the examples in docs/queues: which one this is, its name says. A job is a process
# group with a folder of its own in `spool`.
spool=@SPOOL@
me=$(basename "$0")

# begin ID LOG PROGRAM …: starts a job; its program's output goes to the log.
begin() {
    job=$spool/$1 log=$2
    shift 2
    mkdir -p "$job"
    setsid sh -c 'job=$0 log=$1; shift; echo $$ > "$job/pid.new"; mv "$job/pid.new" "$job/pid"
        "$@" > "$log" 2>&1; echo $? > "$job/status"' "$job" "$log" "$@" < /dev/null > /dev/null 2>&1 &
    while ! [ -e "$job/pid" ]; do sleep 0.01; done
}

number() {
    n=1
    while ! mkdir "$spool/$n$1" 2> /dev/null; do n=$((n + 1)); done
    echo "$n$1"
}

# option NAME ARGUMENT …: the value of an option.
option() {
    wanted=$1
    while [ $# -gt 1 ]; do
        shift
        [ "$1" = "$wanted" ] && { echo "$2"; return; }
    done
}

finish() { kill -TERM -"$(cat "$spool/$1/pid")" 2> /dev/null; }

case $me in
qsub)
    for script; do :; done
    [ -n "$(option -N "$@")" ] && [ -r "$script" ] || exit 1
    id=$(number .head)
    begin "$id" "$(option -o "$@")" sh "$script"
    echo "$id" ;;
qstat)
    [ "$1 $2" = "-x -f" ] || exit 2
    shift 2
    for id; do
        if ! [ -e "$spool/$id/pid" ]; then echo "qstat: Unknown Job Id $id" >&2; bad=153; continue; fi
        state=R; [ -e "$spool/$id/status" ] && state=F
        printf 'Job Id: %s\n    Job_Name = nasbot\n    job_state = %s\n    queue = workq\n\n' "$id" $state
    done
    exit ${bad:-0} ;;
bsub)
    id=$(number "")
    cat > "$spool/$id/script"
    begin "$id" "$(option -o "$@")" sh "$spool/$id/script"
    echo "Job <$id> is submitted to default queue <normal>." ;;
bjobs)
    [ "$1 $2 $3" = "-noheader -o jobid stat exit_reason" ] || exit 2
    shift 3
    for id; do
        if ! [ -e "$spool/$id/pid" ]; then echo "Job <$id> is not found" >&2; bad=255; continue; fi
        case $(cat "$spool/$id/status" 2> /dev/null) in
        '') echo "$id RUN -" ;; 0) echo "$id DONE -" ;; *) echo "$id EXIT TERM_OWNER: job killed by owner" ;;
        esac
    done
    exit ${bad:-0} ;;
qdel | bkill) finish "$1" ;;
kubectl)
    case "$1 $2" in
    "create -f")
        job=$(cat)
        echo "$job" | grep -q '^kind: Job$' || { echo "error: no objects passed to create" >&2; exit 1; }
        id=$(echo "$job" | sed -n 's/^  name: //p')
        script=$(echo "$job" | sed -n 's/.*command: \["\(.*\)"\]/\1/p')
        begin "$id" /dev/null "$script"
        echo "job.batch/$id created" ;;
    "get jobs")
        shift 2
        for id; do
            [ -e "$spool/$id/pid" ] || continue
            case $(cat "$spool/$id/status" 2> /dev/null) in
            '') echo "$id   <none>   <none>" ;; 0) echo "$id   Complete   <none>" ;;
            *) echo "$id   Failed   BackoffLimitExceeded" ;;
            esac
        done ;;
    "delete job") finish "$3" ;;
    *) exit 2 ;;
    esac ;;
ssh)
    [ "$1 $2" = "-o BatchMode=yes" ] || exit 2
    echo "$3" >> "$spool/hosts"
    exec sh -c "$4" ;;
esac
