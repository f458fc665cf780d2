# common: what the broker scripts share; sourced by them, not run.
#
# A script sets BROKER (its own name) and READY_S (how long a start may take), defines the functions
# below and ends with  brokers_main "$@".
#
#   broker_prepare   once, at start: choose further ports (setting NAME "$(free_port)"), write
#                    configuration. Given: PORT, DIR (for data, configuration and logs).
#   broker_launch    start the process: launch NAME COMMAND...  May not wait for it.
#   broker_ready     succeeds when clients can log in. Called in a loop.
#   broker_address   prints the address as a scenario would write it.
#   broker_ended     optional: called after stop and kill with the verb, to end helpers.
#   broker_flag      optional: takes a flag of `start`. Sets CONSUMED to the number of words taken.
#   broker_verb_X    optional: a verb of its own: X ADDRESS.
#   BROKER_USAGE     optional: further lines of the usage text.
#
# Each broker has a folder, PORT below $MILLRACE_BROKERS or else ${TMPDIR:-/tmp}/millrace-brokers,
# with its settings (shell assignments), pid files and, unless --dir says otherwise, its data. stdout carries only what was
# asked for; everything else goes to stderr.

set -euo pipefail

ROOT="${MILLRACE_BROKERS:-${TMPDIR:-/tmp}/millrace-brokers}"
SET=() # Lines of configuration that the caller adds, as KEY=VALUE.
LISTEN=127.0.0.1 # Where clients reach it. What only the broker's own parts use stays on loopback.

# The added lines, with that between key and value. What is set twice counts as set last.
added_lines() { # BETWEEN
    local line
    for line in "${SET[@]}"; do
        printf '%s%s%s\n' "${line%%=*}" "$1" "${line#*=}"
    done
}

say() { printf '%s: %s\n' "$BROKER" "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# Prints what the caller of the script asked for. File descriptor 3 is the script's stdout:
# descriptor 1 leads to stderr, so that no tool's chatter ends up in the address.
answer() { printf '%s\n' "$*" >&3; }

# ---- Ports --------------------------------------------------------------------------------------

port_listens() { # PORT
    local files=()
    [[ -r /proc/net/tcp ]] && files+=(/proc/net/tcp)
    [[ -r /proc/net/tcp6 ]] && files+=(/proc/net/tcp6)
    # Any state counts: a port in TIME_WAIT can't be bound by every server.
    grep -qE "^ *[0-9]+: [0-9A-F]+:$(printf '%04X' "$1") " "${files[@]}"
}

# Prints a port that nothing uses and reserves it against other starts at the same moment. Below
# 32768, where the kernel takes the ports of outgoing connections from.
free_port() {
    local port try
    for ((try = 0; try < 200; try++)); do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if ! port_listens "$port" && mkdir "$ROOT/.ports/$port" 2>/dev/null; then
            # Listed in a file, as this usually runs in a subshell.
            [[ -n "${STATE:-}" ]] && echo "$port" >>"$STATE/ports"
            echo "$port"
            return 0
        fi
    done
    die "found no free port between 20000 and 32000"
}

# Succeeds when something accepts connections at a port, on loopback unless an address is given.
port_open() { # PORT [ADDRESS]
    (exec 4<>"/dev/tcp/${2:-127.0.0.1}/$1") 2>/dev/null
}

# ---- Settings -----------------------------------------------------------------------------------

# Sets a variable now and for every later verb on this broker.
setting() { # NAME VALUE
    printf -v "$1" '%s' "$2"
    printf '%s=%q\n' "$1" "$2" >>"$STATE/settings"
}

# Finds the broker of an address: amqp://127.0.0.1:5672/%2f, mqtt://127.0.0.1:1883, 127.0.0.1:9092.
state_of() { # ADDRESS
    local address="${1:-}"
    address="${address#*://}"
    address="${address##*@}"
    address="${address%%/*}"
    PORT="${address##*:}"
    [[ "$PORT" =~ ^[0-9]+$ ]] || die "no port in address '${1:-}'"
    STATE="$ROOT/$PORT"
    # The folder lies below a world-writable one, and its settings are executed: it must be ours.
    [[ -O "$STATE" && -f "$STATE/settings" ]] || die "no broker of this user at port $PORT"
    # shellcheck source=/dev/null
    source "$STATE/settings"
    [[ "${KIND:-}" == "$BROKER" ]] || die "port $PORT belongs to a ${KIND:-broken} broker"
}

# ---- Processes ----------------------------------------------------------------------------------

# Tells a process from a later one with the same number.
process_birth() { # PID
    local stat
    stat="$(cat "/proc/$1/stat" 2>/dev/null)" || return 1
    stat="${stat##*) }"
    set -- $stat
    [[ "$1" != Z ]] && echo "${20}"
}

# Notes a process as this broker's.
remember() { # NAME PID
    echo "$2 $(process_birth "$2" || echo gone)" >"$STATE/$1.pid"
}

# Prints the number of a remembered process if it is still that one.
process_of() { # NAME
    local pid birth
    read -r pid birth 2>/dev/null <"$STATE/$1.pid" || return 1
    [[ "$(process_birth "$pid")" == "$birth" ]] && echo "$pid"
}

# Starts a process of its own session, so that a Ctrl-C meant for the caller doesn't end it, with
# none of the caller's descriptors: $(script start) would wait for them for ever.
launch() { # NAME COMMAND...
    local name="$1"
    shift
    setsid "$@" </dev/null >>"$DIR/$name.log" 2>&1 3>&- &
    remember "$name" "$!"
    disown "$!"
}

process_wait_end() { # NAME SECONDS
    local end=$((SECONDS + $2))
    while process_of "$1" >/dev/null; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

# Asks a process to end, and insists when it doesn't.
process_end() { # NAME [SECONDS]
    local pid
    pid="$(process_of "$1")" || return 0
    kill -TERM "$pid" 2>/dev/null || true
    if ! process_wait_end "$1" "${2:-15}"; then
        say "$1 (pid $pid) ignores SIGTERM; it gets SIGKILL"
        process_kill "$1"
    fi
}

process_kill() { # NAME
    local pid
    pid="$(process_of "$1")" || return 0
    kill -KILL "$pid" 2>/dev/null || true
    process_wait_end "$1" 10 || die "$1 (pid $pid) survives SIGKILL"
}

any_process() {
    local file
    for file in "$STATE"/*.pid; do
        [[ -e "$file" ]] && process_of "$(basename "$file" .pid)" >/dev/null && return 0
    done
    return 1
}

wait_ready() {
    local end=$((SECONDS + READY_S))
    until broker_ready; do
        any_process || show_logs "it ended while starting"
        ((SECONDS < end)) || show_logs "not ready after $READY_S s"
        sleep 0.2
    done
}

show_logs() { # REASON
    local log
    for log in "$DIR"/*.log; do
        [[ -s "$log" ]] || continue
        say "end of $log:"
        tail -n 15 "$log" >&2
    done
    die "$1"
}

# ---- Certificates -------------------------------------------------------------------------------

# Makes ca.pem, server.pem, server.key, client.pem and client.key, for the broker's address and localhost.
make_certificates() { # FOLDER
    local role
    command -v openssl >/dev/null || die "openssl is needed for --tls (package openssl)"
    mkdir -p "$1"
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=Millrace test CA" \
        -addext "basicConstraints=critical,CA:TRUE" -keyout "$1/ca.key" -out "$1/ca.pem" 2>/dev/null
    for role in server client; do
        openssl req -newkey rsa:2048 -nodes -subj "/CN=$role" \
            -keyout "$1/$role.key" -out "$1/$role.csr" 2>/dev/null
        openssl x509 -req -in "$1/$role.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial \
            -days 30 -out "$1/$role.pem" 2>/dev/null \
            -extfile <(echo "subjectAltName=IP:$LISTEN,DNS:localhost")
        rm -f "$1/$role.csr"
    done
}

# ---- Verbs --------------------------------------------------------------------------------------

has_function() { [[ "$(type -t "$1")" == function ]]; }

usage() {
    cat >&2 <<END
usage: $BROKER start [--dir DIR]  start a broker on loopback; prints its address when it is ready
       $BROKER start --set KEY=VALUE  add a line to its configuration; several times if need be
       $BROKER start --listen ADDRESS  for clients on other hosts of a lab (deploy/lab); loopback otherwise
       $BROKER stop ADDRESS       end it and remove its files (a DIR that was given stays)
       $BROKER kill ADDRESS       end it as a crash would (SIGKILL); its data stay
       $BROKER resume ADDRESS     start it again: same port, same data
       $BROKER dir ADDRESS        print the folder of its data, configuration and logs
END
    [[ -n "${BROKER_USAGE:-}" ]] && printf '%s\n' "$BROKER_USAGE" >&2
    exit 2
}

ended() { # VERB
    if has_function broker_ended; then
        broker_ended "$1"
    fi
}

forget() {
    local port
    [[ "${OWN_DIR:-}" == 1 ]] && rm -rf "$DIR"
    if [[ -f "$STATE/ports" ]]; then
        while read -r port; do
            rmdir "$ROOT/.ports/$port" 2>/dev/null || true
        done <"$STATE/ports"
    fi
    rmdir "$ROOT/.ports/$PORT" 2>/dev/null || true
    rm -rf "$STATE"
}

# These brokers let in whoever comes: nobody but this host, or the hosts of its lab, may reach them.
listen_at() { # ADDRESS
    [[ "$1" == 127.* || ("$1" == "${MILLRACE_LAB_ADDRESS:-}" && "$1" == 10.83.0.*) ]] ||
        die "--listen $1 would let anyone in: only loopback, or the own address of a host of deploy/lab"
    LISTEN="$1"
}

start_failed() {
    local code=$?
    trap - EXIT
    process_kill "$BROKER"
    ended stop
    forget
    exit "$code"
}

verb_start() {
    local dir=""
    FLAGS=()
    while (($# > 0)); do
        CONSUMED=0
        if [[ "$1" == --dir && $# -ge 2 ]]; then
            dir="$2"
            CONSUMED=2
        elif [[ "$1" == --set && "${2:-}" == ?*=* ]]; then
            SET+=("$2")
            CONSUMED=2
        elif [[ "$1" == --listen && $# -ge 2 ]]; then
            listen_at "$2"
            CONSUMED=2
        elif has_function broker_flag; then
            broker_flag "$@"
        fi
        ((CONSUMED > 0)) || usage
        shift "$CONSUMED"
    done
    # World-writable with the sticky bit, as /tmp is: another user may start brokers too.
    mkdir -p "$ROOT/.ports"
    chmod 1777 "$ROOT" "$ROOT/.ports" 2>/dev/null || true
    PORT="$(free_port)"
    STATE="$ROOT/$PORT"
    rm -rf "$STATE"
    mkdir -m 700 "$STATE"
    setting KIND "$BROKER"
    setting DIR "${dir:-$STATE/data}"
    setting LISTEN "$LISTEN"
    setting OWN_DIR "$([[ -z "$dir" ]] && echo 1 || echo 0)"
    trap start_failed EXIT
    trap 'exit 130' INT TERM
    mkdir -p "$DIR"
    DIR="$(cd "$DIR" && pwd)"
    setting DIR "$DIR"
    broker_prepare
    say "starting on port $PORT, files in $DIR"
    broker_launch
    wait_ready
    trap - EXIT INT TERM
    answer "$(broker_address)"
}

verb_stop() {
    state_of "${1:-}"
    process_end "$BROKER" "${END_S:-15}"
    ended stop
    forget
}

verb_kill() {
    state_of "${1:-}"
    process_kill "$BROKER"
    ended kill
}

verb_resume() {
    state_of "${1:-}"
    if process_of "$BROKER" >/dev/null; then
        die "the broker at port $PORT is running"
    fi
    broker_launch
    wait_ready
    answer "$(broker_address)"
}

verb_dir() {
    state_of "${1:-}"
    answer "$DIR"
}

brokers_main() {
    local verb="${1:-}"
    exec 3>&1 1>&2
    [[ -n "$verb" ]] && shift
    case "$verb" in
    start | stop | kill | resume | dir) "verb_$verb" "$@" ;;
    *)
        if [[ -n "$verb" ]] && has_function "broker_verb_$verb"; then
            state_of "${1:-}"
            "broker_verb_$verb" "$@"
        else
            usage
        fi
        ;;
    esac
}
