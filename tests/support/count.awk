# Adds up a ctest log: test cases of cmocka programs (their TAP lines), every other ctest entry as one. Lists what was
# skipped with its reason, and ends with the line N passed, N failed, N skipped. Exits 1 if anything failed.

/^[0-9]+\/[0-9]+ Test: / {
    name = $0
    sub(/^[0-9]+\/[0-9]+ Test: /, "", name)
    cases = 0
    bad = 0
    reason = ""
}
/^(not )?ok [0-9]+/ {
    cases++
    if ($0 ~ /# SKIP/) { # cmocka says "not ok" for these, too.
        skipped++
        skips[++skips_count] = name ": " $0 (reason == "" ? "" : " (" reason ")")
        reason = ""
    } else if ($0 ~ /^not ok/) {
        bad++
        failed++
        fails[++fails_count] = name ": " $0
    } else {
        passed++
    }
}
/^\[  REASON  \] / { reason = $0; sub(/^\[  REASON  \] /, "", reason) }
/^(skip|skipped): / { reason = $0; sub(/^[a-z]+: /, "", reason) }
/^Test Passed\./ {
    if (cases == 0) { passed++ }
}
/^Test Failed\./ {
    if (bad == 0) { failed++; fails[++fails_count] = name }
}
/^Test Skipped\./ || /^Skipped\./ {
    if (cases == 0) {
        skipped++
        skips[++skips_count] = name (reason == "" ? "" : " (" reason ")")
    }
}
END {
    for (i = 1; i <= skips_count; i++) { print "skipped: " skips[i] }
    for (i = 1; i <= fails_count; i++) { print "failed: " fails[i] }
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0 ? 1 : 0
}
