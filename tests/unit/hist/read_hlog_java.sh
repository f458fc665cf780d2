#!/bin/sh
# Reads what hlog_example writes with HdrHistogram's Java original. 77: it isn't installed.
set -eu
jar=/usr/share/java/hdrhistogram.jar
if [ ! -e "$jar" ] || ! command -v java >/dev/null; then
    echo "skipped: java or $jar (libhdrhistogram-java) is missing"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder/example.hlog" >"$folder/expected"

# The log processor merges the lines of a tag and prints percentiles; in units of 1 ns.
for tag in agent-0/e2e agent-1/e2e; do
    java -cp "$jar" org.HdrHistogram.HistogramLogProcessor -i "$folder/example.hlog" -tag "$tag" \
        -outputValueUnitRatio 1 >"$folder/read"
    sed -n 's/.*\[Mean *= *\([0-9.]*\),.*/mean \1/p; s/.*\[Max *= *\([0-9.]*\), Total count *= *\([0-9]*\).*/max \1 count \2/p' \
        "$folder/read" >"$folder/read.figures"
    grep "\"tag\":\"$tag\"" "$folder/expected" |
        sed 's/.*"count":\([0-9]*\),"max":\([0-9]*\),.*"mean":\([0-9.]*\),.*/want \1 \2 \3/' |
        cat - "$folder/read.figures" | awk -v tag="$tag" '
            $1 == "want" { count += $2; max = $3 > max ? $3 : max; sum += $2 * $4 }
            $1 == "mean" { read_mean = $2 }
            $1 == "max" { read_max = $2; read_count = $4 }
            function near(a, b) { return a >= b * 0.999 && a <= b * 1.001 }
            END {
                printf "%s: read %d samples, mean %g, max %g; written %d, %g, %g\n", tag,
                    read_count, read_mean, read_max, count, sum / count, max
                exit !(read_count == count && near(read_mean, sum / count) && near(read_max, max))
            }'
done
