"""The table of tests/bench/peers: medians and spreads of interleaved rounds, as text and as markdown."""
import statistics

ATTAINED = 0.99  # Of the asked rate; below, the CPU time says little, and the row says so.
COLUMNS = ["what", "pacing", "peer /s", "millrace /s", "rate ratio", "peer us", "millrace us", "CPU ratio", "peer MiB",
           "millrace MiB", "RSS ratio", "send_lag p99 us", "note"]


def ratio(ours, theirs):
    ratios = [mine / other for mine, other in zip(ours, theirs)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def median(rounds, key):
    return statistics.median(one[key] for one in rounds)


def short_of(rate, peers, own):
    """Who did not reach the rate, in words; "" if both did, or if there is none."""
    if rate is None:
        return ""
    said = [f"{who} attained {100 * min(one['rate'] for one in rounds) / rate:.1f} %"
            for who, rounds in (("peer", peers), ("millrace", own)) if min(one["rate"] for one in rounds) < ATTAINED * rate]
    return ", ".join(said)


def row(what, pacing, rate, peers, own):
    """Rounds of both, in pairs: each a dict with rate, cpu_us, rss_mib, and own ones lag_p99_us and lost."""
    cells = [what, pacing]
    for key in ("rate", "cpu_us", "rss_mib"):
        cells += [number(median(peers, key)), number(median(own, key)),
                  ratio([one[key] for one in own], [one[key] for one in peers])]
    lost = sum(one["lost"] for one in own)
    notes = [note for note in (short_of(rate, peers, own), f"millrace: {lost:,} lost" if lost else "") if note]
    return cells + [number(median(own, "lag_p99_us")) if rate else "-", "; ".join(notes)]


def text(rows):
    used = [i for i in range(len(COLUMNS)) if i + 1 < len(COLUMNS) or any(cells[i] for cells in rows)]
    lines = [[COLUMNS[i] for i in used]] + [[cells[i] for i in used] for cells in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(used))]
    return "\n".join("  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def markdown(rows):
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---|" + "---:|" * (len(COLUMNS) - 3) + "---|"]
    return "\n".join(lines + ["| " + " | ".join(cells) + " |" for cells in rows])
