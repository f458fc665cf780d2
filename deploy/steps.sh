# steps: how the scripts talk to the person who waits for them; sourced, not run.

step() { echo "== $*"; }

# Runs a long command: every 15 s a line says how far it is, and only a failure shows what it said.
quietly() { # COMMAND...
    local log beat status=0
    log=$(mktemp)
    # Without a tie to the script it would outlive a Ctrl-C, which background processes don't get.
    while sleep 15 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        printf '   %s\n' "$(tr '\r' '\n' <"$log" | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-110)"
    done &
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
