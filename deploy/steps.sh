# steps: how the scripts talk to the person who waits for them; sourced, not run.

step() { echo "== $*"; }

# The last line of a log that says something: Maven writes lines of nothing but colours.
last_line() { # FILE
    tr '\r' '\n' <"$1" | sed 's/\x1b\[[0-9;]*[A-Za-z]//g' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-110
}

# Says every 15 s how far the command is whose log this is. Looks after the script, too: a background process gets no Ctrl-C.
heartbeat() { # LOG
    local started=$SECONDS
    trap 'kill $! 2>/dev/null; exit 0' TERM
    while sleep 15 >/dev/null 2>&1 & wait $! && kill -0 $$ 2>/dev/null; do
        printf '   %d s: %s\n' $((SECONDS - started)) "$(last_line "$1")"
    done
}

# Runs a long command: a line now and then says how far it is, and only a failure shows what it said.
quietly() { # COMMAND...
    local log beat status=0
    log=$(mktemp)
    heartbeat "$log" &
    beat=$!
    "$@" >"$log" 2>&1 </dev/null || status=$?
    kill "$beat" 2>/dev/null || true
    wait "$beat" 2>/dev/null || true
    if [ "$status" -ne 0 ]; then
        # Ninja's lines of progress would push the error out of sight.
        grep -vE '^\[[0-9]+/[0-9]+\] ' "$log" | tail -n 60 >&2 || true
    fi
    rm -f "$log"
    return "$status"
}
