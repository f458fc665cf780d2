# Adds up a JUnit file of ctest: the test cases of a program that speaks TAP (cmocka programs do), every other ctest entry
# as one. Lists the ten slowest entries, what was skipped with its reason and what failed, and ends with the line
# N passed, N failed, N skipped.
# Exits 1 if anything failed or nothing was there to run.
#
# ctest's log would not do: to it, a test that was skipped or not run has passed.

function plain(text) {
    gsub(/&lt;/, "<", text)
    gsub(/&gt;/, ">", text)
    gsub(/&quot;/, "\"", text)
    gsub(/&apos;/, "'", text)
    gsub(/&amp;/, "\\&", text)
    return text
}

function attribute(name) {
    return match($0, " " name "=\"[^\"]*\"") ? plain(substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)) : ""
}

function skip(what, why) { skipped++; skips[skipped] = what (why == "" ? "" : ": " why) }
function fail(what, why) { failed++; fails[failed] = what (why == "" ? "" : ": " why) }

# A line of what a test said.
function look(line, description) {
    if (line ~ /^(\[  REASON  \] |skip(ped)?: )/) {
        reason = line
        sub(/^(\[  REASON  \] |skip(ped)?: )/, "", reason)
    } else if (line ~ /^1\.\.[0-9]+$/) {
        planned += substr(line, 4)
        plans++
    } else if (line ~ /^(not )?ok [0-9]+/) {
        cases++
        description = line
        sub(/^(not )?ok [0-9]+( - | )?/, "", description)
        if (description ~ /# SKIP/) { # cmocka says "not ok" for these, too.
            sub(/^# SKIP */, "", description)
            sub(/ *# SKIP */, ": ", description)
            case_skips[++case_skips_count] = description (reason == "" ? "" : ": " reason)
        } else if (line ~ /^not ok/) {
            case_fails[++case_fails_count] = description
        } else {
            good++
        }
        reason = ""
    }
}

# An entry of ctest has ended.
function settle(i) {
    if (state == "disabled") {
        skip(name, "disabled in CMake")
        return
    }
    if (state == "notrun") {
        if (message ~ /^SKIP_/) {
            skip(name, reason)
        } else {
            fail(name, "not run: " message)
        }
        return
    }
    if (plans + cases == 0) { # It speaks no TAP.
        if (state == "run") { passed++ } else { fail(name, "see above") }
        return
    }
    passed += good
    for (i = 1; i <= case_skips_count; i++) { skip(name ": " case_skips[i], "") }
    for (i = 1; i <= case_fails_count; i++) { fail(name ": " case_fails[i], "") }
    if (cases < planned || plans == 0) {
        # Also with exit code 0: a test case that calls exit() must not hide those after it.
        fail(name, sprintf("ended after %d of %s test cases, after %.1f s", cases, plans > 0 ? planned : "its", seconds))
    } else if (state != "run" && case_fails_count == 0) {
        fail(name, "every test case is good, but the program failed")
    }
}

/^\t<testcase / {
    name = attribute("name")
    state = attribute("status")
    seconds = attribute("time")
    message = reason = ""
    planned = plans = cases = good = case_skips_count = case_fails_count = 0
    entries++
    took[entries] = seconds + 0
    names[entries] = name
    next
}
/^\t\t<skipped / { message = attribute("message"); next }
/^\t<\/testcase>/ { settle(); next }
{
    sub(/^\t\t<system-out>/, "")
    sub(/<\/system-out>$/, "")
    look(plain($0))
}
function tell_slowest(n, i, slowest) {
    for (n = 0; n < 10 && n < entries; n++) {
        slowest = 0
        for (i = 1; i <= entries; i++) {
            if (took[i] >= 0 && (slowest == 0 || took[i] > took[slowest])) { slowest = i }
        }
        printf "%s%s %.0f s", n == 0 ? "slowest: " : ", ", names[slowest], took[slowest]
        took[slowest] = -1
    }
    if (entries > 0) { print "" }
}

END {
    tell_slowest()
    for (i = 1; i <= skipped; i++) { print "skipped: " skips[i] }
    for (i = 1; i <= failed; i++) { print "failed: " fails[i] }
    if (entries == 0) { print "no test was run" }
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0 || entries == 0 ? 1 : 0
}
